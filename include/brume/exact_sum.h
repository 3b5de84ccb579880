// Sums of doubles that do not depend on their order: the exact sum, rounded once at its end. So a job's result is the
// same whatever its splits and partitions, which a plain sum's last digits are not.
//
//   struct Total { using Value = brume::ExactSum; static constexpr auto combine = brume::sum; ... value.value() ... };
//
// Kept as Shewchuk's expansion (Adaptive Precision Floating-Point Arithmetic, 1997), as Python's math.fsum does: a few
// doubles, the smallest first, whose bits do not overlap.
#pragma once

#include <brume/codec.h>

#include <cfloat>
#include <cmath>
#include <utility>
#include <vector>

namespace brume {

static_assert(FLT_EVAL_METHOD == 0, "an exact sum needs doubles that are doubles while they are computed");

class ExactSum {
 public:
  // The largest magnitude that may be added: 2^63 such numbers stay within a double.
  static constexpr double kLargest = 0x1p960;

  ExactSum() = default;
  explicit ExactSum(double number) { add(number); }

  // |number| <= kLargest.
  void add(double number) {
    std::size_t kept = 0;
    for (double part : parts_) {
      if (std::fabs(number) < std::fabs(part)) std::swap(number, part);
      const double high = number + part;
      const double low = part - (high - number);
      if (low != 0) parts_[kept++] = low;
      number = high;
    }
    parts_.resize(kept);
    if (number != 0) parts_.push_back(number);
  }
  ExactSum& operator+=(const ExactSum& more) {
    for (const double part : more.parts_) add(part);
    return *this;
  }
  ExactSum operator+(const ExactSum& more) const { return ExactSum(*this) += more; }

  // The double that is nearest to the sum; of two, the even one.
  double value() const {
    if (parts_.empty()) return 0;
    std::size_t i = parts_.size() - 1;
    double high = parts_[i];
    double low = 0;
    while (i > 0 && low == 0) {
      const double part = parts_[--i];
      const double before = high;
      high = before + part;
      low = part - (high - before);
    }
    // Half way between two doubles, and what is left below says which is nearer.
    if (i > 0 && low != 0 && (low < 0) == (parts_[i - 1] < 0)) {
      const double twice = 2 * low;
      if (const double other = high + twice; other - high == twice) high = other;
    }
    return high;
  }

 private:
  friend struct Codec<ExactSum>;
  std::vector<double> parts_;
};

template <>
struct Codec<ExactSum> {
  static void encode(const ExactSum& sum, std::string& out) { Codec<std::vector<double>>::encode(sum.parts_, out); }
  static bool decode(std::string_view& in, ExactSum& sum) {
    std::vector<double> parts;
    if (!Codec<std::vector<double>>::decode(in, parts) || parts.size() > kMaxParts) return false;
    sum = {};
    for (const double part : parts) {
      if (!std::isfinite(part)) return false;
      sum.add(part);
    }
    return true;
  }

 private:
  // A double's range is 2098 bits, and a part takes 53 of them: about 40.
  static constexpr std::size_t kMaxParts = 64;
};

}  // namespace brume

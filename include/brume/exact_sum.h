// Sums of doubles that do not depend on their order: the exact sum, rounded once at its end. So a job's result is the
// same whatever its splits and partitions, which a plain sum's last digits are not.
//
//   struct Total { using Value = brume::ExactSum; static constexpr auto combine = brume::sum; ... value.value() ... };
//
// Kept as Shewchuk's expansion (Adaptive Precision Floating-Point Arithmetic, 1997), as Python's math.fsum does: a few
// doubles, the smallest first, whose bits do not overlap. Sums of integers, as most are, have one part.
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
    if (!below_.empty()) number = add_below(number);
    const double high = number + largest_;
    if (const double low = error_of(high, number, largest_); low != 0) below_.push_back(low);
    largest_ = high;
  }
  ExactSum& operator+=(const ExactSum& more) {
    for (const double part : more.below_) add(part);
    add(more.largest_);
    return *this;
  }
  ExactSum operator+(const ExactSum& more) const { return ExactSum(*this) += more; }

  // The double that is nearest to the sum; of two, the even one.
  double value() const {
    std::size_t i = below_.size();
    double high = largest_;
    double low = 0;
    while (i > 0 && low == 0) {
      const double part = below_[--i];
      const double before = high;
      high = before + part;
      low = part - (high - before);
    }
    // Half way between two doubles, and what is left below says which is nearer.
    if (i > 0 && low != 0 && (low < 0) == (below_[i - 1] < 0)) {
      const double twice = 2 * low;
      if (const double other = high + twice; other - high == twice) high = other;
    }
    return high;
  }

 private:
  friend struct Codec<ExactSum>;

  // What a + b has beyond `sum`, to which it was rounded (Knuth's TwoSum): exact.
  static double error_of(double sum, double a, double b) {
    const double from_b = sum - a;
    return (a - (sum - from_b)) + (b - from_b);
  }
  // Returns what goes on to the largest part.
  double add_below(double number) {
    std::size_t kept = 0;
    for (const double part : below_) {
      const double high = number + part;
      if (const double low = error_of(high, number, part); low != 0) below_[kept++] = low;
      number = high;
    }
    below_.resize(kept);
    return number;
  }

  std::vector<double> below_;
  double largest_ = 0;  // 0 where the sum is, or where parts cancelled out: what is below it stands for itself then
};

template <>
struct Codec<ExactSum> {
  static void encode(const ExactSum& sum, std::string& out) {
    std::vector<double> parts = sum.below_;
    if (sum.largest_ != 0) parts.push_back(sum.largest_);
    Codec<std::vector<double>>::encode(parts, out);
  }
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
  // A double's range is 2098 bits. A part takes 53 of them, as a rule; at least it has one, and another one lies
  // between it and the next part (Shewchuk, section 2.4: nonadjacent).
  static constexpr std::size_t kMaxParts = 2098 / 2 + 1;
};

}  // namespace brume

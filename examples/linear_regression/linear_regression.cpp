// The line y = intercept + slope * x that fits pairs of signed bytes (x, y) best, and how well.
// The sums are exact. With fewer than two different x there is no line: slope is nan.
//
//   -p header=0        bytes before the first pair
#include <brume/job.h>

#include <array>
#include <limits>

struct LinearRegression {
  enum Sum : std::size_t { kCount, kX, kY, kXx, kYy, kXy };
  using Value = std::array<std::int64_t, 6>;

  void configure(brume::Parameters& parameters) {
    parameters.number("header", header, std::uint64_t{0}, std::uint64_t{1} << 40);
  }

  brume::Records records() const { return {2, header}; }

  void map(std::string_view pairs, brume::Emitter<Value>& out) const {
    Value sums{};
    // 32 bits hold the sums of 2^17 products of bytes: such parts are summed by vector instructions.
    constexpr std::size_t kPart = 2 * 65536;
    for (std::size_t begin = 0; begin < pairs.size(); begin += kPart) add(pairs.substr(begin, kPart), sums);
    out.emit("", sums);
  }

  static void combine(Value& into, const Value& more) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] += more[i];
  }

  void reduce(std::string_view, const Value& sums, brume::Output& out) const {
    const auto at = [&](Sum which) { return static_cast<double>(sums[which]); };
    const double n = at(kCount);
    // n times the variances and the covariance, each times n again: whole numbers.
    const double xx = n * at(kXx) - at(kX) * at(kX);
    const double yy = n * at(kYy) - at(kY) * at(kY);
    const double xy = n * at(kXy) - at(kX) * at(kY);
    const double slope = xx == 0 ? std::numeric_limits<double>::quiet_NaN() : xy / xx;
    brume::Line line;
    line << "count\t" << sums[kCount] << "\nslope\t" << slope << "\nintercept\t" << (at(kY) - slope * at(kX)) / n
         << "\nmean x\t" << at(kX) / n << "\nmean y\t" << at(kY) / n << "\nr squared\t" << xy * xy / (xx * yy) << '\n';
    out.line(0, "", line.view());
  }

 private:
  static void add(std::string_view pairs, Value& sums) {
    std::array<std::int32_t, 6> part{};
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      const std::int32_t x = static_cast<signed char>(pairs[i]);
      const std::int32_t y = static_cast<signed char>(pairs[i + 1]);
      part[kX] += x;
      part[kY] += y;
      part[kXx] += x * x;
      part[kYy] += y * y;
      part[kXy] += x * y;
    }
    part[kCount] = static_cast<std::int32_t>(pairs.size() / 2);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += part[i];
  }

  std::uint64_t header = 0;
};

BRUME_JOB(LinearRegression);

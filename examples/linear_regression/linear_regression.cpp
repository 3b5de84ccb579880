// The line y = intercept + slope * x that fits pairs of signed bytes (x, y) best, and how well.
// The sums are exact. With fewer than two different x there is no line: slope is nan.
//
//   -p header=0        bytes before the first pair
#include <brume/job.h>

#include <array>
#include <bit>
#include <limits>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

struct LinearRegression {
  enum Sum : std::size_t { kCount, kX, kY, kXx, kYy, kXy };
  using Value = std::array<std::int64_t, 6>;

  void configure(brume::Parameters& parameters) {
    parameters.number("header", header, std::uint64_t{0}, std::uint64_t{1} << 40);
  }

  brume::Records records() const { return {2, header}; }

  using State = Value;

  void map(std::string_view pairs, State& sums, brume::Emitter<Value>&) const {
    // 32 bits hold the sums of 2^17 products of bytes: such parts are summed by vector instructions.
    constexpr std::size_t kPart = 2 * 65536;
    for (std::size_t begin = 0; begin < pairs.size(); begin += kPart) add(pairs.substr(begin, kPart), sums);
  }
  void finish(State& sums, brume::Emitter<Value>& out) const { out.emit("", sums); }

  static void combine(Value& into, const Value& more) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] += more[i];
  }

  void reduce(std::string_view, const Value& sums, brume::Output& out) const {
    // Whole numbers up to where they are divided: doubles would lose what large ones differ by.
    const auto at = [&](Sum which) { return static_cast<__int128>(sums[which]); };
    const auto ratio = [](__int128 a, __int128 b) { return static_cast<double>(a) / static_cast<double>(b); };
    const __int128 n = at(kCount);
    // n times the variances and the covariance, each times n again.
    const __int128 xx = n * at(kXx) - at(kX) * at(kX);
    const __int128 yy = n * at(kYy) - at(kY) * at(kY);
    const __int128 xy = n * at(kXy) - at(kX) * at(kY);
    const double none = std::numeric_limits<double>::quiet_NaN();
    const double slope = xx == 0 ? none : ratio(xy, xx);
    const double intercept = xx == 0 ? none : ratio(at(kY) * at(kXx) - at(kX) * at(kXy), xx);
    const auto covariance = static_cast<double>(xy);
    const double r_squared = covariance * covariance / (static_cast<double>(xx) * static_cast<double>(yy));
    brume::Line line;
    line << "count\t" << sums[kCount] << "\nslope\t" << slope << "\nintercept\t" << intercept << "\nmean x\t"
         << ratio(at(kX), n) << "\nmean y\t" << ratio(at(kY), n) << "\nr squared\t" << r_squared << '\n';
    out.line(0, "", line.view());
  }

 private:
  static void add(std::string_view pairs, Value& sums) {
    sums[kCount] += static_cast<std::int64_t>(pairs.size() / 2);
#if defined(__SSE2__)
    __m128i parts[6] = {};
    const __m128i ones = _mm_set1_epi16(1);
    for (; pairs.size() >= sizeof(__m128i); pairs.remove_prefix(sizeof(__m128i))) {  // eight pairs
      const __m128i both = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pairs.data()));
      const __m128i x = _mm_srai_epi16(_mm_slli_epi16(both, 8), 8);
      const __m128i y = _mm_srai_epi16(both, 8);
      const auto add_products = [&](Sum sum, __m128i a, __m128i b) {
        parts[sum] = _mm_add_epi32(parts[sum], _mm_madd_epi16(a, b));
      };
      add_products(kX, x, ones);
      add_products(kY, y, ones);
      add_products(kXx, x, x);
      add_products(kYy, y, y);
      add_products(kXy, x, y);
    }
    for (const Sum sum : {kX, kY, kXx, kYy, kXy}) {
      for (const std::int32_t part : std::bit_cast<std::array<std::int32_t, 4>>(parts[sum])) sums[sum] += part;
    }
#endif
    for (; !pairs.empty(); pairs.remove_prefix(2)) {
      const std::int64_t x = static_cast<signed char>(pairs[0]);
      const std::int64_t y = static_cast<signed char>(pairs[1]);
      sums[kX] += x;
      sums[kY] += y;
      sums[kXx] += x * x;
      sums[kYy] += y * y;
      sums[kXy] += x * y;
    }
  }

  std::uint64_t header = 0;
};

BRUME_JOB(LinearRegression);

// How many different words a text has.
//
//   -p method=hyperloglog  about, by a sketch of 2^precision registers of a byte, whatever the input's size: one line,
//                          the estimate and its standard error, tab between (the default)
//   -p method=exact        exactly: the counter words.distinct of the run; the result has no lines
//   -p precision=14        4 to 18; the standard error is 1.04 / sqrt(2^precision): 0.8 % for 14, 0.2 % for 18
//   -p tokens=whitespace   as in word_count (the default)
//   -p tokens=letters      as in word_count
//
// The estimator is Ertl's, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), section 4:
// good over the whole range, with no table of corrections. The hash has no secret: whoever
// writes the input can choose words that make the estimate wrong.
#include <brume/job.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace {

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t hash_of(std::string_view word) {
  std::uint64_t state = 0x9E3779B97F4A7C15u ^ word.size();
  for (; !word.empty(); word.remove_prefix(std::min<std::size_t>(8, word.size()))) {
    std::uint64_t part = 0;
    std::memcpy(&part, word.data(), std::min<std::size_t>(8, word.size()));
    state = mixed(state ^ part, 0xD6E8FEB86659FD93u) + 0xA0761D6478BD642Fu;
  }
  return mixed(state ^ state >> 32, 0xE7037ED1A0B428DBu);
}

double sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double before = -1;
  double sum = x;
  for (double y = 1; sum != before; y += y) {
    x *= x;
    before = sum;
    sum += x * y;
  }
  return sum;
}

double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double before = -1;
  double sum = 1 - x;
  for (double y = 0.5; sum != before; y *= 0.5) {
    x = std::sqrt(x);
    before = sum;
    sum -= (1 - x) * (1 - x) * y;
  }
  return sum / 3;
}

}  // namespace

struct DistinctCount {
  // Of the sketch; of a word it is empty.
  using Value = std::vector<std::uint8_t>;

  void configure(brume::Parameters& parameters) {
    parameters.choose("method", exact, {{"hyperloglog", false}, {"exact", true}});
    parameters.number("precision", precision, 4u, 18u);
    parameters.choose("tokens", words,
                      {{"whitespace", brume::Words::whitespace()}, {"letters", brume::Words::letters()}});
  }

  brume::ByteSet separators() const { return words.separators; }

  using State = Value;

  void map(std::string_view text, State& registers, brume::Emitter<Value>& out) const {
    if (exact) return out.emit_each(words, text, {});
    begin(registers);
    brume::each_word(words, text, [&](std::string_view word, std::size_t) {
      const std::uint64_t hash = hash_of(word);
      // One more than the zeros before the first one behind the bits that choose the register.
      const int rank = 1 + std::countl_zero(hash << precision | std::uint64_t{1} << (precision - 1));
      std::uint8_t& of_word = registers[hash >> (64 - precision)];
      of_word = std::max(of_word, static_cast<std::uint8_t>(rank));
    });
  }
  // An input without words has a result, too.
  void finish(State& registers, brume::Emitter<Value>& out) const {
    if (exact) return out.count("words.distinct", 0);
    begin(registers);
    out.emit("", registers);
  }

  static void combine(Value& into, const Value& more) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], more[i]);
  }

  void reduce(std::string_view, const Value& registers, brume::Output& out) const {
    if (exact) return out.count("words.distinct");
    std::array<double, 66> count_of{};
    for (const std::uint8_t rank : registers) ++count_of[rank];
    const double m = static_cast<double>(registers.size());
    const unsigned last = 64 - precision;
    double z = m * tau(1 - count_of[last + 1] / m);
    for (unsigned rank = last; rank >= 1; --rank) z = 0.5 * (z + count_of[rank]);
    z += m * sigma(count_of[0] / m);
    const double estimate = m * m / (2 * std::log(2.0) * z);
    brume::Line line;
    line << static_cast<std::uint64_t>(std::llround(estimate)) << '\t' << 1.04 / std::sqrt(m) << '\n';
    out.line(0, "", line.view());
  }

 private:
  void begin(State& registers) const { registers.resize(std::size_t{1} << precision); }

  bool exact = false;
  unsigned precision = 14;
  brume::Words words = brume::Words::whitespace();
};

BRUME_JOB(DistinctCount);

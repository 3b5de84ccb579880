// The k lines with the largest numbers in one of their fields, largest first; equal numbers by the lines' bytes.
//
//   -p k=10            how many, 1 to 100000 (the default is 10)
//   -p field=1         which field holds the number, from 1 (the default)
//   -p separator=tab   or space, comma, semicolon: between fields (the default is tab)
//
// Integers of 64 bits are told apart by all their digits, other numbers as doubles. A line without a decimal number
// there is a malformed record: -p on-malformed=fail (the default) or skip.
#include <brume/decimal.h>
#include <brume/job.h>
#include <brume/lines.h>

#include <cmath>

// A decimal number: the nearest double, and what an integer of 64 bits is more than that.
struct Number {
  static std::optional<Number> parse(std::string_view text) {
    const std::optional<double> nearest = brume::parse_decimal(text);
    if (!nearest) return std::nullopt;
    Number number{*nearest, 0};
    if (std::abs(*nearest) < 0x1p53) return number;  // doubles have all integers up to there
    number.take_rest(text);
    return number;
  }
  bool operator==(const Number&) const = default;
  bool operator<(const Number& other) const {
    return nearest < other.nearest || (nearest == other.nearest && rest < other.rest);
  }
  auto fields() const { return std::tie(nearest, rest); }

  double nearest = 0;
  std::int32_t rest = 0;

 private:
  [[gnu::cold, gnu::noinline]] void take_rest(std::string_view text) {
    if (!take_rest_of<std::int64_t>(text)) take_rest_of<std::uint64_t>(text);
  }
  template <typename Integer>
  bool take_rest_of(std::string_view text) {
    Integer whole = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
    rest = static_cast<std::int32_t>(static_cast<__int128>(whole) - static_cast<__int128>(nearest));
    return true;
  }
};

// The best lines so far, a heap with the worst in front, and how many there may be.
struct BestLines {
  using Item = std::pair<Number, std::string>;
  static bool better(const Item& a, const Item& b) {
    return a.first == b.first ? a.second < b.second : b.first < a.first;
  }

  void add(const Number& number, std::string_view line) {
    if (items.size() == limit) {
      const Item& worst = items.front();
      if (number < worst.first || (number == worst.first && line >= worst.second)) return;
      std::ranges::pop_heap(items, better);
      items.pop_back();
    }
    items.emplace_back(number, line);
    std::ranges::push_heap(items, better);
  }

  auto fields() const { return std::tie(limit, items); }

  std::uint64_t limit = 0;
  std::vector<Item> items;
};

struct TopK {
  using Value = BestLines;

  void configure(brume::Parameters& parameters) {
    parameters.number("k", k, std::uint64_t{1}, std::uint64_t{100'000});
    parameters.number("field", field, 1u, 1000u);
    parameters.choose("separator", separator, {{"tab", '\t'}, {"space", ' '}, {"comma", ','}, {"semicolon", ';'}});
  }

  brume::ByteSet separators() const { return {'\n'}; }

  void map(const brume::Piece& piece, brume::Emitter<Value>& out) const {
    BestLines best{k, {}};
    for (const std::string_view line : brume::Lines(piece.text)) {
      if (const auto number = number_of(brume::without_return(line))) {
        best.add(*number, line);
      } else {
        out.malformed(piece.offset + static_cast<std::uint64_t>(line.data() - piece.text.data()));
      }
    }
    if (!best.items.empty()) out.emit("", best);
  }

  static void combine(Value& into, const Value& more) {
    for (const auto& [number, line] : more.items) into.add(number, line);
  }

  void reduce(std::string_view, const Value& best, brume::Output& out) const {
    std::vector<BestLines::Item> sorted = best.items;
    std::ranges::sort(sorted, BestLines::better);
    for (std::size_t i = 0; i < sorted.size(); ++i) out.line(i, "", sorted[i].second + '\n');
  }

 private:
  std::optional<Number> number_of(std::string_view line) const {
    for (unsigned i = 1; i < field; ++i) {
      const std::size_t end = line.find(separator);
      if (end == std::string_view::npos) return std::nullopt;
      line.remove_prefix(end + 1);
    }
    return Number::parse(line.substr(0, line.find(separator)));
  }

  std::uint64_t k = 10;
  unsigned field = 1;
  char separator = '\t';
};

BRUME_JOB(TopK);

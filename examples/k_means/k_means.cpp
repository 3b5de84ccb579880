// k-means (Lloyd 1982): centres move to the mean of the points that are nearest to them, again and again until they
// stay. A line for each centre: its number from 0, how many points are its, and its coordinates, tabs between.
//
// Points are IEEE 754 numbers of 4 bytes, little-endian, one after another.
//
//   -p centres=1.5,2;3,4        where centres begin: two of two dimensions; or
//   -p k=100 -p dimensions=3    so many of the points, drawn from a sample of them
//   -p passes=100               no more passes over the points than so many
//   -p tolerance=0              a centre stays when no coordinate changes by more
//   -p header=0                 bytes before the first point
//
// A point with a number that is not finite is a malformed record: -p on-malformed=fail (the default) or skip.
#include <brume/job.h>
#include <brume/lines.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "nearest.h"

namespace {

using Point = std::vector<float>;

// Numbers with `between` between them; nothing where the text is not that.
template <typename Number>
std::optional<std::vector<Number>> parse_numbers(std::string_view text, char between) {
  std::vector<Number> numbers;
  for (;;) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return numbers;
    if (text[0] != between) return std::nullopt;
    text.remove_prefix(1);
  }
}

struct Settings {
  void configure(brume::Parameters& parameters) {
    std::string text;
    parameters.text("centres", text);
    parameters.number("k", count, std::size_t{1}, std::size_t{100'000});
    parameters.number("dimensions", dimensions, std::size_t{1}, std::size_t{10'000});
    parameters.number("passes", passes, 1u, 100'000u);
    parameters.number("header", header, std::uint64_t{0}, std::uint64_t{1} << 40);
    std::string tolerance_text = "0";
    parameters.text("tolerance", tolerance_text);
    if (const auto parsed = parse_numbers<double>(tolerance_text, ',');
        parsed && parsed->size() == 1 && parsed->front() >= 0) {
      tolerance = parsed->front();
    } else {
      parameters.refuse("tolerance", "is a number from 0");
    }
    const bool drawn = count != 0 && dimensions != 0;
    if (text.empty() ? !drawn : count + dimensions != 0)
      parameters.refuse("centres", "is needed, or k and dimensions in its place");
    if (!text.empty() && !parse_centres(text))
      parameters.refuse("centres", "is a list like 1.5,2;3,4: centres of equally many numbers");
    if (drawn && sample_chunks() > kMostChunks)
      parameters.refuse("k", "is less where points are so large: 65536 chunks of 64 KiB have too few of them");
  }
  brume::Records records() const { return {point_size(), header}; }
  std::size_t point_size() const { return sizeof(float) * dimensions; }
  // Of the sample that centres are drawn from: about twice as many whole points, at least, as there are centres.
  std::uint32_t sample_chunks() const {
    if (!centres.empty()) return kLeastChunks;
    const std::size_t in_chunks = 2 * count * point_size() / (kChunkSize - point_size()) + 1;
    return std::max(kLeastChunks, static_cast<std::uint32_t>(in_chunks));
  }

  std::vector<Point> centres;  // that were given
  std::size_t count = 0;
  std::size_t dimensions = 0;
  std::uint32_t passes = 100;
  double tolerance = 0;
  std::uint64_t header = 0;

 private:
  static constexpr std::size_t kChunkSize = 65536;  // more than the largest point
  static constexpr std::uint32_t kLeastChunks = 64;
  static constexpr std::uint32_t kMostChunks = 65536;

  bool parse_centres(std::string_view text) {
    for (;;) {
      const std::size_t end = std::min(text.find(';'), text.size());
      auto centre = parse_numbers<float>(text.substr(0, end), ',');
      if (!centre || (!centres.empty() && centre->size() != dimensions)) return false;
      dimensions = centre->size();
      centres.push_back(std::move(*centre));
      if (end == text.size()) break;
      text.remove_prefix(end + 1);
    }
    count = centres.size();
    return true;
  }
};

// Where centres begin, in the form of the result: those that were given, or points of a sample, drawn by a hash of
// their coordinates.
struct Begin : Settings {
  using Key = std::pair<std::uint64_t, std::string>;
  using Value = bool;
  // No more than k different ones can be wanted: the lowest so far.
  using State = std::vector<Key>;

  brume::Stage stage() const { return {.sample_chunks = sample_chunks(), .partitions = 1}; }
  void map(const brume::Piece& piece, State& lowest, brume::Emitter<Value, Key>& out) const {
    if (!centres.empty()) return;
    std::vector<std::pair<std::uint64_t, std::string_view>> drawn;
    const std::size_t size = point_size();
    for (std::size_t at = 0; at < piece.text.size(); at += size) {
      const std::string_view point = piece.text.substr(at, size);
      if (!is_finite(point)) {
        out.malformed(piece.offset + at);
      } else if (const std::uint64_t its = hash(point); lowest.size() < count || its <= lowest.back().first) {
        drawn.emplace_back(its, point);
      }
    }
    keep_lowest(drawn);
    lowest.insert(lowest.end(), drawn.begin(), drawn.end());
    keep_lowest(lowest);
  }
  void finish(State& lowest, brume::Emitter<Value, Key>& out) const {
    for (const Key& point : lowest) out.emit(point, true);
  }
  static void combine(Value&, const Value&) {}
  void format(const Key& key, const Value&, brume::Line& line) const {
    line << "0\t0";
    for (std::size_t d = 0; d < dimensions; ++d) line << '\t' << coordinate(key.second, d);
    line << '\n';
  }

 private:
  template <typename Drawn>
  void keep_lowest(std::vector<Drawn>& drawn) const {
    std::ranges::sort(drawn);
    drawn.erase(std::unique(drawn.begin(), drawn.end()), drawn.end());
    if (drawn.size() > count) drawn.erase(drawn.begin() + static_cast<std::ptrdiff_t>(count), drawn.end());
  }
  static float coordinate(std::string_view point, std::size_t dimension) {
    float number = 0;
    std::memcpy(&number, point.data() + dimension * sizeof number, sizeof number);
    return number;
  }
  bool is_finite(std::string_view point) const {
    for (std::size_t d = 0; d < dimensions; ++d) {
      if (!std::isfinite(coordinate(point, d))) return false;
    }
    return true;
  }
  // FNV-1a, 64 bits.
  static std::uint64_t hash(std::string_view bytes) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char byte : bytes) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3u;
    return hash;
  }
};

struct Move : Settings {
  using Key = std::uint32_t;  // a centre's number
  // Points and sums of coordinates.
  using Value = std::pair<std::uint64_t, std::vector<double>>;

  brume::Stage stage() const { return {.carries = "centres", .until_zero = "centres.moved", .at_most = passes}; }
  static constexpr std::array<brume::Side, 1> sides{{{"centres"}}};
  // Lines of the result, or of Begin.
  void load(const brume::SideData& data) {
    const std::string_view text = data.text("centres");
    if (!text.empty()) centres.clear();  // those that were given began it
    for (const std::string_view line : brume::Lines(text)) {
      const std::size_t begin = line.find('\t', line.find('\t') + 1) + 1;
      // Means are doubles: what is too small for a float is 0.
      const auto means = parse_numbers<double>(line.substr(begin), '\t');
      if (!means || means->size() != dimensions) brume::SideData::refuse("centres", "is not of the result's form");
      if (centres.size() == count) continue;
      Point& centre = centres.emplace_back();
      for (const double mean : *means) centre.push_back(static_cast<float>(mean));
    }
    if (centres.empty()) brume::SideData::refuse("centres", "has no point: the input has none that is finite");
    laid_out = k_means::Centres(centres);
  }

  struct State {
    std::vector<std::uint64_t> counts;
    std::vector<double> sums;
  };
  void map(const brume::Piece& piece, State& state, brume::Emitter<Value, Key>& out) const {
    begin(state);
    Point point(dimensions);
    const std::size_t size = point_size();
    for (std::size_t at = 0; at < piece.text.size(); at += size) {
      std::memcpy(point.data(), piece.text.data() + at, size);
      const std::size_t centre = nearest(laid_out, point.data());
      if (centre == k_means::kNowhere) {
        out.malformed(piece.offset + at);
        continue;
      }
      ++state.counts[centre];
      for (std::size_t d = 0; d < dimensions; ++d) state.sums[centre * dimensions + d] += static_cast<double>(point[d]);
    }
  }
  // All centres, those without points too: each keeps its line.
  void finish(State& state, brume::Emitter<Value, Key>& out) const {
    begin(state);
    for (std::size_t i = 0; i < state.counts.size(); ++i) {
      const auto begin = state.sums.begin() + static_cast<std::ptrdiff_t>(i * dimensions);
      out.emit(static_cast<Key>(i), {state.counts[i], {begin, begin + static_cast<std::ptrdiff_t>(dimensions)}});
    }
  }

  static void combine(Value& into, const Value& more) {
    into.first += more.first;
    for (std::size_t d = 0; d < into.second.size(); ++d) into.second[d] += more.second[d];
  }

  void reduce(const Key& number, const Value& value, brume::Output& out) const {
    const Point& before = centres[number];
    brume::Line line;
    line << number << '\t' << value.first;
    bool moved = false;
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double mean =
          value.first == 0 ? static_cast<double>(before[d]) : value.second[d] / static_cast<double>(value.first);
      moved =
          moved || std::abs(static_cast<double>(static_cast<float>(mean)) - static_cast<double>(before[d])) > tolerance;
      line << '\t' << mean;
    }
    line << '\n';
    if (moved) out.count("centres.moved");
    out.line(line.view());
  }

 private:
  void begin(State& state) const {
    if (!state.counts.empty()) return;
    state.counts.resize(centres.size());
    state.sums.resize(centres.size() * dimensions);
  }

  k_means::Centres laid_out;
  k_means::Nearest nearest = k_means::best_nearest();
};

}  // namespace

BRUME_STAGES(KMeans, Begin, Move);

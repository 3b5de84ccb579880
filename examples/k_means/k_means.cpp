// One step of k-means: each point goes to its nearest centre, and each centre to the mean of its points. A line
// for each centre that has points: its number from 0, how many, and the new centre's coordinates, tabs between. Whoever
// runs it starts again with the new centres until they stay; a centre without a line stays as it is.
//
// Points are IEEE 754 numbers of 4 bytes, little-endian, one after another.
//
//   -p centres=1.5,2;3,4    coordinates and centres: two centres of two dimensions (needed)
//   -p header=0             bytes before the first point
#include <brume/job.h>

#include <cmath>
#include <cstring>

struct KMeans {
  // Count and sums of coordinates.
  using Value = std::pair<std::uint64_t, std::vector<double>>;

  void configure(brume::Parameters& parameters) {
    std::string text;
    parameters.text("centres", text);
    parameters.number("header", header, std::uint64_t{0}, std::uint64_t{1} << 40);
    if (!parse_centres(text)) parameters.refuse("centres", "is a list like 1.5,2;3,4: centres of equally many numbers");
  }

  brume::Records records() const { return {sizeof(float) * dimensions, header}; }

  void map(std::string_view points, brume::Emitter<Value>& out) const {
    std::vector<double> sums(centre_count * dimensions);
    std::vector<std::uint64_t> counts(centre_count);
    std::vector<float> point(dimensions);
    std::vector<float> distances(padded_count);
    for (; !points.empty(); points.remove_prefix(sizeof(float) * dimensions)) {
      std::memcpy(point.data(), points.data(), sizeof(float) * dimensions);
      const std::size_t centre = nearest(point, distances);
      ++counts[centre];
      for (std::size_t d = 0; d < dimensions; ++d) sums[centre * dimensions + d] += static_cast<double>(point[d]);
    }
    for (std::size_t i = 0; i < centre_count; ++i) {
      if (counts[i] == 0) continue;
      const auto begin = sums.begin() + static_cast<std::ptrdiff_t>(i * dimensions);
      out.emit(std::to_string(i), {counts[i], {begin, begin + static_cast<std::ptrdiff_t>(dimensions)}});
    }
  }

  static void combine(Value& into, const Value& more) {
    into.first += more.first;
    for (std::size_t d = 0; d < into.second.size(); ++d) into.second[d] += more.second[d];
  }

  void reduce(std::string_view key, const Value& value, brume::Output& out) const {
    std::uint64_t number = 0;
    std::from_chars(key.data(), key.data() + key.size(), number);
    brume::Line rest;
    rest << '\t' << value.first;
    for (const double sum : value.second) rest << '\t' << sum / static_cast<double>(value.first);
    rest << '\n';
    out.line(number, key, rest.view());
  }

 private:
  static constexpr std::size_t kLanes = 16;

  bool parse_centres(std::string_view text) {
    std::vector<float> numbers;
    std::size_t row = 0;
    while (!text.empty()) {
      float number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc{} || !std::isfinite(number)) return false;
      numbers.push_back(number);
      ++row;
      text.remove_prefix(static_cast<std::size_t>(end - text.data()));
      if (text.empty() || text[0] == ';') {
        if (dimensions == 0) dimensions = row;
        if (row != dimensions) return false;
        row = 0;
        ++centre_count;
      } else if (text[0] != ',') {
        return false;
      }
      if (text.size() == 1) return false;
      text.remove_prefix(std::min<std::size_t>(1, text.size()));
    }
    // A dimension after the other, filled up with centres that are far from everything.
    padded_count = (centre_count + kLanes - 1) / kLanes * kLanes;
    centres.assign(dimensions * padded_count, std::numeric_limits<float>::max());
    for (std::size_t i = 0; i < centre_count; ++i) {
      for (std::size_t d = 0; d < dimensions; ++d) centres[d * padded_count + i] = numbers[i * dimensions + d];
    }
    return centre_count > 0;
  }

  // Of equal distances the first; of a point that is no number, centre 0.
  std::size_t nearest(const std::vector<float>& point, std::vector<float>& distances) const {
    for (std::size_t begin = 0; begin < padded_count; begin += kLanes) {
      float sums[kLanes] = {};
      for (std::size_t d = 0; d < dimensions; ++d) {
        const float* const of_dimension = centres.data() + d * padded_count + begin;
        for (std::size_t i = 0; i < kLanes; ++i) {
          const float difference = point[d] - of_dimension[i];
          sums[i] += difference * difference;
        }
      }
      std::memcpy(distances.data() + begin, sums, sizeof sums);
    }
    std::size_t best = 0;
    for (std::size_t i = 1; i < centre_count; ++i) {
      if (distances[i] < distances[best]) best = i;
    }
    return best;
  }

  std::size_t dimensions = 0;
  std::size_t centre_count = 0;
  std::size_t padded_count = 0;
  std::uint64_t header = 0;
  std::vector<float> centres;
};

BRUME_JOB(KMeans);

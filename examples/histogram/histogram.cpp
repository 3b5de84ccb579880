// How often each byte value occurs in each channel of an image, or of any records of 1 to 4 bytes.
// A line for each value that occurs: channel, value, count.
//
//   -p channels=3      bytes of a pixel, 1 to 4 (the default is 3)
//   -p header=54       bytes before the first pixel (default: 0; a plain BMP file has 54)
#include <brume/job.h>

#include <array>

struct Histogram {
  static constexpr std::size_t kMaxChannels = 4;
  using Value = std::array<std::uint64_t, kMaxChannels * 256>;

  void configure(brume::Parameters& parameters) {
    parameters.number("channels", channels, std::size_t{1}, kMaxChannels);
    parameters.number("header", header, std::uint64_t{0}, std::uint64_t{1} << 40);
  }

  brume::Records records() const { return {channels, header}; }

  void map(std::string_view pixels, brume::Emitter<Value>& out) const {
    Value counts{};
    switch (channels) {
      case 1:
        count<1>(pixels, counts);
        break;
      case 2:
        count<2>(pixels, counts);
        break;
      case 3:
        count<3>(pixels, counts);
        break;
      default:
        count<4>(pixels, counts);
        break;
    }
    out.emit("", counts);
  }

  static void combine(Value& into, const Value& more) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] += more[i];
  }

  void reduce(std::string_view, const Value& counts, brume::Output& out) const {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      brume::Line line;
      line << i / 256 << '\t' << i % 256 << '\t' << counts[i] << '\n';
      out.line(i, "", line.view());
    }
  }

 private:
  // Neighbours are often equal: four tables in turn, so that an increment seldom waits for the one before.
  template <std::size_t kChannels>
  static void count(std::string_view pixels, Value& counts) {
    constexpr std::size_t kTables = 4;
    constexpr std::size_t kStep = kTables * kChannels;
    std::array<std::array<std::uint64_t, kChannels * 256>, kTables> tables{};
    const auto* at = reinterpret_cast<const std::uint8_t*>(pixels.data());
    const auto* const end = at + pixels.size();
    const auto add = [&](std::size_t index) { ++tables[index / kChannels][index % kChannels * 256 + at[index]]; };
    for (; static_cast<std::size_t>(end - at) >= kStep; at += kStep) {
      [&]<std::size_t... I>(std::index_sequence<I...>) { (add(I), ...); }(std::make_index_sequence<kStep>());
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(end - at); ++i) add(i);
    for (const auto& table : tables) {
      for (std::size_t i = 0; i < table.size(); ++i) counts[i] += table[i];
    }
  }

  std::size_t channels = 3;
  std::uint64_t header = 0;
};

BRUME_JOB(Histogram);

// Sorts records of one size by the bytes they begin with. The result holds every record of the input, in ascending
// order of keys as unsigned bytes; records with equal keys stand in the order of their other bytes.
//
//   -p record=100      bytes of a record, 1 to 65536 (the default is 100)
//   -p key=10          bytes of its key, 1 to the record's size (the default is 10)
//   -p header=0        bytes before the first record; the result has no header
//
// First a sample of the keys is sorted. It says which range of keys each partition of the second stage gets, so that
// they are of about one size and the result is one after the other.
#include <brume/job.h>

#include <bit>
#include <cstring>

namespace {

struct RecordShape {
  void configure(brume::Parameters& parameters) {
    parameters.number("record", size, std::size_t{1}, std::size_t{65536});
    parameters.number("key", key_size, std::size_t{1}, std::size_t{65536});
    parameters.number("header", header, std::uint64_t{0}, std::uint64_t{1} << 40);
    if (key_size > size) parameters.refuse("key", "is a number from 1 to the record's size");
  }
  brume::Records records() const { return {size, header}; }

  std::size_t size = 100;
  std::size_t key_size = 10;
  std::uint64_t header = 0;
};

struct SampleKeys : RecordShape {
  using Value = bool;
  // Of what a task has read so far, evenly: input that is compressed comes whole, however much it is.
  struct State {
    std::string keys;
    std::uint64_t step = 8;  // records from one key to the next
    std::uint64_t left = 0;  // records to pass over
  };

  brume::Stage stage() const { return {.sample_chunks = 256, .partitions = 1}; }
  void map(std::string_view text, State& state, brume::Emitter<Value>&) const {
    for (; !text.empty(); text.remove_prefix(size)) {
      if (state.left-- > 0) continue;
      state.keys += text.substr(0, key_size);
      state.left = state.step - 1;
      if (state.keys.size() / key_size == std::max(kMostKeys, kMostBytes / key_size)) thin_out(state);
    }
  }
  void finish(State& state, brume::Emitter<Value>& out) const {
    for (std::size_t at = 0; at < state.keys.size(); at += key_size)
      out.emit(std::string_view(state.keys).substr(at, key_size), true);
  }
  void format(std::string_view, bool, brume::Line&) const {}

 private:
  // A sampled chunk of 64 KiB has fewer.
  static constexpr std::size_t kMostKeys = 64;
  static constexpr std::size_t kMostBytes = 128u << 10;

  // Every other one stays.
  void thin_out(State& state) const {
    std::string keys;
    for (std::size_t at = 0; at < state.keys.size(); at += 2 * key_size) keys.append(state.keys, at, key_size);
    state.keys = std::move(keys);
    state.step *= 2;
  }
};

struct SortByRange : RecordShape {
  using Value = std::string_view;  // what follows the key

  brume::Stage stage() const { return {.carries = "ranges"}; }
  void load(const brume::SideData& data) {
    const std::string_view keys = data.text("ranges");
    for (std::size_t at = 0; at + key_size <= keys.size(); at += key_size)
      sample.push_back(begin_of(keys.substr(at, key_size)));
  }
  static constexpr std::array<brume::Side, 1> sides{{{"ranges"}}};

  void map(std::string_view text, brume::Emitter<Value>& out) const {
    for (; !text.empty(); text.remove_prefix(size)) {
      out.emit(text.substr(0, key_size), text.substr(key_size, size - key_size));
    }
  }
  // Keys that begin alike are of one partition: the last one whose range begins before them.
  std::uint32_t partition(std::string_view key, std::uint32_t partitions) const {
    const std::uint64_t begin = begin_of(key);
    std::uint64_t least = 0;
    for (std::uint64_t most = partitions - 1; least < most;) {
      const std::uint64_t middle = (least + most + 1) / 2;
      const std::uint64_t first = middle * (sample.size() + 1) / partitions;
      if (first == 0 || sample[first - 1] < begin) {
        least = middle;
      } else {
        most = middle - 1;
      }
    }
    return static_cast<std::uint32_t>(least);
  }
  void format(std::string_view, Value rest, brume::Line& line) const { line << rest; }

 private:
  // As a number that compares as the bytes do.
  static std::uint64_t begin_of(std::string_view key) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, key.data(), std::min(key.size(), sizeof bytes));
    return std::endian::native == std::endian::little ? __builtin_bswap64(bytes) : bytes;
  }

  std::vector<std::uint64_t> sample;
};

}  // namespace

BRUME_STAGES(SortRecords, SampleKeys, SortByRange);

// Wherever a text is cut, the pieces that the map tasks and the stitch task get are the records of the
// text, each once. And a joiner takes any bytes without harm.
#include <algorithm>

#include "base/check.h"
#include "mapreduce/fragments.h"

using namespace brume;
using namespace brume::mapreduce;

namespace {

struct Sink final : PieceSink {
  Status piece(std::string_view text) override {
    BRUME_CHECK(!text.empty());
    std::string record;
    for (const char c : text) {
      record.push_back(c);
      if (separators.contains(c)) records.push_back(std::exchange(record, {}));
    }
    if (!record.empty()) records.push_back(record);
    return {};
  }
  Status fragment(ByteView bytes) override {
    append(fragments, bytes);
    return {};
  }
  ByteSet separators;
  std::vector<std::string> records;
  Bytes fragments;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::size_t chunk_size = 1 + data[0] % 16;
  const std::size_t split_size = chunk_size * (1 + data[1] % 4);
  const std::size_t limit = data[2] < 250 ? std::size_t{1} << 30 : 5;
  const ByteView text(data + 3, size - 3);
  Sink sink;
  sink.separators = ByteSet{' ', '\n'};

  {
    Sink ignored;
    FragmentJoiner joiner(limit, ignored);
    if (joiner.feed(text) && joiner.end_of_stream()) static_cast<void>(joiner.finish());
  }

  Sink direct;
  direct.separators = sink.separators;
  if (!text.empty()) static_cast<void>(direct.piece(as_chars(text)));

  FragmentJoiner joiner(limit, sink);
  bool whole = true;
  for (std::size_t at = 0; at < text.size() && whole; at += split_size) {
    const ByteView split = text.subspan(at, std::min(split_size, text.size() - at));
    SplitCutter cutter(sink.separators, SplitCutter::Extent::kPart, limit, sink);
    for (std::size_t i = 0; i < split.size() && whole; i += chunk_size) {
      const ByteView chunk = split.subspan(i, std::min(chunk_size, split.size() - i));
      const MutableByteView buffer = cutter.next_chunk(chunk.size());
      std::memcpy(buffer.data(), chunk.data(), chunk.size());
      whole = cutter.advance().has_value();
    }
    whole = whole && cutter.finish() && joiner.feed(std::exchange(sink.fragments, {})) && joiner.end_of_stream();
  }
  whole = whole && joiner.finish();
  if (!whole) {
    BRUME_CHECK(limit == 5);
    return 0;
  }
  std::sort(sink.records.begin(), sink.records.end());
  std::sort(direct.records.begin(), direct.records.end());
  BRUME_CHECK(sink.records == direct.records);
  return 0;
}

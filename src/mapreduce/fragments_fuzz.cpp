// Wherever a text is cut, the pieces that the map tasks and the stitch task get are the records of the
// text, each once. And a joiner takes any bytes without harm.
#include <algorithm>

#include "base/check.h"
#include "mapreduce/fragments.h"

using namespace brume;
using namespace brume::mapreduce;

namespace {

struct Sink final : PieceSink {
  // Records with their places.
  Status piece(const Piece& piece) override {
    BRUME_CHECK(!piece.text.empty());
    for (std::size_t at = 0; at < piece.text.size();) {
      const std::string_view rest = piece.text.substr(at);
      std::size_t size = size_of_records;
      if (size == 0) size = borders.first(rest, 0);
      size = std::min(size, rest.size());
      records.emplace_back(piece.offset + at, rest.substr(0, size));
      at += size;
    }
    return {};
  }
  Status fragment(ByteView bytes) override {
    append(fragments, bytes);
    return {};
  }
  Borders borders;
  std::size_t size_of_records = 0;  // 0: separated
  std::vector<std::pair<std::uint64_t, std::string>> records;
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
  if (data[2] % 2 == 0) {
    sink.borders = Borders(ByteSet{' ', '\n'});
  } else {
    sink.size_of_records = 1 + data[2] % 9;
    sink.borders = Borders(Records{sink.size_of_records, data[2] % 3u});
  }

  {
    Sink ignored;
    FragmentJoiner joiner(sink.borders, {}, limit, ignored);
    if (joiner.feed(text) && joiner.end_of_stream(text.size())) static_cast<void>(joiner.finish());
  }

  Sink direct;
  direct.borders = sink.borders;
  direct.size_of_records = sink.size_of_records;
  const std::size_t header = std::min<std::uint64_t>(sink.borders.header(), text.size());
  if (header < text.size()) static_cast<void>(direct.piece({as_chars(text.subspan(header)), header}));
  const bool has_header = text.empty() || text.size() >= sink.borders.header();
  const bool complete = has_header && (sink.size_of_records == 0 || (text.size() - header) % sink.size_of_records == 0);

  FragmentJoiner joiner(sink.borders, {}, limit, sink);
  bool whole = true;
  for (std::size_t at = 0; at < text.size() && whole; at += split_size) {
    const ByteView split = text.subspan(at, std::min(split_size, text.size() - at));
    SplitCutter cutter(sink.borders, SplitCutter::Extent::kPart, {{}, at}, limit, sink);
    for (std::size_t i = 0; i < split.size() && whole; i += chunk_size) {
      const ByteView chunk = split.subspan(i, std::min(chunk_size, split.size() - i));
      const MutableByteView buffer = cutter.next_chunk(chunk.size());
      std::memcpy(buffer.data(), chunk.data(), chunk.size());
      whole = cutter.advance().has_value();
    }
    whole = whole && cutter.finish() && joiner.feed(std::exchange(sink.fragments, {})) &&
            joiner.end_of_stream(at + split.size());
  }
  whole = whole && joiner.finish();
  if (!whole) {
    BRUME_CHECK(limit == 5 || !complete);
    return 0;
  }
  BRUME_CHECK(complete);
  std::sort(sink.records.begin(), sink.records.end());
  std::sort(direct.records.begin(), direct.records.end());
  BRUME_CHECK(sink.records == direct.records);
  return 0;
}

// A map stream from outside never harms a reduce task, and what is accepted comes out as an
// output that reads back and is in order, the same for every cut of the stream.
#include <brume/output_format.h>

#include <cstdlib>

#include "mapreduce/counting_reduce.h"
#include "mapreduce/test_scratch.h"

namespace {

struct Collected final : brume::OutputSink {
  brume::JobStatus write(std::span<const std::uint8_t> more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
  std::vector<std::uint8_t> bytes;
};

void need(bool holds) {
  if (!holds) std::abort();
}

bool reduce(brume::detail::CountingEngine& engine, std::span<const std::uint8_t> stream, std::size_t piece,
            Collected& out) {
  brume::mapreduce::testing::TestScratch scratch;
  auto task = engine.new_reduce(scratch);
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    if (!task->feed(stream.subspan(at, std::min(piece, stream.size() - at)))) return false;
  }
  if (!task->end_of_stream()) return false;
  need(task->finish(out).has_value());
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  brume::detail::CountingHooks hooks;
  hooks.format = [](const void*, std::string_view, std::uint64_t value, brume::Line& line) {
    line << '\t' << value << '\n';
  };
  hooks.is_signed = (data[0] & 1) != 0;
  hooks.order = static_cast<brume::detail::LineOrder>(data[0] / 2 % 3);
  const std::size_t piece = 1 + data[1];
  const std::span<const std::uint8_t> stream(data + 2, size - 2);
  static auto engine = brume::detail::make_counting_engine(hooks);
  engine = brume::detail::make_counting_engine(hooks);
  need(engine->configure({{}, 1, {}, 1 << 22}).has_value());
  Collected whole;
  Collected cut;
  const bool accepted = reduce(*engine, stream, std::max<std::size_t>(stream.size(), 1), whole);
  need(reduce(*engine, stream, piece, cut) == accepted);
  if (!accepted) return 0;
  need(whole.bytes == cut.bytes);
  brume::OutputReader reader;
  reader.feed(whole.bytes);
  brume::OutputRecord record;
  while (reader.next(record) == brume::OutputReader::Next::kRecord) continue;
  need(reader.at_border());
  return 0;
}

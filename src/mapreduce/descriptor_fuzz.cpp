// What parses as a descriptor encodes to the same bytes, and its ranges cover the input.
#include "base/check.h"
#include "mapreduce/descriptor.h"

using namespace brume;
using namespace brume::mapreduce;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const auto parsed = Descriptor::parse(input);
  if (!parsed) return 0;
  BRUME_CHECK(equal(parsed->encoded(), input));
  std::uint64_t next = 0;
  for (std::uint32_t split = 0; split < parsed->split_count(); ++split) {
    const ChunkRange range = parsed->range(split);
    BRUME_CHECK(range.count > 0 && parsed->begin_of(split) <= parsed->end_of(split));
    BRUME_CHECK(parsed->input_of(split) < parsed->fields().inputs.size());
    if (parsed->fields().is_sample) continue;
    BRUME_CHECK(range.first == next);
    next += range.count;
  }
  const ChunkRange last = parsed->input_range(static_cast<std::uint32_t>(parsed->fields().inputs.size() - 1));
  if (!parsed->fields().is_sample) BRUME_CHECK(next == last.first + last.count);
  BRUME_CHECK(parsed->place_of(parsed->chunk_count() - 1).is_last);
  return 0;
}

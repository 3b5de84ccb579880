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
    BRUME_CHECK(range.first == next && range.count > 0);
    next += range.count;
  }
  BRUME_CHECK(next == parsed->fields().input.chunk_count);
  BRUME_CHECK(parsed->chunk_size(next - 1) == parsed->fields().input.final_chunk_size);
  return 0;
}

// A program that is accepted has ascending page runs inside its range, and its configuration can be
// written back without changing a byte.
#include "base/check.h"
#include "measure/elf_layout.h"

using namespace brume;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  auto layout = measure::lay_out_program(input);
  if (!layout) return 0;
  std::uint64_t end = 0;
  for (const measure::PageRun& run : layout->runs) {
    BRUME_CHECK(run.offset >= end);
    BRUME_CHECK(run.content.empty() || run.content.size() == run.size());
    end = run.offset + run.size();
  }
  BRUME_CHECK(end <= layout->range.size);
  auto same = measure::with_config(input, layout->config);
  BRUME_CHECK(same && equal(*same, input));
  return 0;
}

// A program that is accepted has ascending page runs inside its range, and its configuration can be
// written back without changing a byte. Tried on raw input, and on a good program with the input as
// a list of changes (u16 place, u8 value).
#include "base/check.h"
#include "measure/elf_layout.h"
#include "measure/testing/elf_builder.h"

using namespace brume;

namespace {

void check(ByteView elf) {
  auto layout = measure::lay_out_program(elf);
  if (!layout) return;
  std::uint64_t end = 0;
  for (const measure::PageRun& run : layout->runs) {
    BRUME_CHECK(run.offset >= end);
    BRUME_CHECK(run.content.empty() || run.content.size() == run.size());
    end = run.offset + run.size();
  }
  BRUME_CHECK(end <= layout->range.size);
  auto same = measure::with_config(elf, layout->config);
  BRUME_CHECK(same && equal(*same, elf));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes good = measure::testing::TestElf().build();
  check({data, size});
  Bytes changed = good;
  for (std::size_t i = 0; i + 2 < size; i += 3) {
    const std::size_t at = (data[i] | static_cast<std::size_t>(data[i + 1]) << 8) % changed.size();
    changed[at] = data[i + 2];
  }
  check(changed);
  return 0;
}

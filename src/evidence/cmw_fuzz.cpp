// What parses re-encodes to the same bytes.
#include "base/check.h"
#include "evidence/cmw.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const brume::ByteView input(data, size);
  auto cmw = brume::evidence::parse_cmw(input);
  if (cmw) BRUME_CHECK(brume::equal(brume::evidence::encode_cmw(cmw->type, cmw->value), input));
  return 0;
}

// What parses re-encodes to the same bytes.
#include "base/check.h"
#include "evidence/pck_extension.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const brume::ByteView input(data, size);
  auto extension = brume::evidence::parse_pck_extension(input);
  if (extension) BRUME_CHECK(brume::equal(brume::evidence::encode_pck_extension(*extension), input));
  return 0;
}

// What parses as a root file system list is a clean tree and re-encodes to the same bytes.
#include "base/check.h"
#include "measure/rootfs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const brume::ByteView input(data, size);
  auto entries = brume::measure::parse_entries(input);
  if (!entries) return 0;
  const auto encoded = brume::measure::encode_entries(*std::move(entries));
  BRUME_CHECK(encoded.has_value());
  BRUME_CHECK(brume::equal(*encoded, input));
  return 0;
}

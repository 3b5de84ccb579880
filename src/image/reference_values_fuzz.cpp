// Property: what parses encodes to text that parses to the same values.
#include "image/reference_values.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  auto values = image::parse_reference_values(as_chars({data, size}));
  if (!values) return 0;
  auto again = image::parse_reference_values(image::encode_reference_values(*values));
  if (!again || *again != *values) __builtin_trap();
  return 0;
}

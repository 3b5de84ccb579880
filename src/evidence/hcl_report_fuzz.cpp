// What parses re-encodes to the same bytes.
#include "base/check.h"
#include "evidence/hcl_report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const brume::ByteView input(data, size);
  auto report = brume::evidence::parse_hcl_report(input);
  if (report) {
    BRUME_CHECK(brume::evidence::looks_like_hcl_report(input));
    BRUME_CHECK(brume::equal(brume::evidence::encode_hcl_report(*report), input));
  }
  return 0;
}

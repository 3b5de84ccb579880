// What parses re-encodes to the same bytes: no bit of a report goes unnoticed.
#include "base/check.h"
#include "evidence/snp_report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const brume::ByteView input(data, size);
  auto report = brume::evidence::parse_snp_report(input);
  if (report) BRUME_CHECK(brume::equal(brume::evidence::encode_snp_report(*report), input));
  return 0;
}

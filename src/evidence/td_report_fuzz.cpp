// What parses re-encodes to the same bytes.
#include "base/check.h"
#include "evidence/td_report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  const ByteView input(data, size);
  auto report = evidence::parse_td_report(input);
  if (report) BRUME_CHECK(equal(evidence::encode_td_report(*report), input));
  return 0;
}

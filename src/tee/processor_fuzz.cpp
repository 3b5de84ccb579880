// TARGETINFO and KEYREQUEST: what parses encodes to the same bytes.
#include "base/check.h"
#include "tee/processor.h"

using namespace brume;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (auto target = tee::parse_target_info(input)) BRUME_CHECK(equal(tee::encode_target_info(*target), input));
  if (auto request = tee::parse_key_request(input)) BRUME_CHECK(equal(tee::encode_key_request(*request), input));
  return 0;
}

// What parses, as a request or as an answer, re-encodes to the same bytes.
#include "base/check.h"
#include "tee/platform_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const brume::ByteView input(data, size);
  if (const auto request = brume::tee::parse_request(input))
    BRUME_CHECK(brume::equal(brume::tee::encode_request(*request), input));
  if (const auto answer = brume::tee::parse_answer(input))
    BRUME_CHECK(brume::equal(brume::tee::encode_answer(*answer), input));
  return 0;
}

// What parses as TPM evidence encodes to the very bytes that came.
#include "base/check.h"
#include "evidence/tpm_evidence.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  using namespace brume::evidence;
  const ByteView input(data, size);
  if (auto evidence = parse_tpm_evidence(input)) {
    BRUME_CHECK(equal(encode_tpm_evidence(*evidence), input));
    static_cast<void>(read_attestation_key(evidence->ak_public).has_value());
  }
  static_cast<void>(read_attestation_key(input).has_value());
  return 0;
}

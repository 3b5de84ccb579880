// What parses as a quote, a TPM signature or a TPM key encodes to the very bytes that came.
#include "base/check.h"
#include "evidence/tpm_attest.h"
#include "evidence/tpm_public.h"
#include "evidence/tpm_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  using namespace brume::evidence;
  const ByteView input(data, size);
  if (auto attest = parse_tpm_attest(input)) BRUME_CHECK(equal(encode_tpm_attest(*attest), input));
  if (auto signature = parse_tpmt_signature(input)) BRUME_CHECK(equal(encode_tpmt_signature(*signature), input));
  static_cast<void>(read_tpm_signature(input).has_value());
  if (auto key = parse_tpmt_public(input)) {
    BRUME_CHECK(equal(encode_tpmt_public(*key), input));
    static_cast<void>(tpm_name(*key).has_value());
    static_cast<void>(tpm_public_key(*key).has_value());
  }
  static_cast<void>(read_tpm_public(input).has_value());
  return 0;
}

// What a verifier compares evidence with (RFC 9334, "reference values"): reference-values.json.
#pragma once

#include "base/ids.h"
#include "base/result.h"

namespace brume::image {

struct ReferenceValues {
  std::string job_name;
  Measurement measurement;       // MRENCLAVE of enclave/program
  SignerId signer;               // MRSIGNER of enclave/sigstruct
  ImageDigest image_digest;      // of the whole root file system
  Sha256Digest manifest_digest;  // of the OCI manifest: the name engines use
  std::uint16_t product_id = 0;
  std::uint16_t isv_svn = 0;
  SpkiHash master;  // the master key that the enclave program pins
  friend bool operator==(const ReferenceValues&, const ReferenceValues&) = default;
};

std::string encode_reference_values(const ReferenceValues& values);
// Strict: unknown and missing fields are refused.
Result<ReferenceValues> parse_reference_values(std::string_view text);

}  // namespace brume::image

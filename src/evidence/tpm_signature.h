// The signature of a quote: TPMT_SIGNATURE (TPM 2.0 Library, Part 2, 11.3.4), or the bare RSASSA bytes that some
// agents ship (Azure's: SHA-256). Big-endian.
//
//   scheme u16 (RSASSA, RSAPSS, ECDSA) | hash u16 | RSA: TPM2B | ECDSA: r TPM2B, s TPM2B
#pragma once

#include "evidence/tpm_algorithm.h"

namespace brume::evidence {

inline constexpr std::size_t kTpmSignatureSizeLimit = 1024;  // RSA 4096 has 518 bytes

struct TpmSignature {
  TpmAlgorithm scheme = TpmAlgorithm::kRsaSsa;
  TpmAlgorithm hash = TpmAlgorithm::kSha256;
  Bytes rsa;   // of RSASSA and RSAPSS: as long as the modulus
  Bytes r, s;  // of ECDSA: leading zeros kept or dropped, as TPMs do either
  friend bool operator==(const TpmSignature&, const TpmSignature&) = default;
};

// Exactly one TPMT_SIGNATURE.
Result<TpmSignature> parse_tpmt_signature(ByteView bytes);
Bytes encode_tpmt_signature(const TpmSignature& signature);

// A TPMT_SIGNATURE, or 256, 384 or 512 bytes that are an RSASSA signature with SHA-256.
Result<TpmSignature> read_tpm_signature(ByteView bytes);

}  // namespace brume::evidence

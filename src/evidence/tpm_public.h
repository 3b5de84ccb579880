// The public area of a key in a TPM: TPMT_PUBLIC (TPM 2.0 Library, Part 2, 12.2.4), its name, and what its
// attributes promise. Big-endian. RSA and ECC objects only.
//
//   type u16 | name hash u16 | attributes u32 | policy TPM2B | symmetric u16 [key bits u16, mode u16] |
//   scheme u16 [hash u16] | RSA: key bits u16, exponent u32 | ECC: curve u16, kdf u16 [hash u16] |
//   RSA: modulus TPM2B | ECC: x TPM2B, y TPM2B
#pragma once

#include "evidence/tpm_algorithm.h"

namespace brume::evidence {

inline constexpr std::size_t kTpmPublicSizeLimit = 2048;  // RSA 4096 with a policy has below 700 bytes

// TPMA_OBJECT, Part 2, 8.3.
inline constexpr std::uint32_t kTpmFixedTpm = 1u << 1;
inline constexpr std::uint32_t kTpmFixedParent = 1u << 4;
inline constexpr std::uint32_t kTpmSensitiveDataOrigin = 1u << 5;
inline constexpr std::uint32_t kTpmUserWithAuth = 1u << 6;
inline constexpr std::uint32_t kTpmAdminWithPolicy = 1u << 7;
inline constexpr std::uint32_t kTpmRestricted = 1u << 16;
inline constexpr std::uint32_t kTpmDecrypt = 1u << 17;
inline constexpr std::uint32_t kTpmSign = 1u << 18;

struct TpmScheme {
  TpmAlgorithm algorithm = TpmAlgorithm::kNull;
  TpmAlgorithm hash = TpmAlgorithm::kNull;  // kNull where the scheme has none
  std::uint16_t count = 0;                  // of ECDAA only
  friend bool operator==(const TpmScheme&, const TpmScheme&) = default;
};

struct TpmSymmetric {
  TpmAlgorithm algorithm = TpmAlgorithm::kNull;
  std::uint16_t key_bits = 0;
  TpmAlgorithm mode = TpmAlgorithm::kNull;
  friend bool operator==(const TpmSymmetric&, const TpmSymmetric&) = default;
};

struct TpmPublic {
  TpmAlgorithm type = TpmAlgorithm::kRsa;  // kRsa or kEcc
  TpmAlgorithm name_hash = TpmAlgorithm::kSha256;
  std::uint32_t attributes = 0;
  Bytes policy;
  TpmSymmetric symmetric;
  TpmScheme scheme;
  std::uint16_t rsa_bits = 0;
  std::uint32_t rsa_exponent = 0;  // 0 means 65537
  Bytes rsa_modulus;
  std::uint16_t curve = 0;  // TPM_ECC_CURVE: 3 P-256, 4 P-384
  TpmScheme kdf;
  Bytes x, y;
  friend bool operator==(const TpmPublic&, const TpmPublic&) = default;
};

// Exactly one TPMT_PUBLIC. Refuses reserved attribute bits.
Result<TpmPublic> parse_tpmt_public(ByteView bytes);
Bytes encode_tpmt_public(const TpmPublic& key);
// TPM2B_PUBLIC (as tpm2-tools writes) or TPMT_PUBLIC.
Result<TpmPublic> read_tpm_public(ByteView bytes);

// name hash u16 || H(TPMT_PUBLIC): Part 1, section 16. Refuses a hash that cannot be computed.
Result<Bytes> tpm_name(const TpmPublic& key);
// The key itself. Refuses other curves than P-256 and P-384 and RSA below 2048 bits.
Result<crypto::PublicKey> tpm_public_key(const TpmPublic& key);

// Made in this TPM, never leaves it, and signs nothing that starts with TPM_GENERATED_VALUE but what the TPM itself
// made (Part 1, section 23.2.4 and 25.3): only such a key's quotes are quotes.
bool is_attestation_key(const TpmPublic& key);

}  // namespace brume::evidence

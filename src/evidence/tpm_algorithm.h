// TPM_ALG_ID values (TCG Algorithm Registry 1.34, table 3) that occur in quotes, keys and logs.
#pragma once

#include <optional>

#include "crypto/public_key.h"

namespace brume::evidence {

enum class TpmAlgorithm : std::uint16_t {
  kRsa = 0x0001,
  kSha1 = 0x0004,
  kAes = 0x0006,
  kSha256 = 0x000b,
  kSha384 = 0x000c,
  kSha512 = 0x000d,
  kNull = 0x0010,
  kSm3 = 0x0012,
  kRsaSsa = 0x0014,
  kRsaEs = 0x0015,
  kRsaPss = 0x0016,
  kOaep = 0x0017,
  kEcdsa = 0x0018,
  kEcdh = 0x0019,
  kEcdaa = 0x001a,
  kEcSchnorr = 0x001c,
  kEcc = 0x0023,
  kCfb = 0x0043,
};

inline constexpr std::size_t kTpmDigestSizeLimit = 64;
// Platform configuration registers of a PC client TPM (PC Client Platform TPM Profile 1.05, section 4.6).
inline constexpr std::uint32_t kPcrCount = 24;

// 0 for what is no hash of this list.
std::size_t tpm_digest_size(TpmAlgorithm hash);
// "sha1", "sha256", "sha384", "sha512", "sm3"; "unknown" for all others.
std::string_view tpm_hash_name(TpmAlgorithm hash);
// The same names, and "sm3_256" as tpm2-tools writes it.
std::optional<TpmAlgorithm> tpm_hash_from(std::string_view name);
// Nothing for what cannot be computed here.
std::optional<crypto::HashAlgorithm> tpm_crypto_hash(TpmAlgorithm hash);

}  // namespace brume::evidence

// What a TPM 2.0 signs when it quotes PCRs: TPMS_ATTEST of type TPM_ST_ATTEST_QUOTE (TPM 2.0 Library, Part 2,
// 10.12.8 to 10.12.12). Big-endian.
//
//   magic u32 "\xffTCG" | type u16 | qualified signer TPM2B | extra data TPM2B | clock u64 | reset count u32 |
//   restart count u32 | safe u8 | firmware version u64 | selection: count u32, each hash u16, size u8, bitmap |
//   PCR digest TPM2B
#pragma once

#include <vector>

#include "evidence/tpm_algorithm.h"

namespace brume::evidence {

inline constexpr std::uint32_t kTpmGenerated = 0xff544347;  // TPM_GENERATED_VALUE, Part 2, 6.2
inline constexpr std::uint16_t kTpmAttestQuote = 0x8018;    // TPM_ST_ATTEST_QUOTE, Part 2, 6.9
inline constexpr std::size_t kTpmAttestSizeLimit = 2048;    // 16 banks and the largest names have below 400 bytes
inline constexpr std::size_t kPcrBanksLimit = 16;           // HASH_COUNT of all known TPMs is below
inline constexpr std::size_t kTpmNameSizeLimit = 66;        // u16 hash, digest of 64 bytes
inline constexpr std::size_t kTpmExtraDataSizeLimit = 66;   // TPM2B_DATA: the size of a TPMT_HA

// TPMS_PCR_SELECTION. Bit i of `mask`: PCR i.
struct PcrSelection {
  TpmAlgorithm hash = TpmAlgorithm::kSha256;
  std::uint8_t map_size = 3;  // bytes of the bitmap, 0 to 4; 0 where a bank is named and empty
  std::uint32_t mask = 0;
  bool selects(std::uint32_t pcr) const { return pcr < 32 && (mask >> pcr & 1u) != 0; }
  friend bool operator==(const PcrSelection&, const PcrSelection&) = default;
};

struct TpmAttest {
  Bytes qualified_signer;  // a name, or empty, or a handle
  Bytes extra_data;        // what the caller asked to be signed: the nonce
  std::uint64_t clock_ms = 0;
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool safe = true;  // false: the clock may have been at this value before
  std::uint64_t firmware_version = 0;
  std::vector<PcrSelection> selections;  // in the order in which the digest takes them; a bank may come twice
  Bytes pcr_digest;
  friend bool operator==(const TpmAttest&, const TpmAttest&) = default;
};

// What must be looked at first: an unrestricted key could sign anything else that looks like a quote.
struct TpmAttestHeader {
  std::uint32_t magic = 0;
  std::uint16_t type = 0;
};
Result<TpmAttestHeader> parse_tpm_attest_header(ByteView bytes);

// Refuses another magic or type, sizes over their limits, and bytes left over. Promises nothing about signatures.
Result<TpmAttest> parse_tpm_attest(ByteView bytes);
Bytes encode_tpm_attest(const TpmAttest& attest);

}  // namespace brume::evidence

// Values of platform configuration registers, and the forms in which tools write them down. They are claims: a
// quote's PCR digest vouches for those it selects (docs/formats/tpm-evidence.md).
#pragma once

#include <span>

#include "evidence/tpm_attest.h"

namespace brume::evidence {

inline constexpr std::size_t kPcrValuesLimit = kPcrBanksLimit * kPcrCount;
inline constexpr std::size_t kPcrTextSizeLimit = 256u << 10;  // 384 values of 64 bytes as hex have below 64 KiB

struct PcrValue {
  TpmAlgorithm bank = TpmAlgorithm::kSha256;
  std::uint32_t index = 0;  // below kPcrCount
  Bytes value;              // of the bank's digest size
  friend bool operator==(const PcrValue&, const PcrValue&) = default;
};
// At most one for each bank and index.
using PcrValues = std::vector<PcrValue>;

// nullptr where it is not there.
const PcrValue* find_pcr(const PcrValues& values, TpmAlgorithm bank, std::uint32_t index);
// Refuses an index or size that the bank does not have, and one that is there already.
Status add_pcr(PcrValues& values, PcrValue value);

// {"sha256": {"0": "hex", ...}, ...}
Result<PcrValues> parse_pcr_json(std::string_view text);
// What tpm2_pcrread prints: "sha256:" and below it lines such as "  0 : 0x3D45...".
Result<PcrValues> parse_pcr_text(std::string_view text);
// What tpm2_quote -o and tpm2_pcrread -o write (tpm2-tools 5, "serialized"): the TPML_PCR_SELECTION and the
// TPML_DIGESTs of tpm2-tss as they lie in the memory of a little-endian machine.
Result<PcrValues> parse_pcr_tpm2_tools(ByteView bytes);
// Any of the three above, by content.
Result<PcrValues> read_pcr_values(ByteView bytes);

// Digests one after the other in the order of the selection (tpm2_quote -F values).
Result<PcrValues> pcr_values_in_order(std::span<const PcrSelection> selections, ByteView digests);
// The counterpart: what the PCR digest of a quote covers. Refuses a selected register that is not there. A register
// that is selected twice comes twice.
Result<Bytes> concatenate_pcrs(std::span<const PcrSelection> selections, const PcrValues& values);

}  // namespace brume::evidence

// A TPM 2.0 quote and what belongs to it, as one piece of evidence (docs/formats/tpm-evidence.md).
#pragma once

#include "evidence/pcr_values.h"
#include "evidence/tpm_public.h"

namespace brume::evidence {

inline constexpr std::size_t kTpmCertificatesLimit = 16;
inline constexpr std::size_t kTpmCertificatesSizeLimit = 64u << 10;

// As the parts came: nothing is parsed but the PCR values. An empty part is not there.
struct TpmEvidence {
  Bytes attest;                           // TPMS_ATTEST
  Bytes signature;                        // TPMT_SIGNATURE, or bare RSASSA bytes with SHA-256
  Bytes ak_public;                        // TPMT_PUBLIC, TPM2B_PUBLIC, or SubjectPublicKeyInfo as DER or PEM
  PcrValues pcrs;                         // of the registers that the quote selects, at least
  Bytes event_log;                        // TCG event log
  Bytes ima_log;                          // Linux IMA list, binary or text
  std::vector<std::string> certificates;  // of AK, of EK, and their chains; DER, or PEM that may hold several
  friend bool operator==(const TpmEvidence&, const TpmEvidence&) = default;
};

Result<TpmEvidence> parse_tpm_evidence(ByteView bytes);
Bytes encode_tpm_evidence(const TpmEvidence& evidence);

// An attestation key as it came.
struct AttestationKey {
  crypto::PublicKey key;
  std::optional<TpmPublic> area;  // nothing where only the key itself came
  Bytes name;                     // of `area`; empty without it
};
Result<AttestationKey> read_attestation_key(ByteView bytes);

}  // namespace brume::evidence

// The single checks of a TPM 2.0 quote (TPM 2.0 Library, Part 1, section 31.5 and Part 2, 10.12).
#pragma once

#include "appraisal/tpm_rules.h"
#include "evidence/tpm_evidence.h"

namespace brume::appraisal {

// Magic first, then type, then the rest: tpm.quote.{format,magic,type}.
std::optional<evidence::TpmAttest> read_quote(Refusals& refusals, ByteView attest);

// tpm.ak.{missing,format,attributes}, tpm.signature.{format,scheme}, tpm.signature. Sets the key's facts, scheme and
// hash.
void check_quote_signature(Refusals& refusals, const evidence::TpmEvidence& evidence, TpmFacts& facts);

// tpm.pcr.{missing,digest}. Sets pcrs, where they fit.
void check_pcr_digest(Refusals& refusals, const evidence::TpmEvidence& evidence, TpmFacts& facts);

}  // namespace brume::appraisal

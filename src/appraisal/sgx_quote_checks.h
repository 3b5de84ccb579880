// What a quote itself must satisfy (Intel SGX ECDSA QuoteVerification; QVL's QuoteVerifier): QE
// report, binding of the attestation key, QE identity, quote signature. Of enclaves and TDs alike.
#pragma once

#include "appraisal/refusal.h"
#include "crypto/ec.h"
#include "evidence/pck_extension.h"
#include "evidence/qe_identity.h"
#include "evidence/quote.h"
#include "evidence/tcb_info.h"

namespace brume::appraisal {

// Which TCB info is about this TEE.
evidence::TcbInfoId tcb_info_id(evidence::TeeType tee);

// The attestation key is what the QE report says, and it signed the quote. Needs no certificate.
void check_quote_signature(Refusals& refusals, const evidence::Quote& quote);
// The PCK signed the QE report.
void check_qe_signature(Refusals& refusals, const evidence::Quote& quote, const crypto::EcPublicKey& pck_key);
// The QE is the one that the identity describes, of the quote's TEE, and not a debug one.
void check_qe_identity(Refusals& refusals, const evidence::Quote& quote, const evidence::QeIdentity& identity);
// TCB info is about this TEE and platform.
void check_tcb_info_platform(Refusals& refusals, evidence::TeeType tee, const evidence::TcbInfo& info,
                             const evidence::PckExtension& platform);

}  // namespace brume::appraisal

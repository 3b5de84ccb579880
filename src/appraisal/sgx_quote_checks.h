// What a quote itself must satisfy (Intel SGX ECDSA QuoteVerification; QVL's QuoteVerifier): QE
// report, binding of the attestation key, QE identity, quote signature, TCB level.
#pragma once

#include "appraisal/attested_peer.h"
#include "appraisal/refusal.h"
#include "crypto/ec.h"
#include "evidence/pck_extension.h"
#include "evidence/qe_identity.h"
#include "evidence/quote.h"
#include "evidence/tcb_info.h"

namespace brume::appraisal {

// The attestation key is what the QE report says, and it signed the quote. Needs no certificate.
void check_quote_signature(Refusals& refusals, const evidence::SgxQuote& quote);
// The PCK signed the QE report.
void check_qe_signature(Refusals& refusals, const evidence::SgxQuote& quote, const crypto::EcPublicKey& pck_key);
// The QE is the one that the identity describes, and not a debug one.
void check_qe_identity(Refusals& refusals, const evidence::ReportBody& qe, const evidence::QeIdentity& identity);
// TCB info is about this platform.
void check_tcb_info_platform(Refusals& refusals, const evidence::TcbInfo& info, const evidence::PckExtension& platform);

// Status, date (the earlier one) and advisories of platform and QE together. False, with a refusal,
// where no level matches.
bool evaluate_tcb(Refusals& refusals, const evidence::TcbInfo& info, const evidence::QeIdentity& identity,
                  const evidence::PckExtension& platform, std::uint16_t qe_isv_svn, PeerFacts& facts);

}  // namespace brume::appraisal

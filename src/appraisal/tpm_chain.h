// Certificates of attestation keys and endorsement keys, from the key's own up to a root that a policy names (TCG EK
// Credential Profile 2.5; TCG Credential Profiles for TPM 1.2 Family, AIK; path: RFC 5280, section 6.1).
#pragma once

#include "appraisal/policy.h"
#include "appraisal/refusal.h"
#include "appraisal/tpm_rules.h"
#include "crypto/x509.h"

namespace brume::appraisal {

// What a verifier of TPM quotes needs besides the evidence. As delivered, in any order.
struct TpmEndorsements {
  std::vector<std::string> certificates;  // of makers and clouds: DER of one, or PEM of one or several
  std::vector<std::string> crls;          // DER, hex of DER, or PEM
};

enum class TpmKeyUse { kAttestation, kEndorsement };

// Read, nothing verified.
struct TpmStore {
  std::vector<crypto::Certificate> certificates;
  std::vector<crypto::Crl> crls;
};
// Adds what can be read; the rest is told as tpm.certificate.format and tpm.crl.format.
void add_to_store(Refusals& refusals, TpmStore& store, const std::vector<std::string>& certificates,
                  const std::vector<std::string>& crls);

// The certificate of that key that is no CA's; nullptr where there is none.
const crypto::Certificate* certificate_of(const TpmStore& store, const SpkiHash& key);

struct TpmChain {
  SpkiHash root;  // the topmost certificate's key: one that the policy names, or that issued itself
  TpmRevocation revocation = TpmRevocation::kUnchecked;
  std::size_t length = 0;
  bool complete = false;  // up to `root`
};
// Adds tpm.chain.* refusals: issuer (none there), signature, profile, usage, expired, not-yet-valid, revoked.
TpmChain check_tpm_chain(Refusals& refusals, const crypto::Certificate& leaf, TpmKeyUse use, const TpmStore& store,
                         const Policy& policy, UnixMs now_ms);

}  // namespace brume::appraisal

// Evidence + endorsements + policy + time -> admitted or refused, and why. Pure.
#pragma once

#include <expected>
#include <memory>

#include "appraisal/attested_peer.h"
#include "appraisal/policy.h"
#include "appraisal/refusal.h"
#include "appraisal/tpm_chain.h"
#include "evidence/collateral.h"
#include "evidence/snp_endorsements.h"
#include "evidence/tpm_evidence.h"

namespace brume::appraisal {

// What the verifier knows before it looks at the evidence.
struct Expected {
  ReportData report_data;    // what the evidence must bind; compared in constant time
  UnixMs now_ms = 0;         // the verifier's own time
  std::string role;          // for which the peer asks; must be among the entry's roles
  Sha256Digest claims_hash;  // handed through to the AttestedPeer
  // What a TPM's quote must have as its extra data; if not given, tpm_nonce(report_data).
  std::optional<Bytes> nonce{};
  // When the nonce that the report data bind was drawn; nothing: unknown.
  std::optional<UnixMs> challenged_ms{};
  // So many entries of this host's IMA list were verified before: the quote must cover at least these.
  std::size_t ima_least_count = 0;
};

// SHA-256 of the report data: what a TPM quotes in a join, since its extra data have no room for all of them.
Bytes tpm_nonce(const ReportData& report_data);

// The peer, or every rule that failed (at least one).
using Verdict = std::expected<AttestedPeer, Refusals>;

// All that came out, for reports: facts as far as they could be read, whether or not they hold.
struct Findings {
  PeerFacts facts_unverified;
  bool tcb_known = false;        // facts' TCB status, date and advisories are set
  std::size_t padding_size = 0;  // zero bytes after the quote
  Refusals refusals;             // empty: all holds
};

// Keeps what was parsed and verified of collateral and certificate chains, so that many joins of one
// platform family do the work once. What depends on time or revocation is checked at every call.
// Not for use by several threads at once.
class Verifier {
 public:
  Verifier();
  ~Verifier();
  Verifier(Verifier&&) noexcept;
  Verifier& operator=(Verifier&&) noexcept;

  // Adds a bundle; of several, the one that fits the platform's FMSPC, PCEID and CA is used, the
  // latest added first. At most kCollateralLimit: the oldest goes.
  void add_collateral(const evidence::Collateral& collateral);
  void clear_collateral();
  // Certificates and CRLs of SEV-SNP: of all that were added, those that fit a report are used. The store is bounded
  // (appraisal/snp_store.h): the oldest goes.
  void add_snp_endorsements(const evidence::SnpEndorsements& endorsements);
  void clear_snp_endorsements();

  // Certificates and CRLs of TPM makers and clouds; the evidence's own certificates count beside them.
  void add_tpm_endorsements(const TpmEndorsements& endorsements);
  // The caller has made a credential for this endorsement key and this name (evidence/tpm_credential.h) and got the
  // secret back: the attestation key lies in that TPM. At most kActivationLimit: the oldest goes.
  void add_tpm_activation(const SpkiHash& ek, ByteView ak_name);
  void clear_tpm();

  // `evidence`: a CMW record.
  Verdict appraise(ByteView evidence, const Policy& policy, const Expected& expected);
  // The same, told in full; admits nobody.
  Findings examine(ByteView evidence, const Policy& policy, const Expected& expected);

  // TPM evidence as it is, without a record around it: logs may be longer than what travels.
  Findings examine_tpm(const evidence::TpmEvidence& evidence, const Policy& policy, const Expected& expected);

  static constexpr std::size_t kCollateralLimit = 64;
  static constexpr std::size_t kActivationLimit = 4096;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The same, once, with one bundle.
Verdict appraise(ByteView evidence, const evidence::Collateral& collateral, const Policy& policy,
                 const Expected& expected);

}  // namespace brume::appraisal

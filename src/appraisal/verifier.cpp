#include "appraisal/appraise.h"
#include "appraisal/dcap_appraiser.h"
#include "appraisal/snp_appraiser.h"
#include "appraisal/tpm_appraiser.h"
#include "evidence/cmw.h"
#include "evidence/none.h"

namespace brume::appraisal {
namespace {

// Claims and no more: the facts are what the peer says, which a policy for tee none accepts.
void examine_none(ByteView value, const Expected& expected, Findings& findings, KnownFacts& known) {
  auto claims = evidence::parse_none_evidence(value);
  if (!claims) {
    refuse(findings.refusals, "none.format", "claims of tee none", claims.error().what, "use matching versions");
    return;
  }
  PeerFacts& facts = findings.facts_unverified;
  facts.tee = Tee::kNone;
  facts.measurement = claims->claimed_measurement;
  facts.image = claims->claimed_image;
  facts.signer = claims->claimed_signer;
  known.tee = true;
  known.image = true;
  if (!equal_constant_time(claims->report_data.view(), expected.report_data.view())) {
    refuse(findings.refusals, "join.report-data", "report data bound to this session", "other report data",
           "the evidence was made for another session, nonce, role or epoch: join anew");
  }
}

// A missing list, never one that is there and does not hold.
bool is_missing_crl(const Refusal& refusal) { return refusal.rule.ends_with("crl.missing"); }

void apply_policy(const Policy& policy, const KnownFacts& known, const Expected& expected, Findings& findings) {
  const PolicyMatch match = match_policy(findings.refusals, policy, findings.facts_unverified, known, expected.role,
                                         {expected.now_ms, expected.challenged_ms});
  findings.facts_unverified.tcb_grace_until_ms = match.grace_until_ms;
  if (match.crl_required) return;
  findings.facts_unverified.revocation_unchecked = std::erase_if(findings.refusals, is_missing_crl) > 0;
}

}  // namespace

struct Verifier::State {
  DcapAppraiser dcap;
  SnpAppraiser snp;
  TpmAppraiser tpm;
};

Verifier::Verifier() : state_(std::make_unique<State>()) {}
Verifier::~Verifier() = default;
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;

void Verifier::add_collateral(const evidence::Collateral& collateral) { state_->dcap.add_collateral(collateral); }
void Verifier::clear_collateral() { state_->dcap.clear_collateral(); }
void Verifier::add_snp_endorsements(const evidence::SnpEndorsements& endorsements) {
  state_->snp.add_endorsements(endorsements);
}
void Verifier::clear_snp_endorsements() { state_->snp.clear_endorsements(); }
void Verifier::add_tpm_endorsements(const TpmEndorsements& endorsements) { state_->tpm.add_endorsements(endorsements); }
void Verifier::add_tpm_activation(const SpkiHash& ek, ByteView ak_name) { state_->tpm.add_activation(ek, ak_name); }
void Verifier::clear_tpm() { state_->tpm.clear(); }

Findings Verifier::examine_tpm(const evidence::TpmEvidence& evidence, const Policy& policy, const Expected& expected) {
  Findings findings;
  KnownFacts known;
  state_->tpm.examine(evidence, policy, expected, findings, known);
  if (known.tee) apply_policy(policy, known, expected, findings);
  return findings;
}

Findings Verifier::examine(ByteView evidence, const Policy& policy, const Expected& expected) {
  Findings findings;
  KnownFacts known;
  auto cmw = evidence::parse_cmw(evidence);
  if (!cmw) {
    refuse(findings.refusals, "evidence.format", "a CMW record", cmw.error().what, "use matching versions");
    return findings;
  }
  if (cmw->type == evidence::kTypeSgxQuote) {
    state_->dcap.examine(evidence::TeeType::kSgx, cmw->value, policy, expected, findings, known);
  } else if (cmw->type == evidence::kTypeTdxQuote) {
    state_->dcap.examine(evidence::TeeType::kTdx, cmw->value, policy, expected, findings, known);
  } else if (cmw->type == evidence::kTypeSnpReport) {
    state_->snp.examine(cmw->value, policy, expected, findings, known);
  } else if (cmw->type == evidence::kTypeTpmQuote) {
    const auto tpm = evidence::parse_tpm_evidence(cmw->value);
    if (tpm) return examine_tpm(*tpm, policy, expected);
    refuse(findings.refusals, "tpm.format", "TPM evidence", tpm.error().what, "use matching versions");
    return findings;
  } else if (cmw->type == evidence::kTypeNone) {
    examine_none(cmw->value, expected, findings, known);
  } else {
    refuse(findings.refusals, "evidence.type", "a known type of evidence", "another type", "use matching versions");
    return findings;
  }
  if (known.tee) apply_policy(policy, known, expected, findings);
  return findings;
}

Verdict Verifier::appraise(ByteView evidence, const Policy& policy, const Expected& expected) {
  Findings findings = examine(evidence, policy, expected);
  if (!findings.refusals.empty()) return std::unexpected(std::move(findings.refusals));
  return AttestedPeer(std::move(findings.facts_unverified), expected.role, expected.claims_hash, expected.now_ms);
}

Verdict appraise(ByteView evidence, const evidence::Collateral& collateral, const Policy& policy,
                 const Expected& expected) {
  Verifier verifier;
  verifier.add_collateral(collateral);
  return verifier.appraise(evidence, policy, expected);
}

}  // namespace brume::appraisal

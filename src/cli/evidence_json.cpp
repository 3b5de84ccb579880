#include "appraisal/rule_reference.h"
#include "appraisal/snp_names.h"
#include "cli/evidence_fields.h"
#include "cli/evidence_output.h"
#include "evidence/time.h"

namespace brume::cli {
namespace {

using nlohmann::ordered_json;

bool has_rule(const Verification& verification, std::string_view ending) {
  for (const auto& refusal : verification.findings.refusals) {
    if (refusal.rule.ends_with(ending)) return true;
  }
  return false;
}

// Of a platform below every level, Intel's word is no status but this.
ordered_json tcb_status(const Verification& verification) {
  if (verification.findings.tcb_known) {
    return std::string(evidence::tcb_status_name(verification.findings.facts_unverified.tcb_status));
  }
  if (has_rule(verification, ".tcb.level")) return "TcbNotSupported";
  return nullptr;
}

// Zero stands for what was not read.
template <typename Digest>
ordered_json digest_of(const Digest& digest) {
  return digest == Digest{} ? ordered_json(nullptr) : ordered_json(digest.hex());
}

ordered_json tcb_of(const appraisal::PeerFacts& facts) {
  ordered_json out = ordered_json::object();
  if (facts.dcap) {
    out["date"] = evidence::format_time(facts.tcb_date_ms);
    out["evaluation_data_number"] = facts.tcb_evaluation_data_number;
    out["platform"] = fields_of(facts.platform_tcb);
    out["qe"] = fields_of(facts.qe_tcb);
  }
  if (facts.tdx && facts.tdx->module_tcb) out["tdx_module"] = fields_of(*facts.tdx->module_tcb);
  if (facts.tdx && facts.tdx->launch_status) out["launch_status"] = tcb_status_name(*facts.tdx->launch_status);
  if (facts.tdx && facts.tdx->current_status) out["current_status"] = tcb_status_name(*facts.tdx->current_status);
  if (facts.tcb_grace_until_ms) out["accepted_until"] = evidence::format_time(*facts.tcb_grace_until_ms);
  return out;
}

ordered_json platform_of(const appraisal::PeerFacts& facts) {
  ordered_json out = ordered_json::object();
  if (facts.platform != appraisal::PlatformId{}) out["id"] = facts.platform.hex();
  if (facts.root != SpkiHash{}) out["root"] = facts.root.hex();
  if (facts.dcap && facts.dcap->pck) out.update(fields_of(*facts.dcap->pck));
  if (facts.snp) {
    out["chip_id"] = facts.snp->report.chip_id.hex();
    if (facts.snp->product) out["product"] = snp_product_name(*facts.snp->product);
    out["revocation"] = snp_revocation_name(facts.snp->revocation);
  }
  return out;
}

// What the evidence says of itself, whether or not it holds.
ordered_json claims_of(const Verification& verification) {
  const auto& facts = verification.findings.facts_unverified;
  if (facts.snp) return fields_of(facts.snp->report, facts.snp->product);
  if (facts.tpm) return fields_of(*facts.tpm);
  if (verification.log) return fields_of(*verification.log);
  if (verification.ima) return fields_of(*verification.ima);
  if (verification.evidence.what.kind == evidence::FileKind::kDcapQuote) {
    const auto quote = evidence::parse_quote(verification.evidence.what.content);
    if (quote) return fields_of(*quote);
  }
  return ordered_json::object();
}

ordered_json measurement_of(const appraisal::PeerFacts& facts) {
  if (facts.tdx) return facts.tdx->report.mr_td.hex();
  if (facts.snp) return facts.snp->report.measurement.hex();
  if (facts.tpm) return to_hex(facts.tpm->quote.pcr_digest);
  return digest_of(facts.measurement);
}

// MRSIGNER; of a guest the digest of the author's key, else of its id key.
ordered_json signer_of(const appraisal::PeerFacts& facts) {
  if (!facts.snp) return digest_of(facts.signer);
  const bool author = facts.snp->report.key_info.author_key;
  return digest_of(author ? facts.snp->report.author_key_digest : facts.snp->report.id_key_digest);
}

// Of a quote whose chain says nothing, what it claims to be.
appraisal::Tee tee_of(const Verification& verification) {
  const auto& facts = verification.findings.facts_unverified;
  if (facts.tee != appraisal::Tee::kNone || !facts.dcap) return facts.tee;
  return appraisal::Tee::kSgx;
}

// TDs and TPMs have none.
ordered_json svn_of(const appraisal::PeerFacts& facts, appraisal::Tee tee) {
  if (tee != appraisal::Tee::kSevSnp && tee != appraisal::Tee::kSgx && tee != appraisal::Tee::kSgxSim) {
    return nullptr;
  }
  return facts.snp ? facts.snp->report.guest_svn : facts.isv_svn;
}

ordered_json refusals_of(const Verification& verification) {
  ordered_json out = ordered_json::array();
  for (const auto& refusal : verification.findings.refusals) {
    ordered_json one = {
        {"rule", refusal.rule}, {"expected", refusal.expected}, {"got", refusal.got}, {"fix", refusal.fix}};
    if (const auto* reference = appraisal::find_reference(refusal.rule)) one["source"] = reference->source;
    out.push_back(std::move(one));
  }
  return out;
}

ordered_json evidence_of(const Verification& verification) {
  const auto& what = verification.evidence.what;
  ordered_json out = {{"kind", evidence::file_kind_name(what.kind)}, {"wrapped_in", what.wrappings}};
  out["padding"] = verification.findings.padding_size;
  return out;
}

// draft-ietf-rats-ear, section 3: not signed, since it goes no further than whoever called the tool.
ordered_json ear_of(const Verification& verification, appraisal::Tee tee) {
  ordered_json vector = ordered_json::object();
  ordered_json reasons = ordered_json::object();
  for (const appraisal::EarClaim& claim : verification.ear.claims) {
    if (claim.value == appraisal::kEarNoClaim) continue;
    vector[std::string(claim.name)] = claim.value;
    reasons[std::string(claim.name)] = claim.why;
  }
  const std::string policy =
      verification.policy_hash ? "urn:sha256:" + verification.policy_hash->hex() : "urn:brume:policy:default";
  ordered_json submod = {{"ear.status", appraisal::ear_tier_name(verification.ear.status)},
                         {"ear.trustworthiness-vector", vector},
                         {"ear.appraisal-policy-id", policy},
                         {"brume.reasons", reasons}};
  ordered_json submods = ordered_json::object();
  submods[std::string(tee == appraisal::Tee::kNone ? "unknown" : tee_name(tee))] = std::move(submod);
  return {{"eat_profile", appraisal::kEarProfile},
          {"iat", verification.now_ms / 1000},
          {"ear.verifier-id", {{"developer", "Brume"}, {"build", "brume " BRUME_VERSION}}},
          {"submods", submods}};
}

ordered_json files_of(const Verification& verification) {
  ordered_json out = ordered_json::array();
  for (const auto& file : verification.files) {
    out.push_back({{"name", file.name},
                   {"kind", evidence::file_kind_name(file.kind)},
                   {"use", file.use.empty() ? ordered_json(nullptr) : ordered_json(file.use)}});
  }
  return out;
}

}  // namespace

ordered_json to_json(const Verification& verification) {
  const auto& facts = verification.findings.facts_unverified;
  ordered_json out;
  out["verdict"] = verification.accepted() ? "accepted" : "refused";
  const appraisal::Tee tee = tee_of(verification);
  out["tee"] = tee == appraisal::Tee::kNone ? ordered_json(nullptr) : ordered_json(tee_name(tee));
  out["tcb_status"] = tcb_status(verification);
  out["advisories"] = facts.advisories;
  out["measurement"] = measurement_of(facts);
  out["signer"] = signer_of(facts);
  out["isv_svn"] = svn_of(facts, tee);
  out["report_data"] = to_hex(verification.report_data_unverified);
  out["debug"] = facts.debug;
  out["platform"] = platform_of(facts);
  out["refusals"] = refusals_of(verification);
  if (verification.findings.tcb_known) out["tcb"] = tcb_of(facts);
  out["claims"] = claims_of(verification);
  out["evidence"] = evidence_of(verification);
  out["collateral"] = files_of(verification);
  out["verified_at"] = evidence::format_time(verification.now_ms);
  out["ear"] = ear_of(verification, tee);
  out["policy"] = verification.policy_hash ? ordered_json(verification.policy_hash->hex()) : ordered_json("default");
  return out;
}

}  // namespace brume::cli

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

ordered_json component(const appraisal::TcbFacts& facts) {
  return {{"status", evidence::tcb_status_name(facts.status)},
          {"date", evidence::format_time(facts.date_ms)},
          {"advisories", facts.advisories}};
}

ordered_json tcb_of(const appraisal::PeerFacts& facts) {
  ordered_json out = {{"date", evidence::format_time(facts.tcb_date_ms)},
                      {"evaluation_data_number", facts.tcb_evaluation_data_number},
                      {"platform", component(facts.platform_tcb)},
                      {"qe", component(facts.qe_tcb)}};
  return out;
}

ordered_json platform_of(const Verification& verification) {
  const auto& facts = verification.findings.facts_unverified;
  ordered_json out = ordered_json::object();
  if (facts.platform != appraisal::PlatformId{}) out["id"] = facts.platform.hex();
  if (facts.root != SpkiHash{}) out["root"] = facts.root.hex();
  return out;
}

ordered_json refusals_of(const Verification& verification) {
  ordered_json out = ordered_json::array();
  for (const auto& refusal : verification.findings.refusals) {
    out.push_back({{"rule", refusal.rule}, {"expected", refusal.expected}, {"got", refusal.got}, {"fix", refusal.fix}});
  }
  return out;
}

ordered_json evidence_of(const Verification& verification) {
  const auto& what = verification.evidence.what;
  ordered_json out = {{"kind", evidence::file_kind_name(what.kind)}, {"wrapped_in", what.wrappings}};
  out["padding"] = verification.findings.padding_size;
  return out;
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

// Zero stands for what was not read.
template <typename Digest>
ordered_json digest_of(const Digest& digest) {
  return digest == Digest{} ? ordered_json(nullptr) : ordered_json(digest.hex());
}

}  // namespace

ordered_json to_json(const Verification& verification) {
  const auto& facts = verification.findings.facts_unverified;
  ordered_json out;
  out["verdict"] = verification.accepted() ? "accepted" : "refused";
  out["tee"] = facts.tee == appraisal::Tee::kNone ? ordered_json(nullptr) : ordered_json(tee_name(facts.tee));
  out["tcb_status"] = tcb_status(verification);
  out["advisories"] = facts.advisories;
  out["measurement"] = digest_of(facts.measurement);
  out["signer"] = digest_of(facts.signer);
  out["isv_svn"] = facts.isv_svn;
  out["report_data"] = to_hex(verification.report_data_unverified);
  out["debug"] = facts.debug;
  out["platform"] = platform_of(verification);
  out["refusals"] = refusals_of(verification);
  if (verification.findings.tcb_known) out["tcb"] = tcb_of(facts);
  out["evidence"] = evidence_of(verification);
  out["collateral"] = files_of(verification);
  out["verified_at"] = evidence::format_time(verification.now_ms);
  out["policy"] = verification.policy_hash ? ordered_json(verification.policy_hash->hex()) : ordered_json("default");
  return out;
}

}  // namespace brume::cli

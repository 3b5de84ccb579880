#include <sstream>

#include "appraisal/rule_reference.h"
#include "cli/evidence_output.h"
#include "cli/evidence_show.h"
#include "evidence/time.h"

namespace brume::cli {
namespace {

void add_claims(const appraisal::Ear& ear, std::ostringstream& out) {
  out << "\nwhat it comes to (" << appraisal::ear_tier_name(ear.status) << ")\n";
  for (const appraisal::EarClaim& claim : ear.claims) {
    if (claim.value == appraisal::kEarNoClaim) continue;
    out << "  " << claim.name << std::string(20 - claim.name.size(), ' ')
        << appraisal::ear_tier_name(appraisal::ear_tier(claim.value)) << ": " << claim.why << "\n";
  }
}

void add_refusals(const appraisal::Refusals& refusals, std::ostringstream& out) {
  if (!refusals.empty()) out << "\nwhat does not hold\n";
  for (const appraisal::Refusal& refusal : refusals) {
    const auto* reference = appraisal::find_reference(refusal.rule);
    out << "  " << refusal.rule << "\n    expected  " << refusal.expected << "\n    got       " << refusal.got << "\n";
    if (reference != nullptr) out << "    source    " << reference->source << "\n";
    out << "    do        " << refusal.fix << "\n";
  }
}

void add_files(const std::vector<evidence::FileUse>& files, std::ostringstream& out) {
  bool any = false;
  for (const evidence::FileUse& file : files) {
    if (!file.use.empty()) continue;
    out << (any ? ", " : "\nnot used: ") << file.name << " (" << evidence::file_kind_name(file.kind) << ")";
    any = true;
  }
  if (any) out << "\n";
}

}  // namespace

std::string to_text(const Verification& verification) {
  std::ostringstream out;
  const nlohmann::ordered_json json = to_json(verification);
  out << (verification.accepted() ? "accepted: " : "refused: ") << verification.evidence.name << ", "
      << evidence::file_kind_name(verification.evidence.what.kind) << "\n";
  nlohmann::ordered_json facts = nlohmann::ordered_json::object();
  for (const char* name : {"tee", "tcb_status", "advisories", "measurement", "signer", "isv_svn", "report_data",
                           "debug", "platform", "tcb", "verified_at"}) {
    if (json.contains(name) && !json[name].is_null() && json[name] != "") facts[name] = json[name];
  }
  out << as_lines(facts);
  add_claims(verification.ear, out);
  add_refusals(verification.findings.refusals, out);
  add_files(verification.files, out);
  return out.str();
}

}  // namespace brume::cli

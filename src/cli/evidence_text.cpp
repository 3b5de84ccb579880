#include <sstream>

#include "cli/evidence_output.h"
#include "evidence/time.h"

namespace brume::cli {

std::string to_text(const Verification& verification) {
  std::ostringstream out;
  const auto& facts = verification.findings.facts_unverified;
  out << (verification.accepted() ? "accepted" : "refused") << ": " << verification.evidence.name << "\n";
  if (verification.findings.tcb_known) out << "tcb status  " << evidence::tcb_status_name(facts.tcb_status) << "\n";
  for (const auto& refusal : verification.findings.refusals) {
    out << "\n"
        << refusal.rule << "\n  expected  " << refusal.expected << "\n  got       " << refusal.got << "\n  do        "
        << refusal.fix << "\n";
  }
  return out.str();
}

}  // namespace brume::cli

// A policy that parses names what it accepts: no entry without a root where a tee needs one, none that
// takes a revoked platform, none of Intel's root for a simulator, none that takes any program of anybody.
#include <algorithm>

#include "appraisal/policy.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  auto policy = appraisal::parse_policy(as_chars({data, size}));
  if (!policy) return 0;
  for (const appraisal::AllowEntry& entry : policy->allow) {
    bool revoked = std::ranges::find(entry.tcb_statuses, evidence::TcbStatus::kRevoked) != entry.tcb_statuses.end();
    BRUME_CHECK(!revoked);
    for (const SpkiHash& root : entry.roots) {
      BRUME_CHECK(policy->names_root(entry.tee, root));
      BRUME_CHECK(entry.tee != appraisal::Tee::kSgxSim || root != appraisal::kIntelSgxRoot);
    }
    if (entry.tee == appraisal::Tee::kTdx || entry.tee == appraisal::Tee::kSevSnp || entry.tee == appraisal::Tee::kTpm)
      continue;
    BRUME_CHECK(entry.any_measurement != !entry.measurements.empty());
    BRUME_CHECK(entry.any_image != !entry.images.empty());
    BRUME_CHECK(entry.any_signer != !entry.signers.empty());
    BRUME_CHECK(entry.tee == appraisal::Tee::kNone || !entry.any_measurement || !entry.any_signer);
    BRUME_CHECK((entry.tee == appraisal::Tee::kNone) == entry.roots.empty());
  }
  return 0;
}

// A log that is held against what it replays to itself never differs from it; evidence is never accepted under a
// policy that names a key which nobody has.
#include "appraisal/appraise.h"
#include "base/check.h"

namespace {

using namespace brume;
using namespace brume::appraisal;

bool has(const Refusals& refusals, std::string_view rule) {
  for (const Refusal& refusal : refusals) {
    if (refusal.rule == rule) return true;
  }
  return false;
}

Policy nobody() {
  AllowEntry entry;
  entry.tee = Tee::kTpm;
  entry.tpm.ak_names = {Bytes(34, 0x0b)};
  entry.roles = {"worker"};
  Policy policy;
  policy.allow.push_back(entry);
  return policy;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Policy kNobody = nobody();
  const ByteView input(data, size);
  for (const auto kind : {evidence::EventLogKind::kTpm, evidence::EventLogKind::kCcel}) {
    Refusals refusals;
    const auto found = check_event_log(refusals, input, kind, replayed_values(input));
    BRUME_CHECK(!has(refusals, "log.register") && !has(refusals, "log.unexplained"));
    BRUME_CHECK(found.differing.empty() && found.unchecked.empty());
  }
  Refusals refusals;
  const auto list = check_ima_log(refusals, input, {});
  if (list.readable) {
    refusals.clear();
    static_cast<void>(check_ima_log(refusals, input, list.replayed).entries->size());
  }
  if (auto evidence = evidence::parse_tpm_evidence(input)) {
    Expected expected;
    expected.role = "worker";
    Verifier verifier;
    BRUME_CHECK(!verifier.examine_tpm(*evidence, kNobody, expected).refusals.empty());
  }
  return 0;
}

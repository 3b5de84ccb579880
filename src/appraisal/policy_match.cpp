#include "appraisal/policy_match.h"

#include "appraisal/policy_list.h"
#include "evidence/time.h"

namespace brume::appraisal {
namespace {

void check_identity(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts, const KnownFacts& known) {
  check_digest(refusals, "policy.measurement", entry.measurements, entry.any_measurement, facts.measurement,
               kFixPolicy);
  check_digest(refusals, "policy.signer", entry.signers, entry.any_signer, facts.signer, kFixPolicy);
  if (!entry.any_image && !known.image) {
    refuse(refusals, "policy.image", "CONFIGID that holds an image digest and zeros, CONFIGSVN 0", "something else",
           "start the enclave by the platform, which measures the image");
  } else {
    check_digest(refusals, "policy.image", entry.images, entry.any_image, facts.image,
                 "the container's files differ from the built image: start it from the image that was built");
  }
}

void check_versions(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts) {
  if (facts.isv_svn < entry.min_isv_svn) {
    refuse(refusals, "policy.isv-svn", "at least " + std::to_string(entry.min_isv_svn), std::to_string(facts.isv_svn),
           "build the program with a current security version");
  }
  if (entry.product_id && facts.product_id != *entry.product_id) {
    refuse(refusals, "policy.product", std::to_string(*entry.product_id), std::to_string(facts.product_id), kFixPolicy);
  }
}

void check_debug(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts) {
  if (facts.debug && !entry.debug_allowed) {
    refuse(refusals, "policy.debug", "no DEBUG attribute", "DEBUG is set: the host can read such an enclave",
           "start the enclave without debug");
  }
}

// Gives the end of a grace window that is what makes the status accepted.
std::optional<UnixMs> check_tcb(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts, UnixMs now_ms) {
  if (std::ranges::find(entry.tcb_statuses, facts.tcb_status) != entry.tcb_statuses.end()) return std::nullopt;
  auto name = [](evidence::TcbStatus status) { return std::string(evidence::tcb_status_name(status)); };
  const auto grace_end = grace_end_ms(entry, facts);
  if (grace_end && now_ms <= *grace_end) return grace_end;
  if (grace_end) {
    refuse(refusals, "policy.grace", name(facts.tcb_status) + " until " + evidence::format_time(*grace_end),
           "now is " + evidence::format_time(now_ms), "update the platform's firmware and microcode");
    return std::nullopt;
  }
  refuse(refusals, "sgx.tcb.status", listed(entry.tcb_statuses, name), name(facts.tcb_status),
         "update the platform's firmware and microcode, or accept this status in the policy");
  return std::nullopt;
}

void check_protections(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts, const KnownFacts& known) {
  if (!known.protections) {
    refuse(refusals, "policy.protection", "a CPUSVN that lists known protections", "something else",
           "use a platform of this version");
    return;
  }
  evidence::Protections missing{entry.required_protections.bits & ~facts.protections.bits};
  if (missing.bits == 0) return;
  refuse(refusals, "policy.protection", evidence::protection_list(entry.required_protections),
         "without " + evidence::protection_list(missing),
         "use a host whose kernel has them, or name in the policy only those that you insist on");
}

void check_tee_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts, const KnownFacts& known) {
  switch (entry.tee) {
    case Tee::kTdx:
      return match_tdx_rules(refusals, entry, facts);
    case Tee::kSevSnp:
      return match_snp_rules(refusals, entry, facts);
    case Tee::kTpm:
      return match_tpm_rules(refusals, entry, facts);
    default:
      check_identity(refusals, entry, facts, known);
      check_versions(refusals, entry, facts);
      if (entry.tee == Tee::kSgxSim) check_protections(refusals, entry, facts, known);
  }
}

Refusals check_entry(const AllowEntry& entry, const PeerFacts& facts, const KnownFacts& known, const std::string& role,
                     const Moment& moment, PolicyMatch& match) {
  Refusals refusals;
  match.crl_required = entry.platform.crl_required;
  if (!entry.roots.empty()) check_digest(refusals, "policy.root", entry.roots, false, facts.root, kFixPolicy);
  check_tee_rules(refusals, entry, facts, known);
  check_debug(refusals, entry, facts);
  if (known.tcb) match.grace_until_ms = check_tcb(refusals, entry, facts, moment.now_ms);
  if (entry.tee != Tee::kNone) match_platform_rules(refusals, entry, facts, known.tcb, moment);
  if (std::ranges::find(entry.roles, role) == entry.roles.end()) {
    refuse(refusals, "policy.role", listed(entry.roles, [](const std::string& name) { return name; }),
           "a role that the entry does not give", kFixPolicy);
  }
  return refusals;
}

}  // namespace

PolicyMatch match_policy(Refusals& refusals, const Policy& policy, const PeerFacts& facts, const KnownFacts& known,
                         const std::string& role, const Moment& moment) {
  bool any = false;
  PolicyMatch nearest;
  Refusals fewest;
  for (const AllowEntry& entry : policy.allow) {
    if (entry.tee != facts.tee) continue;
    PolicyMatch match;
    Refusals found = check_entry(entry, facts, known, role, moment, match);
    if (!any || found.size() < fewest.size()) {
      fewest = std::move(found);
      nearest = match;
    }
    any = true;
    if (fewest.empty()) return nearest;
  }
  if (!any) {
    refuse(refusals, "policy.tee",
           listed(policy.allow, [](const AllowEntry& entry) { return std::string(tee_name(entry.tee)); }),
           std::string(tee_name(facts.tee)), "add an [[allow]] entry for this tee, if you trust it");
    return nearest;
  }
  refusals.insert(refusals.end(), fewest.begin(), fewest.end());
  return nearest;
}

}  // namespace brume::appraisal

#include "appraisal/snp_rules.h"

#include <algorithm>
#include <tuple>

#include "appraisal/attested_peer.h"
#include "appraisal/policy.h"
#include "appraisal/policy_list.h"
#include "appraisal/snp_names.h"

namespace brume::appraisal {
namespace {

using evidence::SnpFirmware;
using evidence::SnpTcb;

constexpr std::string_view kFixLaunch = "launch the guest anew with the policy that its owner wants";
constexpr std::string_view kFixFirmware = "update the platform's SEV firmware and microcode, and commit it";

template <typename Id>
void check_listed(Refusals& refusals, std::string_view rule, const std::vector<Id>& allowed, const Id& got) {
  check_digest(refusals, rule, allowed, allowed.empty(), got, kFixPolicy);
}

void check_identity(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts) {
  const SnpRules& rules = entry.snp;
  const evidence::SnpReport& report = facts.snp->report;
  check_digest(refusals, "policy.measurement", rules.measurements, entry.any_measurement, report.measurement,
               kFixPolicy);
  check_digest(refusals, "policy.image", entry.images, entry.any_image, facts.image,
               "HOST_DATA is not the digest of an allowed image: start the guest with the image that was built");
  check_listed(refusals, "policy.id-key", rules.id_keys, report.id_key_digest);
  check_listed(refusals, "policy.author-key", rules.author_keys, report.author_key_digest);
  check_listed(refusals, "policy.family-id", rules.family_ids, report.family_id);
  check_listed(refusals, "policy.image-id", rules.image_ids, report.image_id);
  check_listed(refusals, "policy.chip", rules.chips, report.chip_id);
  if (report.guest_svn < rules.min_guest_svn) {
    refuse(refusals, "policy.guest-svn", "at least " + std::to_string(rules.min_guest_svn),
           std::to_string(report.guest_svn), "build the guest with a current security version");
  }
}

bool reaches(const SnpTcb& tcb, const SnpTcbMinimum& least) {
  return tcb.fmc.value_or(0) >= least.fmc && tcb.boot_loader >= least.boot_loader && tcb.tee >= least.tee &&
         tcb.snp >= least.snp && tcb.microcode >= least.microcode;
}

SnpTcb tcb_of(const SnpTcbMinimum& least) {
  return {least.fmc, least.boot_loader, least.tee, least.snp, least.microcode};
}

bool is_of(const SnpRules& rules, const std::optional<evidence::SnpProduct>& product) {
  return rules.products.empty() || (product && std::ranges::find(rules.products, *product) != rules.products.end());
}

void check_tcb(Refusals& refusals, const SnpRules& rules, const SnpFacts& facts) {
  if (!facts.product) return;  // refused already: no layout, no components
  const SnpTcb reported = evidence::snp_tcb(facts.report.reported_tcb, *facts.product);
  const SnpTcb launch = evidence::snp_tcb(facts.report.launch_tcb, *facts.product);
  if (!reaches(reported, rules.min_tcb)) {
    refuse(refusals, "policy.tcb", "at least " + snp_tcb_text(tcb_of(rules.min_tcb)), snp_tcb_text(reported),
           kFixFirmware);
  }
  if (!reaches(launch, rules.min_launch_tcb)) {
    refuse(refusals, "policy.launch-tcb", "at least " + snp_tcb_text(tcb_of(rules.min_launch_tcb)),
           snp_tcb_text(launch), "launch the guest anew on updated firmware");
  }
}

auto in_order(const SnpFirmware& firmware) { return std::tuple(firmware.major, firmware.minor, firmware.build); }

void check_firmware(Refusals& refusals, const SnpRules& rules, const evidence::SnpReport& report) {
  if (in_order(report.committed_firmware) < in_order(rules.min_firmware)) {
    refuse(refusals, "policy.firmware", "at least " + snp_firmware_text(rules.min_firmware),
           snp_firmware_text(report.committed_firmware), kFixFirmware);
  }
  const bool committed = in_order(report.committed_firmware) == in_order(report.current_firmware) &&
                         report.committed_tcb == report.current_tcb;
  if (!committed && !rules.provisional_allowed) {
    refuse(refusals, "policy.provisional", "firmware that is committed", "firmware that can be rolled back",
           "commit the platform's firmware");
  }
  const auto mitigations = report.mitigations.value_or(evidence::SnpMitigations{});
  const bool launch = (rules.launch_mitigations & ~mitigations.launch) == 0;
  const bool current = (rules.current_mitigations & ~mitigations.current) == 0;
  if (!launch || !current) {
    refuse(refusals, "policy.mitigations", "the mitigations that the policy names",
           "launch vector " + std::to_string(mitigations.launch) + ", current " + std::to_string(mitigations.current),
           kFixFirmware);
  }
}

bool holds(SnpRequirement requirement, const evidence::SnpReport& report) {
  switch (requirement) {
    case SnpRequirement::kSingleSocket:
      return report.policy.single_socket();
    case SnpRequirement::kAes256Xts:
      return report.policy.aes_256_xts();
    case SnpRequirement::kRaplDisabled:
      return report.policy.rapl_disabled();
    case SnpRequirement::kCiphertextHiding:
      return report.policy.ciphertext_hiding();
    case SnpRequirement::kPageSwapDisabled:
      return report.policy.page_swap_disabled();
    case SnpRequirement::kEcc:
      return report.platform_info.ecc();
    case SnpRequirement::kTsme:
      return report.platform_info.tsme();
    default:
      return report.platform_info.alias_check();
  }
}

// 56860, tables "GUEST_POLICY" and "PLATFORM_INFO".
void check_bits(Refusals& refusals, const SnpRules& rules, const evidence::SnpReport& report) {
  const auto forbid = [&](bool allowed, bool set, std::string_view rule, std::string_view what) {
    if (!allowed && set) refuse(refusals, rule, "a guest without " + std::string(what), "it is allowed", kFixLaunch);
  };
  forbid(rules.smt_allowed, report.policy.smt() || report.platform_info.smt(), "policy.smt", "SMT");
  forbid(rules.migration_allowed, report.policy.migration(), "policy.migration", "a migration agent");
  forbid(rules.cxl_allowed, report.policy.cxl(), "policy.cxl", "CXL devices and memory");
  for (const SnpRequirement requirement : rules.required) {
    if (holds(requirement, report)) continue;
    refuse(refusals, "policy.require", std::string(snp_requirement_name(requirement)), "not so", kFixLaunch);
  }
  if (report.platform_info.unknown() != 0) {
    refuse(refusals, "policy.platform-info", "bits of PLATFORM_INFO that are known", "others are set",
           "use a version that knows this firmware");
  }
}

void check_vmpl(Refusals& refusals, const SnpRules& rules, const evidence::SnpReport& report) {
  if (report.vmpl <= rules.max_vmpl) return;
  refuse(refusals, "policy.vmpl", "a VMPL of at most " + std::to_string(rules.max_vmpl),
         report.vmpl == evidence::kSnpVmplHost ? "a report that the host asked for" : std::to_string(report.vmpl),
         "ask for the report at the privilege level of the trusted part of the guest");
}

void check_endorsement(Refusals& refusals, const SnpRules& rules, const SnpFacts& facts) {
  if (!is_of(rules, facts.product)) {
    refuse(refusals, "policy.product",
           listed(rules.products, [](auto product) { return std::string(evidence::snp_product_name(product)); }),
           facts.product ? std::string(evidence::snp_product_name(*facts.product)) : "not known", kFixPolicy);
  }
  if (facts.vlek ? !rules.vlek_allowed : !rules.vcek_allowed) {
    refuse(refusals, "policy.endorsement", rules.vlek_allowed ? "vlek" : "vcek", facts.vlek ? "vlek" : "vcek",
           kFixPolicy);
  }
  constexpr std::string_view kFix = "fetch the product's CRL from AMD's KDS, or say crl = \"optional\" in the policy";
  if (facts.revocation == SnpRevocation::kUnchecked && !rules.crl_optional) {
    refuse(refusals, "snp.crl.missing", "a CRL of the ARK", "none", kFix);
  }
  if (facts.revocation == SnpRevocation::kStale && !rules.crl_optional) {
    refuse(refusals, "snp.crl.expired", "a CRL that is still valid", "its next update is past", kFix);
  }
}

}  // namespace

void match_snp_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts) {
  if (!facts.snp) return;
  const SnpFacts& snp = *facts.snp;
  check_identity(refusals, entry, facts);
  check_tcb(refusals, entry.snp, snp);
  check_firmware(refusals, entry.snp, snp.report);
  check_bits(refusals, entry.snp, snp.report);
  check_vmpl(refusals, entry.snp, snp.report);
  check_endorsement(refusals, entry.snp, snp);
}

bool snp_tcb_up_to_date(const Policy& policy, const SnpFacts& facts) {
  if (!facts.product) return false;
  return std::ranges::any_of(policy.allow, [&](const AllowEntry& entry) {
    if (entry.tee != Tee::kSevSnp || !is_of(entry.snp, facts.product)) return false;
    return reaches(evidence::snp_tcb(facts.report.reported_tcb, *facts.product), entry.snp.min_tcb);
  });
}

std::vector<SpkiHash> amd_roots() {
  static const std::vector<SpkiHash> kRoots = {
      SpkiHash::parse_hex("9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9").value(),   // ARK-Milan
      SpkiHash::parse_hex("429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831").value(),   // ARK-Genoa
      SpkiHash::parse_hex("4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08").value()};  // ARK-Turin
  return kRoots;
}

}  // namespace brume::appraisal

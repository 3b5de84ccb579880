#include "appraisal/ear.h"

#include <algorithm>
#include <array>

namespace brume::appraisal {
namespace {

enum Category {
  kInstance,
  kConfiguration,
  kExecutables,
  kFileSystem,
  kHardware,
  kRuntimeOpaque,
  kStorageOpaque,
  kSourced
};
constexpr std::array<std::string_view, 8> kNames = {"instance-identity", "configuration", "executables",
                                                    "file-system",       "hardware",      "runtime-opaque",
                                                    "storage-opaque",    "sourced-data"};

// Which claim a rule that failed spoils, and how far. The first that fits counts: exact rules before prefixes.
struct Spoiling {
  std::string_view prefix;
  std::string_view ending;
  Category category;
  int value;
};
constexpr Spoiling kSpoilings[] = {
    {"policy.debug", "", kRuntimeOpaque, kEarVisibleMemory},
    {"policy.platform", "", kInstance, kEarUnrecognizedInstance},
    {"policy.chip", "", kInstance, kEarUnrecognizedInstance},
    {"policy.ak", "", kInstance, kEarUnrecognizedInstance},
    {"policy.ek", "", kInstance, kEarUnrecognizedInstance},
    {"join.", "", kInstance, kEarUnrecognizedInstance},
    {"evidence.nonce", "", kInstance, kEarUnrecognizedInstance},
    {"evidence.report-data", "", kInstance, kEarUnrecognizedInstance},
    {"tpm.nonce", "", kInstance, kEarUnrecognizedInstance},
    {"tpm.hcl", "", kInstance, kEarUnrecognizedInstance},
    {"policy.evidence-age", "", kInstance, kEarUnrecognizedInstance},
    {"policy.measurement", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.image", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.signer", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.author-key", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.id-key", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.rtmr", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.mr-", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.pcr", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.boot-image", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.kernel", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.initrd", "", kExecutables, kEarUnrecognizedRuntime},
    {"policy.isv-svn", "", kExecutables, kEarUnsafeRuntime},
    {"policy.guest-svn", "", kExecutables, kEarUnsafeRuntime},
    {"log.", "", kExecutables, kEarContraindicatedRuntime},
    {"ima.", "", kFileSystem, kEarUnrecognizedFiles},
    {"policy.tee", "", kHardware, kEarUnrecognizedHardware},
    {"policy.root", "", kHardware, kEarUnrecognizedHardware},
    {"", ".root.unknown", kHardware, kEarUnrecognizedHardware},
    {"", ".revoked", kHardware, kEarContraindicatedHardware},
    {"", "signature", kHardware, kEarCryptographicFailure},
    {"sgx.tcb.", "", kHardware, kEarUnsafeHardware},
    {"policy.tcb", "", kHardware, kEarUnsafeHardware},
    {"policy.launch-tcb", "", kHardware, kEarUnsafeHardware},
    {"policy.firmware", "", kHardware, kEarUnsafeHardware},
    {"policy.grace", "", kHardware, kEarUnsafeHardware},
    {"policy.advisory", "", kHardware, kEarUnsafeHardware},
    {"policy.", "", kConfiguration, kEarUnsupportableConfiguration},
    {"", "", kHardware, kEarContraindicatedHardware},
};

const Spoiling& spoiling_of(std::string_view rule) {
  return *std::ranges::find_if(kSpoilings, [&](const Spoiling& spoiling) {
    return rule.starts_with(spoiling.prefix) && rule.ends_with(spoiling.ending);
  });
}

bool needs_configuration(evidence::TcbStatus status) {
  using enum evidence::TcbStatus;
  return status == kConfigurationNeeded || status == kConfigurationAndSwHardeningNeeded ||
         status == kOutOfDateConfigurationNeeded;
}

// A list of what may run there is named by every entry that could have let it in.
bool pins_program(const AllowEntry& entry) {
  switch (entry.tee) {
    case Tee::kTdx:
      return !entry.tdx.any_measurement;
    case Tee::kTpm:
      return std::ranges::any_of(entry.tpm.pcrs, [](const TpmPcrRule& rule) { return !rule.values.empty(); }) ||
             !entry.tpm.boot_images.empty();  // kernels go by names that no digest covers
    default:
      return !entry.any_measurement;
  }
}

bool pins_instance(const AllowEntry& entry) {
  return !entry.platform.platforms.empty() || !entry.snp.chips.empty() || !entry.tpm.eks.empty() ||
         !entry.tpm.aks.empty() || !entry.tpm.ak_names.empty();
}

bool every(const Policy& policy, Tee tee, bool (*holds)(const AllowEntry&)) {
  return std::ranges::all_of(policy.allow, [&](const AllowEntry& entry) { return entry.tee != tee || holds(entry); });
}

class EarMaker {
 public:
  EarMaker(const Findings& findings, const Policy& policy)
      : findings_(findings), facts_(findings.facts_unverified), policy_(policy) {
    for (const std::string_view name : kNames) ear_.claims.push_back({name, kEarNoClaim, {}});
  }

  Ear make() {
    if (findings_.refusals.empty()) affirm();
    for (const Refusal& refusal : findings_.refusals) spoil(refusal);
    for (const EarClaim& claim : ear_.claims) ear_.status = std::max(ear_.status, ear_tier(claim.value));
    return std::move(ear_);
  }

 private:
  void set(Category category, int value, std::string why) {
    EarClaim& claim = ear_.claims[category];
    if (value < claim.value) return;  // what is worse stays
    claim.value = value;
    claim.why = std::move(why);
  }

  void affirm() {
    affirm_hardware();
    if (every(policy_, facts_.tee, pins_instance)) set(kInstance, kEarTrustworthyInstance, "named by the policy");
    if (every(policy_, facts_.tee, pins_program)) {
      set(kExecutables, facts_.tee == Tee::kTpm ? kEarApprovedBoot : kEarApprovedRuntime, "named by the policy");
    }
    if (facts_.tpm && facts_.tpm->ima &&
        every(policy_, facts_.tee, [](const AllowEntry& entry) { return !entry.tpm.ima_allowed.empty(); })) {
      set(kFileSystem, kEarApprovedFiles, "all measured files are on the policy's list");
    }
    affirm_memory();
  }

  void affirm_hardware() {
    if (facts_.tee == Tee::kNone) return set(kHardware, kEarUnrecognizedHardware, "claims without evidence");
    using enum evidence::TcbStatus;
    const std::string status(findings_.tcb_known ? evidence::tcb_status_name(facts_.tcb_status) : "");
    const bool old =
        findings_.tcb_known && (facts_.tcb_status == kOutOfDate || facts_.tcb_status == kOutOfDateConfigurationNeeded);
    set(kHardware, old ? kEarUnsafeHardware : kEarGenuineHardware,
        status.empty() ? "vouched for by a trusted root" : "vouched for by a trusted root, TCB " + status);
    if (!findings_.tcb_known) return;
    set(kConfiguration,
        needs_configuration(facts_.tcb_status) ? kEarUnsafeConfiguration : kEarNoConfigurationVulnerabilities,
        "TCB " + status);
  }

  void affirm_memory() {
    if (facts_.tee == Tee::kTpm || facts_.tee == Tee::kNone) return;
    if (facts_.debug) return set(kRuntimeOpaque, kEarVisibleMemory, "debug is on, and the policy accepts it");
    const bool simulated = facts_.tee == Tee::kSgxSim;
    set(kRuntimeOpaque, simulated ? kEarIsolatedMemory : kEarEncryptedMemory,
        simulated ? "isolated by the host's kernel" : "encrypted by the processor");
  }

  void spoil(const Refusal& refusal) {
    const Spoiling& spoiling = spoiling_of(refusal.rule);
    set(spoiling.category, spoiling.value, refusal.rule);
    if (refusal.rule == "sgx.tcb.status" && needs_configuration(facts_.tcb_status)) {
      set(kConfiguration, kEarUnsafeConfiguration, refusal.rule);
    }
  }

  const Findings& findings_;
  const PeerFacts& facts_;
  const Policy& policy_;
  Ear ear_;
};

}  // namespace

EarTier ear_tier(int value) {
  if (value >= 96) return EarTier::kContraindicated;
  if (value >= 32) return EarTier::kWarning;
  return value >= 2 ? EarTier::kAffirming : EarTier::kNone;
}

std::string_view ear_tier_name(EarTier tier) {
  constexpr std::array<std::string_view, 4> kTierNames = {"none", "affirming", "warning", "contraindicated"};
  return kTierNames[static_cast<std::size_t>(tier)];
}

Ear make_ear(const Findings& findings, const Policy& policy) { return EarMaker(findings, policy).make(); }

}  // namespace brume::appraisal

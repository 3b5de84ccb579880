#include "appraisal/tcb_evaluation.h"

#include <algorithm>

#include "base/hex.h"

namespace brume::appraisal {
namespace {

constexpr std::string_view kUpdatePlatform = "update the platform's microcode and firmware";
constexpr std::string_view kUpdateQe = "install the vendor's current quoting enclave on the platform";
constexpr std::string_view kUpdateModule = "update the platform's TDX module";
constexpr std::string_view kFetch = "fetch the TCB info of this platform family again";

// The levels reached; nullptr where none is. The module's counts from module version 1 on.
struct Levels {
  const evidence::TcbLevel* platform = nullptr;
  const evidence::QeTcbLevel* qe = nullptr;
  const evidence::TdxModuleIdentity* identity = nullptr;
  const evidence::TdxModuleLevel* module = nullptr;
  bool has_module = false;

  bool all() const { return platform != nullptr && qe != nullptr && (module != nullptr || !has_module); }
};

Levels find_levels(const evidence::TcbInfo& info, const evidence::QeIdentity& identity, const TcbVersions& versions,
                   const evidence::TeeTcbSvn* tee_tcb_svn) {
  Levels out;
  out.qe = evidence::matching_qe_level(identity, versions.qe_isv_svn);
  if (tee_tcb_svn == nullptr) {
    out.platform = evidence::matching_sgx_level(info, versions.platform);
    return out;
  }
  out.platform = evidence::matching_tdx_level(info, versions.platform, *tee_tcb_svn);
  const std::uint8_t version = evidence::tdx_module_version(*tee_tcb_svn);
  out.has_module = version > 0;
  if (!out.has_module) return out;
  out.identity = evidence::find_module_identity(info, version);
  if (out.identity != nullptr) {
    out.module = evidence::matching_module_level(*out.identity, evidence::tdx_module_svn(*tee_tcb_svn));
  }
  return out;
}

// Any component that is revoked or out of date pulls the platform down.
evidence::TcbStatus converged(const Levels& levels) {
  evidence::TcbStatus status = evidence::converge(levels.platform->status, levels.qe->status);
  return levels.has_module ? evidence::converge(status, levels.module->status) : status;
}

void refuse_missing(Refusals& refusals, const Levels& levels, const evidence::QeIdentity& identity,
                    const TcbVersions& versions) {
  if (levels.platform == nullptr) {
    std::string got =
        "components " + to_hex(versions.platform.component_svns) + ", PCE " + std::to_string(versions.platform.pce_svn);
    if (versions.td != nullptr) got += ", TEE TCB " + to_hex(versions.td->tee_tcb_svn);
    refuse(refusals, "sgx.tcb.level", "security versions of a known TCB level", got, kUpdatePlatform);
  }
  if (levels.qe == nullptr) {
    refuse(refusals, "sgx.qe.svn", "at least " + std::to_string(identity.levels.back().isv_svn),
           std::to_string(versions.qe_isv_svn), kUpdateQe);
  }
  // Without an identity there is a refusal already: check_tdx_module.
  if (levels.identity != nullptr && levels.module == nullptr) {
    refuse(refusals, "tdx.module.svn", "at least " + std::to_string(levels.identity->levels.back().isv_svn),
           std::to_string(evidence::tdx_module_svn(versions.td->tee_tcb_svn)), kUpdateModule);
  }
}

bool is_out_of_date(evidence::TcbStatus status) {
  return status == evidence::TcbStatus::kOutOfDate || status == evidence::TcbStatus::kOutOfDateConfigurationNeeded;
}

// When a level that is out of date became so: at the earliest date of a better one that is later than its own
// (PCS: tcbDate is when a level was certified). Nothing where none is later.
template <typename Level>
std::optional<UnixMs> superseded_ms(const std::vector<Level>& levels, const Level& level) {
  std::optional<UnixMs> out;
  for (const Level& better : levels) {
    if (&better == &level) break;
    if (better.date_ms > level.date_ms) out = std::min(out.value_or(better.date_ms), better.date_ms);
  }
  return out;
}

template <typename Level>
TcbFacts facts_of(const std::vector<Level>& levels, const Level& level) {
  TcbFacts out{level.status, level.date_ms, level.advisories, {}};
  if (is_out_of_date(level.status)) out.superseded_ms = superseded_ms(levels, level);
  return out;
}

void join(PeerFacts& facts, const TcbFacts& component) {
  facts.tcb_date_ms = std::min(facts.tcb_date_ms, component.date_ms);
  for (const std::string& advisory : component.advisories) {
    if (std::ranges::find(facts.advisories, advisory) == facts.advisories.end()) facts.advisories.push_back(advisory);
  }
}

// The earliest of those parts that are out of date; nothing where one of them does not say.
std::optional<UnixMs> first_superseded_ms(std::initializer_list<const TcbFacts*> parts) {
  std::optional<UnixMs> first;
  for (const TcbFacts* part : parts) {
    if (part == nullptr || !is_out_of_date(part->status)) continue;
    if (!part->superseded_ms) return std::nullopt;
    first = std::min(first.value_or(*part->superseded_ms), *part->superseded_ms);
  }
  return first;
}

void set_facts(PeerFacts& facts, const Levels& levels, const evidence::TcbInfo& info,
               const evidence::QeIdentity& identity) {
  facts.platform_tcb = facts_of(info.levels, *levels.platform);
  facts.qe_tcb = facts_of(identity.levels, *levels.qe);
  facts.tcb_status = converged(levels);
  facts.tcb_date_ms = facts.platform_tcb.date_ms;
  facts.advisories.clear();
  join(facts, facts.platform_tcb);
  join(facts, facts.qe_tcb);
  if (levels.has_module) {
    facts.tdx->module_tcb = facts_of(levels.identity->levels, *levels.module);
    join(facts, *facts.tdx->module_tcb);
  }
  facts.tcb_superseded_ms =
      first_superseded_ms({&facts.platform_tcb, &facts.qe_tcb, levels.has_module ? &*facts.tdx->module_tcb : nullptr});
}

// A TD of version 1.5 outlives updates of the TCB below it: both what it was launched on and what it runs on
// now must be known, and together they say whether to start it anew (Intel QVL, TDRelaunchCheck, 2026).
bool evaluate_relaunch(Refusals& refusals, const evidence::TcbInfo& info, const evidence::QeIdentity& identity,
                       const TcbVersions& versions, PeerFacts& facts) {
  const evidence::TeeTcbSvn& current_svn = versions.td->v15->tee_tcb_svn2;
  const Levels current = find_levels(info, identity, versions, &current_svn);
  if (!current.all()) {
    refuse(refusals, "tdx.tcb.current-level", "security versions of a known TCB level",
           "TEE TCB as it is now " + to_hex(current_svn), kUpdatePlatform);
    return false;
  }
  facts.tdx->launch_status = facts.tcb_status;
  facts.tdx->current_status = converged(current);
  facts.tcb_status = evidence::relaunch_status(facts.tcb_status, *facts.tdx->current_status);
  return true;
}

}  // namespace

void check_tdx_module(Refusals& refusals, const evidence::TdReport& td, const evidence::TcbInfo& info) {
  const std::uint8_t version = evidence::tdx_module_version(td.tee_tcb_svn);
  const evidence::TdxModule* expected = info.tdx_module ? &*info.tdx_module : nullptr;
  if (version > 0) {
    const evidence::TdxModuleIdentity* identity = evidence::find_module_identity(info, version);
    expected = identity == nullptr ? nullptr : &identity->module;
  }
  if (expected == nullptr) {
    refuse(refusals, "tdx.module.identity", "an identity for TDX module version " + std::to_string(version),
           "none in the TCB info", kFetch);
    return;
  }
  if (td.mr_signer_seam != expected->mr_signer) {
    refuse(refusals, "tdx.module.signer", expected->mr_signer.hex(), td.mr_signer_seam.hex(), kUpdateModule);
  }
  // Zero in every module that Intel ships; as in the QVL, the mask does not make other values right.
  const bool zero = std::ranges::all_of(expected->attributes, [](std::uint8_t byte) { return byte == 0; });
  if (td.seam_attributes != 0 || !zero) {
    refuse(refusals, "tdx.module.attributes", to_hex(expected->attributes) + ", and zero",
           std::to_string(td.seam_attributes), kUpdateModule);
  }
}

bool evaluate_tcb(Refusals& refusals, const evidence::TcbInfo& info, const evidence::QeIdentity& identity,
                  const TcbVersions& versions, PeerFacts& facts) {
  const Levels levels =
      find_levels(info, identity, versions, versions.td == nullptr ? nullptr : &versions.td->tee_tcb_svn);
  refuse_missing(refusals, levels, identity, versions);
  if (!levels.all()) return false;
  set_facts(facts, levels, info, identity);
  facts.tcb_evaluation_data_number = info.evaluation_data_number;
  if (versions.td == nullptr || !versions.td->v15) return true;
  return evaluate_relaunch(refusals, info, identity, versions, facts);
}

}  // namespace brume::appraisal

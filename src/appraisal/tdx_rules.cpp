#include "appraisal/tdx_rules.h"

#include <algorithm>

#include "appraisal/attested_peer.h"
#include "appraisal/policy_list.h"
#include "appraisal/policy_read.h"
#include "base/check.h"

namespace brume::appraisal {
namespace {

using evidence::TdRegister;
using evidence::TdReport;

constexpr std::string_view kRestart = "start the TD as the policy asks";

// Registers may well be zero: an RTMR that nothing extended, a config id that nobody gave.
Status read_registers(PolicyReader& reader, std::string_view key, TdRegisters& out) {
  BRUME_ASSIGN(const auto list, reader.texts(key));
  if (!list) return {};
  if (list->empty()) return bad_policy(std::string(key) + " is empty: name values, or leave it out");
  for (const std::string& hex : *list) {
    const auto value = TdRegister::parse_hex(hex);
    if (!value) return bad_policy(std::string(key) + " has an entry that is not 96 hex digits");
    out.push_back(*value);
  }
  return {};
}

Status read_service_tds(PolicyReader& reader, TdxRules& rules) {
  constexpr std::string_view kKey = "mr_service_td";
  const auto word = reader.text(kKey);
  if (!word) return read_registers(reader, kKey, rules.service_tds);
  if (*word && **word != "any") return bad_policy("mr_service_td must be a list of 96 hex digits each, or \"any\"");
  rules.any_service_td = word->has_value();
  return {};
}

Status read_min_tee_tcb_svn(PolicyReader& reader, TdxRules& rules) {
  BRUME_ASSIGN(const auto text, reader.text("min_tee_tcb_svn"));
  if (!text) return {};
  const auto bytes = from_hex(*text);
  if (!bytes || bytes->size() != rules.min_tee_tcb_svn.size()) {
    return bad_policy("min_tee_tcb_svn must be 32 hex digits");
  }
  std::ranges::copy(*bytes, rules.min_tee_tcb_svn.begin());
  return {};
}

// Whether anything but the TD's measurement and image says what runs in it.
bool names_program(const TdxRules& rules) {
  const bool rtmr = std::ranges::any_of(rules.rtmrs, [](const TdRegisters& named) { return !named.empty(); });
  return rtmr || !rules.mr_config_ids.empty() || !rules.mr_owners.empty();
}

void check_register(Refusals& refusals, const char* rule, const TdRegisters& allowed, const TdRegister& got) {
  check_digest(refusals, rule, allowed, allowed.empty(), got, kFixPolicy);
}

void check_measurements(Refusals& refusals, const TdxRules& rules, const TdReport& report) {
  check_digest(refusals, "policy.measurement", rules.measurements, rules.any_measurement, report.mr_td, kFixPolicy);
  constexpr const char* kRtmrRules[] = {"policy.rtmr0", "policy.rtmr1", "policy.rtmr2", "policy.rtmr3"};
  for (std::size_t i = 0; i < evidence::kRtmrCount; ++i) {
    check_register(refusals, kRtmrRules[i], rules.rtmrs[i], report.rtmr[i]);
  }
  check_register(refusals, "policy.mr-config-id", rules.mr_config_ids, report.mr_config_id);
  check_register(refusals, "policy.mr-owner", rules.mr_owners, report.mr_owner);
  check_register(refusals, "policy.mr-owner-config", rules.mr_owner_configs, report.mr_owner_config);
  check_register(refusals, "policy.mr-seam", rules.mr_seams, report.mr_seam);
  check_register(refusals, "policy.mr-signer-seam", rules.mr_signer_seams, report.mr_signer_seam);
}

// The digest of the image is the first two thirds of MRCONFIGID, the rest is zero.
void check_image(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts) {
  if (entry.any_image) return;
  const ByteView tail = facts.tdx->report.mr_config_id.view().subspan(ImageDigest::kSize);
  if (std::ranges::any_of(tail, [](std::uint8_t byte) { return byte != 0; })) {
    refuse(refusals, "policy.image", "MRCONFIGID that holds an image digest and zeros", "something else",
           "start the TD with the image's digest as its MRCONFIGID");
    return;
  }
  check_digest(refusals, "policy.image", entry.images, false, facts.image,
               "the image differs from the one that was built: start the TD from that");
}

std::string hex64(std::uint64_t value) {
  ByteArray<8> bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
  return to_hex(bytes);
}

// Intel TDX Module ABI, ATTRIBUTES. DEBUG and what stands beside it are policy.debug.
void check_attributes(Refusals& refusals, const TdxRules& rules, const TdReport& report) {
  if (rules.sept_ve_disable && (report.td_attributes & evidence::kTdAttributeSeptVeDisable) == 0) {
    refuse(refusals, "policy.sept-ve-disable", "SEPT_VE_DISABLE",
           "not set: the host can raise exceptions in the TD by taking its pages away", kRestart);
  }
  if (!rules.migratable && (report.td_attributes & evidence::kTdAttributeMigratable) != 0) {
    refuse(refusals, "policy.migratable", "a TD that stays where it is", "MIGRATABLE is set", kRestart);
  }
  const std::uint64_t reserved = report.td_attributes & ~evidence::kTdAttributesKnown;
  if (!rules.reserved_attributes && reserved != 0) {
    refuse(refusals, "policy.td-attributes", "no reserved TD attribute", hex64(reserved),
           "use a verifier that knows these attributes, or accept them in the policy");
  }
}

// A service TD that is bound to the TD may move its state out of it.
void check_service_tds(Refusals& refusals, const TdxRules& rules, const TdReport& report) {
  if (rules.any_service_td || !report.v15) return;
  std::vector<TdRegister> bound = {report.v15->mr_service_td};
  if (report.v15_ex) {
    bound.push_back(report.v15_ex->init_service_td_hash);
    bound.push_back(report.v15_ex->current_service_td_hash);
  }
  for (const TdRegister& service : bound) {
    if (service == TdRegister{} || std::ranges::find(rules.service_tds, service) != rules.service_tds.end()) continue;
    auto hex = [](const TdRegister& value) { return value.hex(); };
    refuse(refusals, "policy.service-td", rules.service_tds.empty() ? "no service TD" : listed(rules.service_tds, hex),
           service.hex(), kFixPolicy);
  }
}

void check_tee_tcb_svn(Refusals& refusals, const TdxRules& rules, const TdReport& report) {
  for (std::size_t i = 0; i < rules.min_tee_tcb_svn.size(); ++i) {
    if (report.tee_tcb_svn[i] >= rules.min_tee_tcb_svn[i]) continue;
    refuse(refusals, "policy.tee-tcb-svn", "each byte at least " + to_hex(rules.min_tee_tcb_svn),
           to_hex(report.tee_tcb_svn), "update the platform's TDX module");
    return;
  }
}

}  // namespace

Status read_tdx_rules(PolicyReader& reader, AllowEntry& entry) {
  TdxRules& rules = entry.tdx;
  BRUME_TRY(reader.digests_or_any("measurement", rules.measurements, rules.any_measurement));
  BRUME_TRY(reader.digests_or_any("image", entry.images, entry.any_image));
  constexpr std::string_view kRtmrKeys[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
  for (std::size_t i = 0; i < evidence::kRtmrCount; ++i) {
    BRUME_TRY(read_registers(reader, kRtmrKeys[i], rules.rtmrs[i]));
  }
  BRUME_TRY(read_registers(reader, "mr_config_id", rules.mr_config_ids));
  BRUME_TRY(read_registers(reader, "mr_owner", rules.mr_owners));
  BRUME_TRY(read_registers(reader, "mr_owner_config", rules.mr_owner_configs));
  BRUME_TRY(read_registers(reader, "mr_seam", rules.mr_seams));
  BRUME_TRY(read_registers(reader, "mr_signer_seam", rules.mr_signer_seams));
  BRUME_TRY(read_service_tds(reader, rules));
  BRUME_TRY(read_min_tee_tcb_svn(reader, rules));
  BRUME_ASSIGN(rules.sept_ve_disable, reader.boolean("sept_ve_disable", true));
  BRUME_ASSIGN(rules.migratable, reader.boolean("migratable", false));
  BRUME_ASSIGN(rules.reserved_attributes, reader.boolean("reserved_attributes", false));
  if (rules.any_measurement && entry.any_image && !names_program(rules)) {
    return bad_policy("measurement and image cannot both be \"any\" where no RTMR, mr_config_id or mr_owner is named");
  }
  return {};
}

TdxRules genuine_tdx() {
  TdxRules rules;
  rules.any_measurement = rules.any_service_td = true;
  rules.sept_ve_disable = false;
  rules.migratable = rules.reserved_attributes = true;
  return rules;
}

void match_tdx_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts) {
  BRUME_CHECK(facts.tdx.has_value());
  const TdReport& report = facts.tdx->report;
  check_measurements(refusals, entry.tdx, report);
  check_image(refusals, entry, facts);
  check_attributes(refusals, entry.tdx, report);
  check_service_tds(refusals, entry.tdx, report);
  check_tee_tcb_svn(refusals, entry.tdx, report);
}

}  // namespace brume::appraisal

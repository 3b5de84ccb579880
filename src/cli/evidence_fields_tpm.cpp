#include "cli/evidence_fields.h"
#include "evidence/event_replay.h"

namespace brume::cli {
namespace {

using nlohmann::ordered_json;

ordered_json selection_of(const evidence::PcrSelection& selection) {
  ordered_json indices = ordered_json::array();
  for (std::uint32_t i = 0; i < 32; ++i) {
    if (selection.selects(i)) indices.push_back(i);
  }
  return {evidence::tpm_hash_name(selection.hash), indices};
}

ordered_json indices_of(const evidence::PcrValues& values) {
  ordered_json out = ordered_json::object();
  for (const evidence::PcrValue& value : values) out[std::string(tpm_hash_name(value.bank))].push_back(value.index);
  return out;
}

std::string_view scheme_name(evidence::TpmAlgorithm scheme) {
  switch (scheme) {
    case evidence::TpmAlgorithm::kRsaSsa:
      return "rsassa";
    case evidence::TpmAlgorithm::kRsaPss:
      return "rsapss";
    case evidence::TpmAlgorithm::kEcdsa:
      return "ecdsa";
    default:
      return "unknown";
  }
}

ordered_json texts_of(const std::vector<evidence::BootText>& texts) {
  ordered_json out = ordered_json::array();
  for (const evidence::BootText& text : texts) out.push_back({{"text", text.text}, {"measured", text.bound}});
  return out;
}

ordered_json files_of(const std::vector<evidence::BootFile>& files) {
  ordered_json out = ordered_json::array();
  for (const evidence::BootFile& file : files) {
    out.push_back({{"digest", to_hex(file.digest)}, {"claimed_name", file.name_unverified}});
  }
  return out;
}

std::string_view revocation_name(appraisal::TpmRevocation revocation) {
  if (revocation == appraisal::TpmRevocation::kChecked) return "checked";
  return revocation == appraisal::TpmRevocation::kStale ? "stale" : "unchecked";
}

}  // namespace

ordered_json fields_of(const evidence::TpmAttest& quote) {
  ordered_json selections = ordered_json::array();
  for (const auto& selection : quote.selections) selections.push_back(selection_of(selection));
  return {{"qualified_signer", to_hex(quote.qualified_signer)},
          {"extra_data", to_hex(quote.extra_data)},
          {"clock", quote.clock_ms},
          {"reset_count", quote.reset_count},
          {"restart_count", quote.restart_count},
          {"safe", quote.safe},
          {"firmware_version", hex_number(quote.firmware_version)},
          {"pcr_selection", selections},
          {"pcr_digest", to_hex(quote.pcr_digest)}};
}

ordered_json fields_of(const evidence::TpmPublic& key) {
  ordered_json out = {{"type", key.type == evidence::TpmAlgorithm::kRsa ? "rsa" : "ecc"},
                      {"name_hash", evidence::tpm_hash_name(key.name_hash)},
                      {"attributes", hex_number(key.attributes)},
                      {"attestation_key", evidence::is_attestation_key(key)},
                      {"scheme", scheme_name(key.scheme.algorithm)},
                      {"scheme_hash", evidence::tpm_hash_name(key.scheme.hash)},
                      {"policy", to_hex(key.policy)}};
  if (const auto name = evidence::tpm_name(key)) out["name"] = to_hex(*name);
  if (const auto spki = evidence::tpm_public_key(key)) out["spki_sha256"] = spki->spki_hash().hex();
  return out;
}

ordered_json fields_of(const evidence::PcrValues& values) {
  ordered_json out = ordered_json::object();
  for (const evidence::PcrValue& value : values) {
    out[std::string(tpm_hash_name(value.bank))][std::to_string(value.index)] = to_hex(value.value);
  }
  return out;
}

ordered_json fields_of(const evidence::BootState& boot) {
  ordered_json out = ordered_json::object();
  out["secure_boot"] = boot.secure_boot ? ordered_json(*boot.secure_boot) : ordered_json(nullptr);
  out["debug_mode"] = boot.debug_mode;
  out["dma_protection_disabled"] = boot.dma_unprotected;
  if (boot.firmware_version) out["firmware_version"] = boot.firmware_version->text;
  const std::pair<const char*, const std::vector<evidence::EfiKey>*> keys[] = {
      {"PK", &boot.platform_keys}, {"KEK", &boot.key_exchange_keys}, {"db", &boot.allowed}, {"dbx", &boot.forbidden}};
  for (const auto& [name, list] : keys) out["key_counts"][name] = list->size();
  for (const auto& authority : boot.authorities) {
    out["authorities"].push_back({{"variable", authority.variable}, {"sha256", authority.data_digest.hex()}});
  }
  out["images"] = files_of(boot.images);
  out["kernels"] = files_of(boot.kernels);
  out["initrds"] = files_of(boot.initrds);
  out["command_lines"] = texts_of(boot.command_lines);
  return out;
}

ordered_json fields_of(const appraisal::EventLogFindings& log) {
  ordered_json algorithms = ordered_json::array();
  for (const auto algorithm : log.algorithms) algorithms.push_back(evidence::tpm_hash_name(algorithm));
  const bool ccel = log.kind == evidence::EventLogKind::kCcel;
  ordered_json out = {{"kind", ccel ? "ccel" : "tpm"},
                      {"registers", ccel ? "1 to 4 are RTMR0 to RTMR3" : "PCRs"},
                      {"events", log.event_count},
                      {"algorithms", algorithms},
                      {"matching", indices_of(log.matching)},
                      {"differing", indices_of(log.differing)},
                      {"unchecked", indices_of(log.unchecked)}};
  if (log.bank) out["boot"] = fields_of(log.boot);
  return out;
}

ordered_json fields_of(const appraisal::ImaFindings& ima) {
  ordered_json out = {{"entries", ima.entry_count},
                      {"violations", ima.violation_count},
                      {"templates", ima.templates},
                      {"replayed", fields_of(ima.replayed)},
                      {"boot_aggregate_checked", ima.boot_aggregate_checked}};
  out["matched_entries"] = ima.match_count ? ordered_json(*ima.match_count) : ordered_json(nullptr);
  return out;
}

ordered_json fields_of(const appraisal::TpmFacts& facts) {
  ordered_json out = fields_of(facts.quote);
  out["signature_alg"] = scheme_name(facts.scheme);
  out["signature_hash"] = evidence::tpm_hash_name(facts.hash);
  out["ak"] = facts.ak.hex();
  out["ak_name"] = facts.ak_name.empty() ? ordered_json(nullptr) : ordered_json(to_hex(facts.ak_name));
  out["ak_restricted"] = facts.ak_area;
  out["ak_certified"] = facts.ak_certified;
  if (facts.ek) out["ek"] = facts.ek->hex();
  if (facts.revocation) out["revocation"] = revocation_name(*facts.revocation);
  out["pcrs"] = fields_of(facts.pcrs);
  if (facts.log) out["event_log"] = fields_of(*facts.log);
  if (facts.ima) out["ima"] = fields_of(*facts.ima);
  return out;
}

}  // namespace brume::cli

// The keys of an [[allow]] entry with tee "tpm" (docs/formats/policy.md).
#include <algorithm>
#include <charconv>

#include "appraisal/policy.h"
#include "appraisal/policy_read.h"

namespace brume::appraisal {
namespace {

using evidence::TpmAlgorithm;

// A name is u16 hash and digest; 32 bytes are the SHA-256 of a SubjectPublicKeyInfo.
Status read_aks(PolicyReader& reader, TpmRules& rules) {
  BRUME_ASSIGN(const auto names, reader.texts("ak"));
  for (const std::string& text : names.value_or(std::vector<std::string>{})) {
    const auto bytes = from_hex(text);
    if (!bytes) return bad_policy("ak has an entry that is no hex");
    if (bytes->size() == SpkiHash::kSize) {
      rules.aks.push_back(*SpkiHash::from(*bytes));
      continue;
    }
    const auto hash = static_cast<TpmAlgorithm>(bytes->size() < 2 ? 0 : (*bytes)[0] << 8 | (*bytes)[1]);
    if (evidence::tpm_digest_size(hash) == 0 || bytes->size() != 2 + evidence::tpm_digest_size(hash)) {
      return bad_policy("ak has an entry that is neither a TPM name nor a SHA-256 of a SubjectPublicKeyInfo");
    }
    rules.ak_names.push_back(*bytes);
  }
  if (names && names->empty()) return bad_policy("ak is empty");
  return {};
}

Status read_trust(PolicyReader& reader, AllowEntry& entry) {
  BRUME_TRY(read_aks(reader, entry.tpm));
  BRUME_ASSIGN(const auto eks, reader.digests("ek", SpkiHash::kSize));
  for (const Bytes& ek : eks) entry.tpm.eks.push_back(*SpkiHash::from(ek));
  if (reader.has("ek") && eks.empty()) return bad_policy("ek is empty");
  const bool any = !entry.tpm.ak_names.empty() || !entry.tpm.aks.empty() || !eks.empty() || !entry.roots.empty();
  if (!any) return bad_policy("tee \"tpm\" needs ak, ek or root: whose quotes are trusted");
  return {};
}

// "sha256.7"
Result<TpmPcrRule> read_pcr_name(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return bad_policy("a PCR is not of the form \"sha256.7\"");
  const auto bank = evidence::tpm_hash_from(name.substr(0, dot));
  TpmPcrRule rule;
  const std::string_view number = name.substr(dot + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), rule.index);
  const bool whole = error == std::errc{} && end == number.data() + number.size() && !number.empty();
  if (!bank || !whole || rule.index >= evidence::kPcrCount) return bad_policy("a PCR is not of the form \"sha256.7\"");
  rule.bank = *bank;
  return rule;
}

Status read_pcr_values(PolicyReader& table, const std::string& key, TpmRules& rules) {
  BRUME_ASSIGN(TpmPcrRule rule, read_pcr_name(key));
  BRUME_ASSIGN(const auto values, table.texts(key));
  for (const std::string& text : values.value_or(std::vector<std::string>{})) {
    auto value = from_hex(text);
    if (!value || value->size() != evidence::tpm_digest_size(rule.bank)) {
      return bad_policy("pcrs." + key + " has an entry that is no digest of its bank");
    }
    rule.values.push_back(std::move(*value));
  }
  if (rule.values.empty()) return bad_policy("pcrs." + key + " is empty");
  rules.pcrs.push_back(std::move(rule));
  return {};
}

Status read_pcrs(PolicyReader& reader, TpmRules& rules) {
  BRUME_ASSIGN(const PolicyTable* table, reader.table("pcrs"));
  if (table != nullptr) {
    PolicyReader inner(*table, "pcrs.");
    for (const auto& [key, value] : *table) BRUME_TRY(read_pcr_values(inner, key, rules));
    BRUME_TRY(inner.finish());
  }
  BRUME_ASSIGN(const auto required, reader.texts("required_pcrs"));
  for (const std::string& name : required.value_or(std::vector<std::string>{})) {
    BRUME_ASSIGN(TpmPcrRule rule, read_pcr_name(name));
    rules.pcrs.push_back(std::move(rule));
  }
  return {};
}

// Digests of any bank: the log's decides.
Status read_digests(PolicyReader& reader, std::string_view key, std::vector<Bytes>& out) {
  BRUME_ASSIGN(const auto texts, reader.texts(key));
  for (const std::string& text : texts.value_or(std::vector<std::string>{})) {
    auto digest = from_hex(text);
    const std::size_t size = digest ? digest->size() : 0;
    if (size != 20 && size != 32 && size != 48 && size != 64) {
      return bad_policy(std::string(key) + " has an entry that is no digest");
    }
    out.push_back(std::move(*digest));
  }
  if (texts && texts->empty()) return bad_policy(std::string(key) + " is empty");
  return {};
}

Status read_boot(PolicyReader& reader, TpmRules& rules) {
  BRUME_ASSIGN(rules.log_required, reader.boolean("event_log", false));
  BRUME_ASSIGN(rules.secure_boot, reader.boolean("secure_boot", false));
  BRUME_TRY(read_digests(reader, "boot_image", rules.boot_images));
  BRUME_TRY(read_digests(reader, "kernel", rules.kernels));
  BRUME_TRY(read_digests(reader, "initrd", rules.initrds));
  BRUME_ASSIGN(const auto lines, reader.texts("command_line"));
  rules.command_lines = lines.value_or(std::vector<std::string>{});
  if (lines && lines->empty()) return bad_policy("command_line is empty");
  return {};
}

Status read_clock(PolicyReader& reader, TpmRules& rules) {
  BRUME_ASSIGN(rules.min_clock_ms, reader.number("min_clock_ms", 0, INT64_MAX));
  BRUME_ASSIGN(const std::uint64_t resets, reader.number("min_reset_count", 0, UINT32_MAX));
  rules.min_reset_count = static_cast<std::uint32_t>(resets);
  if (reader.has("reset_count")) {
    BRUME_ASSIGN(const std::uint64_t count, reader.number("reset_count", 0, UINT32_MAX));
    rules.reset_count = static_cast<std::uint32_t>(count);
  }
  BRUME_ASSIGN(rules.min_firmware, reader.number("min_firmware", 0, INT64_MAX));
  BRUME_ASSIGN(rules.safe_required, reader.boolean("safe", false));
  return {};
}

// "sha256:HEX"
Status read_ima_digest(std::string_view text, TpmRules& rules) {
  const std::size_t colon = text.find(':');
  const auto hash = evidence::tpm_hash_from(text.substr(0, colon));
  auto digest = colon == std::string_view::npos ? Result<Bytes>(Bytes{}) : from_hex(text.substr(colon + 1));
  if (!hash || !digest || digest->size() != evidence::tpm_digest_size(*hash)) {
    return bad_policy("ima_allow has an entry that is not of the form \"sha256:HEX\"");
  }
  rules.ima_allowed.push_back({std::string(text.substr(0, colon)), std::move(*digest)});
  return {};
}

Status read_ima(PolicyReader& reader, TpmRules& rules) {
  BRUME_ASSIGN(rules.ima_required, reader.boolean("ima", false));
  BRUME_ASSIGN(const auto allowed, reader.texts("ima_allow"));
  for (const std::string& text : allowed.value_or(std::vector<std::string>{})) {
    BRUME_TRY(read_ima_digest(text, rules));
  }
  if (allowed && allowed->empty()) return bad_policy("ima_allow is empty");
  std::ranges::sort(rules.ima_allowed);
  BRUME_ASSIGN(const auto excluded, reader.texts("ima_exclude"));
  rules.ima_excluded = excluded.value_or(std::vector<std::string>{});
  if (std::ranges::any_of(rules.ima_excluded, [](const std::string& path) { return !path.starts_with('/'); })) {
    return bad_policy("ima_exclude has an entry that is no absolute path");
  }
  BRUME_ASSIGN(rules.ima_violations_allowed, reader.boolean("ima_violations", false));
  return {};
}

}  // namespace

Status read_tpm_rules(PolicyReader& reader, AllowEntry& entry) {
  BRUME_TRY(read_trust(reader, entry));
  BRUME_ASSIGN(const auto text, reader.text("crl"));
  const std::string crl = text.value_or("required");
  if (crl != "required" && crl != "optional") return bad_policy("crl must be \"required\" or \"optional\"");
  entry.tpm.crl_optional = crl == "optional";
  BRUME_ASSIGN(entry.tpm.sha1_allowed, reader.boolean("sha1", false));
  BRUME_TRY(read_pcrs(reader, entry.tpm));
  BRUME_TRY(read_boot(reader, entry.tpm));
  BRUME_TRY(read_clock(reader, entry.tpm));
  return read_ima(reader, entry.tpm);
}

}  // namespace brume::appraisal

// The keys of an [[allow]] entry with tee "sev-snp" (docs/formats/policy.md).
#include "appraisal/policy_read.h"
#include "appraisal/snp_names.h"

namespace brume::appraisal {
namespace {

constexpr std::uint32_t kVmplMost = 3;

// A list of digests; "any" is what the key's absence says, too.
template <typename Digest>
Status read_list(PolicyReader& reader, std::string_view key, std::vector<Digest>& out) {
  bool any = false;
  if (reader.has(key)) BRUME_TRY(reader.digests_or_any(key, out, any));
  return {};
}

// 128 hex digits; of Turin's ids, 16 will do: the rest is zero.
Status read_chips(PolicyReader& reader, SnpRules& rules) {
  BRUME_ASSIGN(const auto names, reader.texts("chip_id"));
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    const auto bytes = from_hex(name);
    if (!bytes || (bytes->size() != 8 && bytes->size() != evidence::SnpChipId::kSize)) {
      return bad_policy("chip_id has an entry that is not 128 or 16 hex digits");
    }
    evidence::SnpChipId chip;
    std::memcpy(chip.bytes.data(), bytes->data(), bytes->size());
    if (chip == evidence::SnpChipId{}) return bad_policy("chip_id has an entry of zeros");
    rules.chips.push_back(chip);
  }
  if (names && names->empty()) return bad_policy("chip_id is empty");
  return {};
}

Status read_products(PolicyReader& reader, SnpRules& rules) {
  BRUME_ASSIGN(const auto names, reader.texts("product"));
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    const auto product = evidence::snp_product_from(name);
    if (!product) return bad_policy("product must be of \"Milan\", \"Genoa\" and \"Turin\"");
    rules.products.push_back(*product);
  }
  if (names && names->empty()) return bad_policy("product is empty");
  return {};
}

Status read_tcb(PolicyReader& reader, std::string_view key, SnpTcbMinimum& out) {
  BRUME_ASSIGN(const PolicyTable* table, reader.table(key));
  if (table == nullptr) return {};
  PolicyReader inner(*table, std::string(key) + ".");
  const auto component = [&](std::string_view name, std::uint8_t& value) -> Status {
    BRUME_ASSIGN(const std::uint64_t number, inner.number(name, 0, 0xff));
    value = static_cast<std::uint8_t>(number);
    return {};
  };
  BRUME_TRY(component("fmc", out.fmc));
  BRUME_TRY(component("boot_loader", out.boot_loader));
  BRUME_TRY(component("tee", out.tee));
  BRUME_TRY(component("snp", out.snp));
  BRUME_TRY(component("microcode", out.microcode));
  return inner.finish();
}

Status read_versions(PolicyReader& reader, SnpRules& rules) {
  BRUME_ASSIGN(const std::uint64_t svn, reader.number("min_guest_svn", 0, 0xffffffff));
  rules.min_guest_svn = static_cast<std::uint32_t>(svn);
  BRUME_TRY(read_tcb(reader, "min_tcb", rules.min_tcb));
  BRUME_TRY(read_tcb(reader, "min_launch_tcb", rules.min_launch_tcb));
  BRUME_ASSIGN(const auto firmware, reader.text("min_firmware"));
  if (firmware) {
    const auto version = snp_firmware_from(*firmware);
    if (!version) return bad_policy("min_firmware must be three numbers up to 255, such as \"1.55.20\"");
    rules.min_firmware = *version;
  }
  BRUME_ASSIGN(rules.launch_mitigations, reader.number("launch_mitigations", 0, INT64_MAX));
  BRUME_ASSIGN(rules.current_mitigations, reader.number("current_mitigations", 0, INT64_MAX));
  return {};
}

Status read_bits(PolicyReader& reader, SnpRules& rules) {
  BRUME_ASSIGN(const std::uint64_t vmpl, reader.number("vmpl", 0, kVmplMost));
  rules.max_vmpl = static_cast<std::uint32_t>(vmpl);
  BRUME_ASSIGN(rules.smt_allowed, reader.boolean("smt", true));
  BRUME_ASSIGN(rules.migration_allowed, reader.boolean("migration", false));
  BRUME_ASSIGN(rules.cxl_allowed, reader.boolean("cxl", false));
  BRUME_ASSIGN(rules.provisional_allowed, reader.boolean("provisional", true));
  BRUME_ASSIGN(const auto names, reader.texts("require"));
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    const auto requirement = snp_requirement_from(name);
    if (!requirement) return bad_policy("require has an unknown name");
    rules.required.push_back(*requirement);
  }
  return {};
}

// Whether the key says `second`; without it, it says `first`.
Result<bool> says_second(PolicyReader& reader, std::string_view key, std::string_view first, std::string_view second) {
  BRUME_ASSIGN(const auto word, reader.text(key));
  if (word && *word != first && *word != second) {
    return bad_policy(std::string(key) + " must be \"" + std::string(first) + "\" or \"" + std::string(second) + "\"");
  }
  return word && *word == second;
}

Status read_endorsement(PolicyReader& reader, SnpRules& rules) {
  BRUME_ASSIGN(rules.crl_optional, says_second(reader, "crl", "required", "optional"));
  if (!reader.has("endorsement")) return {};
  BRUME_ASSIGN(rules.vlek_allowed, says_second(reader, "endorsement", "vcek", "vlek"));
  rules.vcek_allowed = !rules.vlek_allowed;
  return {};
}

}  // namespace

Status read_snp_rules(PolicyReader& reader, AllowEntry& entry) {
  SnpRules& rules = entry.snp;
  BRUME_TRY(reader.digests_or_any("measurement", rules.measurements, entry.any_measurement));
  BRUME_TRY(reader.digests_or_any("image", entry.images, entry.any_image));
  BRUME_TRY(read_list(reader, "id_key_digest", rules.id_keys));
  BRUME_TRY(read_list(reader, "author_key_digest", rules.author_keys));
  if (entry.any_measurement && rules.id_keys.empty() && rules.author_keys.empty()) {
    return bad_policy("measurement cannot be \"any\" where neither id_key_digest nor author_key_digest is named");
  }
  BRUME_TRY(read_list(reader, "family_id", rules.family_ids));
  BRUME_TRY(read_list(reader, "image_id", rules.image_ids));
  BRUME_TRY(read_chips(reader, rules));
  BRUME_TRY(read_products(reader, rules));
  BRUME_TRY(read_versions(reader, rules));
  BRUME_TRY(read_bits(reader, rules));
  return read_endorsement(reader, rules);
}

}  // namespace brume::appraisal

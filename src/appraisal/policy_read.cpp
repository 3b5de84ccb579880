#include "appraisal/policy_read.h"

#include <algorithm>

#include "crypto/hash.h"

namespace brume::appraisal {
namespace {

constexpr std::size_t kRoleSizeLimit = 32;
constexpr std::string_view kNodeRoles[] = {"worker", "mapper", "reducer"};

Status read_tee(PolicyReader& reader, AllowEntry& entry) {
  BRUME_ASSIGN(const auto name, reader.text("tee"));
  if (!name) return bad_policy("an [[allow]] entry without a tee");
  const auto tee = tee_from(*name);
  if (!tee) return bad_policy("tee must be \"sgx\", \"tdx\", \"sev-snp\", \"tpm\", \"sgx-sim\" or \"none\"");
  entry.tee = *tee;
  return {};
}

// Intel's and AMD's roots are built in; all others must be named, and no vendor's can be a simulator's.
Status read_root(PolicyReader& reader, AllowEntry& entry) {
  if (entry.tee == Tee::kNone) {
    if (reader.has("root")) return bad_policy("root has no meaning for tee \"none\"");
    return {};
  }
  BRUME_ASSIGN(const auto text, reader.text("root"));
  if (!text) {
    entry.roots = built_in_roots(entry.tee);
    if (entry.roots.empty() && entry.tee != Tee::kTpm) {
      return bad_policy("tee \"" + std::string(tee_name(entry.tee)) +
                        "\" needs root: SHA-256 of its SubjectPublicKeyInfo");
    }
    return {};
  }
  const auto root = SpkiHash::parse_hex(*text);
  if (!root) return bad_policy("root must be 64 hex digits: SHA-256 of a SubjectPublicKeyInfo");
  if (entry.tee == Tee::kSgxSim && *root == kIntelSgxRoot) return bad_policy("Intel's root is not a simulator's");
  entry.roots = {*root};
  return {};
}

Status read_statuses(PolicyReader& reader, AllowEntry& entry) {
  if (reader.has("tcb_status") && (entry.tee == Tee::kTpm || entry.tee == Tee::kNone)) {
    return bad_policy("tcb_status has no meaning for tee \"" + std::string(tee_name(entry.tee)) + "\"");
  }
  BRUME_ASSIGN(const auto names, reader.texts("tcb_status"));
  if (!names) {
    entry.tcb_statuses = {evidence::TcbStatus::kUpToDate};
    return {};
  }
  for (const std::string& name : *names) {
    const auto status = evidence::tcb_verdict_from(name);
    if (!status) return bad_policy("tcb_status has an unknown status");
    if (*status == evidence::TcbStatus::kRevoked) return bad_policy("tcb_status \"Revoked\" cannot be allowed");
    entry.tcb_statuses.push_back(*status);
  }
  return {};
}

bool is_role(std::string_view role) {
  const bool plain = std::ranges::all_of(role, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  return plain && !role.empty() && role.size() <= kRoleSizeLimit;
}

Status read_roles(PolicyReader& reader, AllowEntry& entry) {
  BRUME_ASSIGN(const auto roles, reader.texts("roles"));
  entry.roles = roles.value_or(std::vector<std::string>(std::begin(kNodeRoles), std::end(kNodeRoles)));
  if (!std::ranges::all_of(entry.roles, is_role)) return bad_policy("roles must be words of a-z and '-'");
  return {};
}

Status read_tee_rules(PolicyReader& reader, AllowEntry& entry) {
  switch (entry.tee) {
    case Tee::kTdx:
      return read_tdx_rules(reader, entry);
    case Tee::kSevSnp:
      return read_snp_rules(reader, entry);
    case Tee::kTpm:
      return read_tpm_rules(reader, entry);
    default:
      return read_sgx_rules(reader, entry);
  }
}

Result<AllowEntry> read_entry(const PolicyTable& table) {
  PolicyReader reader(table);
  AllowEntry entry;
  BRUME_TRY(read_tee(reader, entry));
  BRUME_TRY(read_root(reader, entry));
  BRUME_ASSIGN(entry.debug_allowed, reader.boolean("debug", false));
  BRUME_TRY(read_statuses(reader, entry));
  BRUME_TRY(read_roles(reader, entry));
  BRUME_TRY(read_platform_rules(reader, entry));
  BRUME_TRY(read_tee_rules(reader, entry));
  BRUME_TRY(reader.finish());
  return entry;
}

Status check_roots(const Policy& policy, const AllowEntry& entry) {
  for (const AllowEntry& other : policy.allow) {
    // What is real and what is simulated, the root decides.
    if ((other.tee == Tee::kSgxSim) == (entry.tee == Tee::kSgxSim)) continue;
    for (const SpkiHash& root : entry.roots) {
      if (std::ranges::find(other.roots, root) != other.roots.end()) return bad_policy("one root for two tees");
    }
  }
  return {};
}

}  // namespace

Status read_sgx_rules(PolicyReader& reader, AllowEntry& entry) {
  BRUME_TRY(reader.digests_or_any("measurement", entry.measurements, entry.any_measurement));
  BRUME_TRY(reader.digests_or_any("image", entry.images, entry.any_image));
  BRUME_TRY(reader.digests_or_any("signer", entry.signers, entry.any_signer));
  if (entry.any_measurement && entry.any_signer && entry.tee != Tee::kNone) {
    return bad_policy("measurement and signer cannot both be \"any\"");
  }
  BRUME_ASSIGN(const std::uint64_t svn, reader.number("min_isv_svn", 0, 0xffff));
  entry.min_isv_svn = static_cast<std::uint16_t>(svn);
  if (reader.has("product_id")) {
    BRUME_ASSIGN(const std::uint64_t product, reader.number("product_id", 0, 0xffff));
    entry.product_id = static_cast<std::uint16_t>(product);
  }
  BRUME_ASSIGN(const auto names, reader.texts("protections"));
  if (entry.tee != Tee::kSgxSim) {
    if (names) return bad_policy("protections are of tee \"sgx-sim\" only");
    return {};
  }
  if (!names) entry.required_protections = evidence::kAllProtections;
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    const auto index = evidence::protection_index(name);
    if (!index) return bad_policy("protections has an unknown name");
    entry.required_protections.bits |= 1u << *index;
  }
  return {};
}

Result<Policy> read_policy(const PolicyTable& table, std::string_view text) {
  Policy policy;
  policy.hash = crypto::sha256(as_bytes(text));
  if (table.empty()) return policy;
  PolicyReader reader(table);
  BRUME_ASSIGN(const std::uint64_t version, reader.number("version", 0, 1));
  if (version != 1) return bad_policy("version must be 1");
  BRUME_ASSIGN(policy.epoch, reader.number("epoch", 0, INT64_MAX));
  BRUME_ASSIGN(const auto entries, reader.tables("allow"));
  BRUME_TRY(reader.finish());
  if (entries.size() > kPolicyEntriesLimit)
    return bad_policy("allow has over " + std::to_string(kPolicyEntriesLimit) + " entries");
  for (const PolicyTable* element : entries) {
    BRUME_ASSIGN(AllowEntry entry, read_entry(*element));
    BRUME_TRY(check_roots(policy, entry));
    policy.allow.push_back(std::move(entry));
  }
  return policy;
}

}  // namespace brume::appraisal

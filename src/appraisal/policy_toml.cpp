// Reads a policy. Header-only toml++ with its exceptions, which end here. Its 3.3.0 asserts that what
// follows "[[" begins a key, which is the file's affair: so its assertions are off, in every build, and
// the fuzzer runs what users run.
#define TOML_EXCEPTIONS 1
#define TOML_ASSERT(expression) static_cast<void>(0)
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#undef TOML_SHARED_LIB
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

#include <algorithm>

#include "appraisal/policy.h"
#include "crypto/hash.h"

namespace brume::appraisal {
namespace {

constexpr std::size_t kListLimit = 1024;
constexpr std::size_t kRoleSizeLimit = 32;
constexpr std::string_view kAny = "any";
constexpr std::string_view kNodeRoles[] = {"worker", "mapper", "reducer"};

std::unexpected<Error> bad(std::string what) { return fail(ErrorCode::kUsage, "policy: " + std::move(what)); }

Status check_keys(const toml::table& table, std::span<const std::string_view> known) {
  for (const auto& [key, value] : table) {
    if (std::ranges::find(known, key.str()) == known.end()) return bad("unknown key '" + std::string(key.str()) + "'");
  }
  return {};
}

Result<std::uint64_t> read_number(const toml::table& table, std::string_view key, std::uint64_t fallback,
                                  std::uint64_t limit) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return fallback;
  const auto* value = node->as_integer();
  if (value == nullptr || value->get() < 0 || static_cast<std::uint64_t>(value->get()) > limit) {
    return bad(std::string(key) + " must be a whole number of at most " + std::to_string(limit));
  }
  return static_cast<std::uint64_t>(value->get());
}

// The strings of a list; nothing where the key is not there.
Result<std::optional<std::vector<std::string>>> read_strings(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* array = node->as_array();
  if (array == nullptr || array->size() > kListLimit) {
    return bad(std::string(key) + " must be a list of at most " + std::to_string(kListLimit) + " strings");
  }
  std::vector<std::string> out;
  for (const toml::node& element : *array) {
    const auto* text = element.as_string();
    if (text == nullptr) return bad(std::string(key) + " must be a list of strings");
    out.push_back(text->get());
  }
  return out;
}

// A list of digests that is not empty, or "any" where that is allowed.
template <typename Digest>
Status read_digests(const toml::table& table, std::string_view key, std::vector<Digest>& out, bool& any) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return bad(std::string(key) + " is missing: name digests, or say \"any\"");
  if (const auto* text = node->as_string(); text != nullptr && text->get() == kAny) {
    any = true;
    return {};
  }
  BRUME_ASSIGN(auto texts, read_strings(table, key));
  for (const std::string& text : *texts) {
    auto digest = Digest::parse_hex(text);
    if (!digest) return bad(std::string(key) + " has an entry that is not 64 hex digits");
    if (*digest == Digest{}) return bad(std::string(key) + " has an entry of zeros");
    out.push_back(*digest);
  }
  if (out.empty()) return bad(std::string(key) + " is empty: name digests, or say \"any\"");
  return {};
}

Status read_tee(const toml::table& table, AllowEntry& entry) {
  auto name = table["tee"].value<std::string_view>();
  if (!name) return bad("an [[allow]] entry without a tee");
  auto tee = tee_from(*name);
  if (!tee) return bad("tee must be \"sgx\", \"sgx-sim\" or \"none\"");
  entry.tee = *tee;
  return {};
}

// Intel's root is built in for sgx; the simulator's must be named, and Intel's cannot be it.
Status read_root(const toml::table& table, AllowEntry& entry) {
  const toml::node* node = table.get("root");
  if (entry.tee == Tee::kNone) {
    if (node != nullptr) return bad("root has no meaning for tee \"none\"");
    return {};
  }
  if (node == nullptr) {
    if (entry.tee == Tee::kSgxSim) return bad("tee \"sgx-sim\" needs root: SHA-256 of its SubjectPublicKeyInfo");
    entry.root = kIntelSgxRoot;
    return {};
  }
  const auto* text = node->as_string();
  auto root = text == nullptr ? Result<SpkiHash>(malformed("")) : SpkiHash::parse_hex(text->get());
  if (!root) return bad("root must be 64 hex digits: SHA-256 of a SubjectPublicKeyInfo");
  if (entry.tee == Tee::kSgxSim && *root == kIntelSgxRoot) return bad("Intel's root is not a simulator's");
  entry.root = *root;
  return {};
}

Status read_statuses(const toml::table& table, AllowEntry& entry) {
  BRUME_ASSIGN(auto names, read_strings(table, "tcb_status"));
  if (!names) {
    entry.tcb_statuses = {evidence::TcbStatus::kUpToDate};
    return {};
  }
  for (const std::string& name : *names) {
    auto status = evidence::tcb_status_from(name);
    if (!status) return bad("tcb_status has an unknown status");
    if (*status == evidence::TcbStatus::kRevoked) return bad("tcb_status \"Revoked\" cannot be allowed");
    entry.tcb_statuses.push_back(*status);
  }
  return {};
}

Status read_protections(const toml::table& table, AllowEntry& entry) {
  BRUME_ASSIGN(auto names, read_strings(table, "protections"));
  if (entry.tee != Tee::kSgxSim) {
    if (names) return bad("protections are of tee \"sgx-sim\" only");
    return {};
  }
  if (!names) {
    entry.required_protections = evidence::kAllProtections;
    return {};
  }
  for (const std::string& name : *names) {
    auto index = evidence::protection_index(name);
    if (!index) return bad("protections has an unknown name");
    entry.required_protections.bits |= 1u << *index;
  }
  return {};
}

bool is_role(std::string_view role) {
  bool plain = std::ranges::all_of(role, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  return plain && !role.empty() && role.size() <= kRoleSizeLimit;
}

Status read_roles(const toml::table& table, AllowEntry& entry) {
  BRUME_ASSIGN(auto roles, read_strings(table, "roles"));
  entry.roles = roles.value_or(std::vector<std::string>(std::begin(kNodeRoles), std::end(kNodeRoles)));
  if (!std::ranges::all_of(entry.roles, is_role)) return bad("roles must be words of a-z and '-'");
  return {};
}

Status read_identity(const toml::table& table, AllowEntry& entry) {
  BRUME_TRY(read_digests(table, "measurement", entry.measurements, entry.any_measurement));
  BRUME_TRY(read_digests(table, "image", entry.images, entry.any_image));
  BRUME_TRY(read_digests(table, "signer", entry.signers, entry.any_signer));
  if (entry.any_measurement && entry.any_signer && entry.tee != Tee::kNone) {
    return bad("measurement and signer cannot both be \"any\"");
  }
  return {};
}

Status read_versions(const toml::table& table, AllowEntry& entry) {
  BRUME_ASSIGN(std::uint64_t svn, read_number(table, "min_isv_svn", 0, 0xffff));
  entry.min_isv_svn = static_cast<std::uint16_t>(svn);
  if (table.contains("product_id")) {
    BRUME_ASSIGN(std::uint64_t product, read_number(table, "product_id", 0, 0xffff));
    entry.product_id = static_cast<std::uint16_t>(product);
  }
  if (const toml::node* debug = table.get("debug"); debug != nullptr) {
    const auto* value = debug->as_boolean();
    if (value == nullptr) return bad("debug must be true or false");
    entry.debug_allowed = value->get();
  }
  return {};
}

Result<AllowEntry> read_entry(const toml::table& table) {
  static constexpr std::string_view kKeys[] = {"tee",    "root",        "measurement", "image",
                                               "signer", "min_isv_svn", "product_id",  "tcb_status",
                                               "debug",  "protections", "roles"};
  BRUME_TRY(check_keys(table, kKeys));
  AllowEntry entry;
  BRUME_TRY(read_tee(table, entry));
  BRUME_TRY(read_root(table, entry));
  BRUME_TRY(read_identity(table, entry));
  BRUME_TRY(read_versions(table, entry));
  BRUME_TRY(read_statuses(table, entry));
  BRUME_TRY(read_protections(table, entry));
  BRUME_TRY(read_roles(table, entry));
  return entry;
}

Status read_entries(const toml::table& table, Policy& policy) {
  const toml::node* node = table.get("allow");
  if (node == nullptr) return {};
  const toml::array* entries = node->as_array();
  if (entries == nullptr || entries->size() > kPolicyEntriesLimit) return bad("allow must be [[allow]] entries");
  for (const toml::node& element : *entries) {
    if (!element.is_table()) return bad("allow must be [[allow]] entries");
    BRUME_ASSIGN(AllowEntry entry, read_entry(*element.as_table()));
    auto tee = policy.tee_of_root(entry.root);
    if (entry.tee != Tee::kNone && tee && *tee != entry.tee) return bad("one root for two tees");
    policy.allow.push_back(std::move(entry));
  }
  return {};
}

// toml++ 3.3.0 has undefined behaviour on letters beyond ASCII. No name or value of a policy has any, so
// that in comments they may stand as '?', and elsewhere are refused as such.
std::string ascii_only(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return out;
}

Result<toml::table> parse_toml(std::string_view text) {
  try {
    return toml::parse(ascii_only(text));
  } catch (const toml::parse_error& error) {
    return bad("line " + std::to_string(error.source().begin.line) + ": not TOML");
  }
}

}  // namespace

Result<Policy> parse_policy_toml(std::string_view text) {
  static constexpr std::string_view kKeys[] = {"version", "epoch", "allow"};
  if (text.size() > kPolicySizeLimit) return fail(ErrorCode::kLimit, "policy: longer than 1 MiB");
  BRUME_ASSIGN(const toml::table table, parse_toml(text));
  Policy policy;
  policy.hash = crypto::sha256(as_bytes(text));
  if (table.empty()) return policy;
  BRUME_TRY(check_keys(table, kKeys));
  BRUME_ASSIGN(std::uint64_t version, read_number(table, "version", 0, 1));
  if (version != 1) return bad("version must be 1");
  BRUME_ASSIGN(policy.epoch, read_number(table, "epoch", 0, INT64_MAX));
  BRUME_TRY(read_entries(table, policy));
  return policy;
}

}  // namespace brume::appraisal

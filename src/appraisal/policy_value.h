// A policy's text as a tree, whether it came as TOML or as JSON, and a reader that gives clear errors
// and notices every key that nobody asked for.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "base/ids.h"

namespace brume::appraisal {

inline constexpr std::size_t kPolicyListLimit = 16384;  // a list of all files of a host

struct PolicyValue;
using PolicyList = std::vector<PolicyValue>;
using PolicyTable = std::map<std::string, PolicyValue, std::less<>>;
struct PolicyValue {
  std::variant<bool, std::int64_t, std::string, PolicyList, PolicyTable> value;
  friend bool operator==(const PolicyValue& a, const PolicyValue& b) { return a.value == b.value; }
};

std::unexpected<Error> bad_policy(std::string what);

// Reads one table. Every getter marks its key as known; finish() refuses the rest.
class PolicyReader {
 public:
  // `where`: put before keys in errors, such as "platforms."; empty for an entry's own.
  explicit PolicyReader(const PolicyTable& table, std::string where = {}) : table_(table), where_(std::move(where)) {}

  bool has(std::string_view key) const { return table_.contains(key); }
  Result<std::uint64_t> number(std::string_view key, std::uint64_t fallback, std::uint64_t limit);
  Result<bool> boolean(std::string_view key, bool fallback);
  Result<std::optional<std::string>> text(std::string_view key);
  // Nothing where the key is not there.
  Result<std::optional<std::vector<std::string>>> texts(std::string_view key);
  // Hex of exactly `size` bytes each; not zero. Empty where the key is not there (see has()).
  Result<std::vector<Bytes>> digests(std::string_view key, std::size_t size);
  // The table below a key; nullptr where it is not there.
  Result<const PolicyTable*> table(std::string_view key);
  // A list of tables; empty where the key is not there.
  Result<std::vector<const PolicyTable*>> tables(std::string_view key);

  // A list of digests that is not empty, or the word "any". An error where the key is not there.
  template <typename Digest>
  Status digests_or_any(std::string_view key, std::vector<Digest>& out, bool& any);

  // Refuses keys that no getter asked for.
  Status finish() const;

 private:
  const PolicyValue* find(std::string_view key);
  Result<std::vector<Bytes>> digests_unless_any(std::string_view key, std::size_t size, bool& any);

  const PolicyTable& table_;
  std::string where_;
  std::set<std::string, std::less<>> asked_;
};

template <typename Digest>
Status PolicyReader::digests_or_any(std::string_view key, std::vector<Digest>& out, bool& any) {
  BRUME_ASSIGN(const auto list, digests_unless_any(key, Digest::kSize, any));
  for (const Bytes& bytes : list) out.push_back(*Digest::from(bytes));
  return {};
}

}  // namespace brume::appraisal

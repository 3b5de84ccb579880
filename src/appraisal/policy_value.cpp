#include "appraisal/policy_value.h"

#include <algorithm>

namespace brume::appraisal {

std::unexpected<Error> bad_policy(std::string what) { return fail(ErrorCode::kUsage, "policy: " + std::move(what)); }

const PolicyValue* PolicyReader::find(std::string_view key) {
  asked_.emplace(key);
  const auto found = table_.find(key);
  return found == table_.end() ? nullptr : &found->second;
}

Result<std::uint64_t> PolicyReader::number(std::string_view key, std::uint64_t fallback, std::uint64_t limit) {
  const PolicyValue* node = find(key);
  if (node == nullptr) return fallback;
  const auto* value = std::get_if<std::int64_t>(&node->value);
  if (value == nullptr || *value < 0 || static_cast<std::uint64_t>(*value) > limit) {
    return bad_policy(where_ + std::string(key) + " must be a whole number of at most " + std::to_string(limit));
  }
  return static_cast<std::uint64_t>(*value);
}

Result<bool> PolicyReader::boolean(std::string_view key, bool fallback) {
  const PolicyValue* node = find(key);
  if (node == nullptr) return fallback;
  const auto* value = std::get_if<bool>(&node->value);
  if (value == nullptr) return bad_policy(where_ + std::string(key) + " must be true or false");
  return *value;
}

Result<std::optional<std::string>> PolicyReader::text(std::string_view key) {
  const PolicyValue* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = std::get_if<std::string>(&node->value);
  if (value == nullptr) return bad_policy(where_ + std::string(key) + " must be a string");
  return *value;
}

Result<std::optional<std::vector<std::string>>> PolicyReader::texts(std::string_view key) {
  const PolicyValue* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* list = std::get_if<PolicyList>(&node->value);
  if (list == nullptr || list->size() > kPolicyListLimit) {
    return bad_policy(where_ + std::string(key) + " must be a list of at most " + std::to_string(kPolicyListLimit) +
                      " strings");
  }
  std::vector<std::string> out;
  for (const PolicyValue& element : *list) {
    const auto* value = std::get_if<std::string>(&element.value);
    if (value == nullptr) return bad_policy(where_ + std::string(key) + " must be a list of strings");
    out.push_back(*value);
  }
  return out;
}

Result<std::vector<Bytes>> PolicyReader::digests(std::string_view key, std::size_t size) {
  std::vector<Bytes> out;
  BRUME_ASSIGN(const auto list, texts(key));
  if (!list) return out;
  for (const std::string& hex : *list) {
    auto bytes = from_hex(hex);
    if (!bytes || bytes->size() != size) {
      return bad_policy(where_ + std::string(key) + " has an entry that is not " + std::to_string(2 * size) +
                        " hex digits");
    }
    if (std::ranges::all_of(*bytes, [](std::uint8_t byte) { return byte == 0; })) {
      return bad_policy(where_ + std::string(key) + " has an entry of zeros");
    }
    out.push_back(std::move(*bytes));
  }
  return out;
}

Result<std::vector<Bytes>> PolicyReader::digests_unless_any(std::string_view key, std::size_t size, bool& any) {
  constexpr std::string_view kHow = ": name digests, or say \"any\"";
  const PolicyValue* node = find(key);
  if (node == nullptr) return bad_policy(where_ + std::string(key) + " is missing" + std::string(kHow));
  if (const auto* word = std::get_if<std::string>(&node->value); word != nullptr && *word == "any") {
    any = true;
    return std::vector<Bytes>();
  }
  BRUME_ASSIGN(auto list, digests(key, size));
  if (list.empty()) return bad_policy(where_ + std::string(key) + " is empty" + std::string(kHow));
  return list;
}

Result<const PolicyTable*> PolicyReader::table(std::string_view key) {
  const PolicyValue* node = find(key);
  if (node == nullptr) return nullptr;
  const auto* value = std::get_if<PolicyTable>(&node->value);
  if (value == nullptr) return bad_policy(where_ + std::string(key) + " must be a table");
  return value;
}

Result<std::vector<const PolicyTable*>> PolicyReader::tables(std::string_view key) {
  std::vector<const PolicyTable*> out;
  const PolicyValue* node = find(key);
  if (node == nullptr) return out;
  const auto* list = std::get_if<PolicyList>(&node->value);
  const std::string what = where_ + std::string(key) + " must be a list of tables";
  if (list == nullptr || list->size() > kPolicyListLimit) return bad_policy(what);
  for (const PolicyValue& element : *list) {
    const auto* value = std::get_if<PolicyTable>(&element.value);
    if (value == nullptr) return bad_policy(what);
    out.push_back(value);
  }
  return out;
}

Status PolicyReader::finish() const {
  for (const auto& [key, value] : table_) {
    if (!asked_.contains(key)) return bad_policy("unknown key '" + where_ + key + "'");
  }
  return {};
}

}  // namespace brume::appraisal

// Reads a policy's TOML. Header-only toml++ with its exceptions, which end here. Its 3.3.0 asserts that
// what follows "[[" begins a key, which is the file's affair: so its assertions are off, in every build,
// and the fuzzer runs what users run.
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
#include "appraisal/policy_read.h"

namespace brume::appraisal {
namespace {

bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// toml++ 3.3.0 has undefined behaviour on letters beyond ASCII: they stand as `letter`.
std::string ascii_only(std::string_view text, char letter) {
  std::string out(text);
  std::ranges::replace_if(out, is_beyond_ascii, letter);
  return out;
}

Result<PolicyValue> value_of(const toml::node& node);

Result<PolicyTable> table_of(const toml::table& table) {
  PolicyTable out;
  for (const auto& [key, node] : table) {
    BRUME_ASSIGN(PolicyValue value, value_of(node));
    out.emplace(key.str(), std::move(value));
  }
  return out;
}

Result<PolicyValue> value_of(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return PolicyValue{flag->get()};
  if (const auto* number = node.as_integer()) return PolicyValue{number->get()};
  if (const auto* text = node.as_string()) return PolicyValue{text->get()};
  if (const auto* table = node.as_table()) {
    BRUME_ASSIGN(PolicyTable value, table_of(*table));
    return PolicyValue{std::move(value)};
  }
  const auto* array = node.as_array();
  if (array == nullptr) {
    return bad_policy("line " + std::to_string(node.source().begin.line) +
                      ": only strings, whole numbers, true, false, lists and tables");
  }
  PolicyList list;
  for (const toml::node& element : *array) {
    BRUME_ASSIGN(PolicyValue value, value_of(element));
    list.push_back(std::move(value));
  }
  return PolicyValue{std::move(list)};
}

Result<PolicyTable> parse_ascii(std::string_view text) {
  try {
    return table_of(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return bad_policy("line " + std::to_string(error.source().begin.line) + ": not TOML");
  }
}

// In comments any letters may stand. In a name or value they would be read as others, and a rule that refuses what it
// names refuse nothing: such a text reads differently with another letter in their place.
Result<PolicyTable> parse_toml(std::string_view text) {
  BRUME_ASSIGN(PolicyTable table, parse_ascii(ascii_only(text, '?')));
  if (std::ranges::none_of(text, is_beyond_ascii)) return table;
  const auto other = parse_ascii(ascii_only(text, '!'));
  if (other && *other == table) return table;
  return bad_policy("letters beyond ASCII stand in a name or value: write them as ASCII, or \\uXXXX in a string");
}

}  // namespace

Result<Policy> parse_policy_toml(std::string_view text) {
  if (text.size() > kPolicySizeLimit) return fail(ErrorCode::kLimit, "policy: longer than 1 MiB");
  BRUME_ASSIGN(const PolicyTable table, parse_toml(text));
  return read_policy(table, text);
}

}  // namespace brume::appraisal

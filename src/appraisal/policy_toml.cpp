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

constexpr std::size_t kDotsLimit = 64;  // of the names in one line; the schema needs one

// Behind the string that begins at `at`, or where a line ends it, which TOML does not allow.
std::size_t string_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool lines = text.substr(at).starts_with(three);
  for (std::size_t i = at + (lines ? 3 : 1); i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (!lines && (text[i] == quote || text[i] == '\n')) {
      return text[i] == quote ? i + 1 : i;
    } else if (lines && text.substr(i).starts_with(three)) {
      std::size_t more = 0;  // up to two quotes may stand before the three that end it
      while (more < 2 && i + 3 + more < text.size() && text[i + 3 + more] == quote) ++more;
      return i + 3 + more;
    }
  }
  return text.size();
}

// A name with dots is tables in tables, into each of which toml++ goes down: its own limit of depth is of lists and
// inline tables only.
Status check_dots(std::string_view text) {
  std::size_t dots = 0;
  std::size_t line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '"' || c == '\'') {
      const std::size_t end = string_end(text, i);
      line += static_cast<std::size_t>(std::ranges::count(text.substr(i, end - i), '\n'));
      i = end;
    } else {
      if (c == '\n') ++line;
      dots = c == '\n' ? 0 : dots + (c == '.' ? 1 : 0);
      if (dots > kDotsLimit) return bad_policy("line " + std::to_string(line) + ": tables nested too deeply");
      ++i;
    }
  }
  return {};
}

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
  BRUME_TRY(check_dots(text));
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

// Reads a policy's JSON: the same schema as TOML, in plain ASCII without escapes, which no value of a policy
// needs.
#include "appraisal/policy.h"
#include "appraisal/policy_read.h"
#include "evidence/json_cursor.h"

namespace brume::appraisal {
namespace {

constexpr int kDepthLimit = 8;  // the schema has 4
constexpr std::size_t kNamesLimit = 256;

PolicyValue read_value(evidence::JsonCursor& json, int depth);

PolicyTable read_table(evidence::JsonCursor& json, int depth) {
  PolicyTable table;
  json.members(kNamesLimit, [&](std::string_view name) { table.emplace(name, read_value(json, depth + 1)); });
  return table;
}

PolicyValue read_value(evidence::JsonCursor& json, int depth) {
  if (depth > kDepthLimit) {
    json.fault("nested too deeply");
    return {};
  }
  switch (json.peek()) {
    case '{':
      return {read_table(json, depth)};
    case '[': {
      PolicyList list;
      json.array(kPolicyListLimit, [&](std::size_t) { list.push_back(read_value(json, depth + 1)); });
      return {std::move(list)};
    }
    case '"':
      return {std::string(json.string())};
    case 't':
    case 'f':
      return {json.boolean()};
    default:
      return {static_cast<std::int64_t>(json.number(INT64_MAX))};
  }
}

}  // namespace

Result<Policy> parse_policy_json(std::string_view text) {
  if (text.size() > kPolicySizeLimit) return fail(ErrorCode::kLimit, "policy: longer than 1 MiB");
  evidence::JsonCursor json(text);
  const PolicyTable table = read_table(json, 0);
  if (auto status = json.done("JSON"); !status) return bad_policy(status.error().what);
  return read_policy(table, text);
}

Result<Policy> parse_policy(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  const bool json = begin != std::string_view::npos && text[begin] == '{';
  return json ? parse_policy_json(text) : parse_policy_toml(text);
}

}  // namespace brume::appraisal

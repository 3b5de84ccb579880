// Every rule of docs/formats/policy.md has a document behind it.
#include "appraisal/rule_reference.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace brume::appraisal {
namespace {

// "sgx.{root,pck}.{name,issuer}" -> four rules
std::vector<std::string> expanded(const std::string& pattern) {
  const std::size_t open = pattern.find('{');
  const std::size_t close = pattern.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {pattern};
  std::vector<std::string> out;
  std::istringstream names(pattern.substr(open + 1, close - open - 1));
  for (std::string name; std::getline(names, name, ',');) {
    for (auto& rule : expanded(pattern.substr(0, open) + name + pattern.substr(close + 1))) out.push_back(rule);
  }
  return out;
}

std::vector<std::string> documented_rules() {
  std::ifstream file(BRUME_POLICY_PAGE);
  std::vector<std::string> out;
  bool refusals = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "## Refusals") refusals = true;
    if (!refusals || !line.starts_with("| `")) continue;
    const std::string cell = line.substr(0, line.find(" | ", 2));
    // Every second part between backquotes is a rule's name.
    std::istringstream parts(cell);
    bool name = false;
    for (std::string part; std::getline(parts, part, '`'); name = !name) {
      if (!name || part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.*{},-") != std::string::npos) continue;
      for (auto& rule : expanded(part)) out.push_back(rule);
    }
  }
  return out;
}

TEST(RuleReference, EveryDocumentedRuleHasItsSource) {
  const auto rules = documented_rules();
  ASSERT_GT(rules.size(), 150u) << "in " BRUME_POLICY_PAGE;
  for (const std::string& rule : rules) {
    if (rule.find('*') != std::string::npos) continue;  // parts of the collateral, each named elsewhere
    const RuleReference* found = find_reference(rule);
    ASSERT_NE(found, nullptr) << rule;
    EXPECT_FALSE(found->source.empty()) << rule;
  }
}

TEST(RuleReference, TheClosestCounts) {
  ASSERT_NE(find_reference("tpm.pcr.digest"), nullptr);
  EXPECT_EQ(find_reference("tpm.pcr.digest")->rule, "tpm.pcr.");
  EXPECT_EQ(find_reference("tpm.nonce")->rule, "tpm.");
  EXPECT_EQ(find_reference("other.rule"), nullptr);
}

}  // namespace
}  // namespace brume::appraisal

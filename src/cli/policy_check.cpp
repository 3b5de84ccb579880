// `brume policy check`: is it a policy, and whom does it let in?
#include <iostream>

#include "appraisal/policy.h"
#include "cli/verbs.h"
#include "files/input_file.h"

namespace brume::cli {
namespace {

std::string words(const appraisal::AllowEntry& entry) {
  std::string out(tee_name(entry.tee));
  out += " for";
  for (const std::string& role : entry.roles) out += " " + role;
  if (entry.tee != appraisal::Tee::kNone && entry.tee != appraisal::Tee::kTpm) {
    out += ", TCB";
    for (const auto status : entry.tcb_statuses) out += " " + std::string(tcb_status_name(status));
  }
  if (entry.platform.grace_days > 0) out += ", out of date for " + std::to_string(entry.platform.grace_days) + " days";
  if (entry.debug_allowed) out += ", DEBUG ALLOWED";
  if (!entry.platform.crl_required) out += ", WITHOUT REVOCATION LISTS";
  return out;
}

// 3: not a policy. What is meant stays to be read by who wrote it: so every entry is told in a line.
Status check_policy(const std::string& path) {
  BRUME_ASSIGN(const std::string text, files::read_small_file(path, appraisal::kPolicySizeLimit));
  const auto policy = appraisal::parse_policy(text);
  if (!policy) return malformed(path + ": " + policy.error().what);
  std::cout << "sha256  " << policy->hash.hex() << "\nepoch   " << policy->epoch << "\n";
  if (policy->allow.empty()) std::cout << "no entry: nobody is let in\n";
  for (const appraisal::AllowEntry& entry : policy->allow) {
    std::cout << "allow   " << words(entry) << "\n";
  }
  return {};
}

}  // namespace

void add_policy_check(CLI::App& policy_verb) {
  auto path = std::make_shared<std::string>();
  auto* check = policy_verb.add_subcommand("check", "Say whom a policy, TOML or JSON, would let in; changes nothing");
  check->add_option("FILE", *path, "The policy")->required();
  check->callback([path] { finish(check_policy(*path)); });
}

}  // namespace brume::cli

#include "appraisal/platform_rules.h"

#include <algorithm>

#include "appraisal/attested_peer.h"
#include "appraisal/policy_list.h"
#include "appraisal/policy_read.h"
#include "evidence/time.h"

namespace brume::appraisal {
namespace {

constexpr UnixMs kDayMs = 86'400'000;
constexpr std::uint64_t kDaysLimit = 3650;
constexpr std::uint64_t kSecondsLimit = kDaysLimit * 86'400;

std::string itself(const std::string& name) { return name; }

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::ranges::find(list, name) != list.end();
}

void check_advisories(Refusals& refusals, const PlatformRules& rules, const PeerFacts& facts) {
  constexpr std::string_view kFix =
      "update the platform, or accept the advisory in the policy if it does not concern you";
  for (const std::string& advisory : facts.advisories) {
    if (rules.advisories && !contains(*rules.advisories, advisory)) {
      refuse(refusals, "policy.advisory", "no advisories but " + listed(*rules.advisories, itself), advisory, kFix);
    } else if (contains(rules.refused_advisories, advisory)) {
      refuse(refusals, "policy.advisory", "not " + advisory, advisory, kFix);
    }
  }
}

void check_collateral_age(Refusals& refusals, const PlatformRules& rules, const PeerFacts& facts, UnixMs now_ms) {
  if (!rules.collateral_max_age_days) return;
  const UnixMs limit_ms = *rules.collateral_max_age_days * kDayMs;
  if (facts.collateral_issued_ms && now_ms - *facts.collateral_issued_ms <= limit_ms) return;
  refuse(refusals, "policy.collateral-age",
         "issued at most " + std::to_string(*rules.collateral_max_age_days) + " days ago",
         facts.collateral_issued_ms ? "issued " + evidence::format_time(*facts.collateral_issued_ms) : "without a date",
         "fetch the collateral again");
}

void check_evidence_age(Refusals& refusals, const PlatformRules& rules, const Moment& moment) {
  if (!rules.evidence_max_age_s) return;
  const UnixMs limit_ms = UnixMs{*rules.evidence_max_age_s} * 1000;
  if (moment.challenged_ms && moment.now_ms >= *moment.challenged_ms &&
      moment.now_ms - *moment.challenged_ms <= limit_ms) {
    return;
  }
  refuse(refusals, "policy.evidence-age",
         "asked for at most " + std::to_string(*rules.evidence_max_age_s) + " seconds ago",
         moment.challenged_ms ? "asked for at " + evidence::format_time(*moment.challenged_ms) : "at an unknown moment",
         "ask for evidence with a new nonce, and say when that was drawn");
}

Result<std::optional<std::uint32_t>> optional_number(PolicyReader& reader, std::string_view key, std::uint64_t limit) {
  if (!reader.has(key)) return std::nullopt;
  BRUME_ASSIGN(const std::uint64_t value, reader.number(key, 0, limit));
  return static_cast<std::uint32_t>(value);
}

Status read_crl(PolicyReader& reader, PlatformRules& rules) {
  BRUME_ASSIGN(const auto word, reader.text("crl"));
  if (!word || *word == "required") return {};
  if (*word != "optional") return bad_policy("crl must be \"required\" or \"optional\"");
  rules.crl_required = false;
  return {};
}

// Compared letter by letter: one that is written otherwise would refuse nothing.
bool is_advisory(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; });
}

Result<std::optional<std::vector<std::string>>> read_advisories(PolicyReader& reader, std::string_view key) {
  BRUME_ASSIGN(auto names, reader.texts(key));
  if (names && !std::ranges::all_of(*names, is_advisory)) {
    return bad_policy(std::string(key) + " has an entry that is not of A-Z, 0-9 and '-', such as INTEL-SA-00615");
  }
  return names;
}

// What only Intel's TCB info tells.
Status read_tcb_rules(PolicyReader& reader, PlatformRules& rules) {
  BRUME_ASSIGN(rules.advisories, read_advisories(reader, "advisories"));
  BRUME_ASSIGN(auto refused, read_advisories(reader, "refused_advisories"));
  rules.refused_advisories = std::move(refused).value_or(std::vector<std::string>{});
  BRUME_ASSIGN(const std::uint64_t grace, reader.number("grace_days", 0, kDaysLimit));
  rules.grace_days = static_cast<std::uint32_t>(grace);
  BRUME_ASSIGN(const std::uint64_t number, reader.number("min_tcb_evaluation_data_number", 0, UINT32_MAX));
  rules.min_tcb_evaluation_data_number = static_cast<std::uint32_t>(number);
  BRUME_ASSIGN(rules.collateral_max_age_days, optional_number(reader, "collateral_max_age_days", kDaysLimit));
  return {};
}

}  // namespace

Status read_platform_rules(PolicyReader& reader, AllowEntry& entry) {
  PlatformRules& rules = entry.platform;
  if (entry.tee == Tee::kNone) return {};
  if (entry.tee != Tee::kSevSnp && entry.tee != Tee::kTpm) BRUME_TRY(read_tcb_rules(reader, rules));
  BRUME_ASSIGN(const auto platforms, reader.digests("platforms", PlatformId::kSize));
  for (const Bytes& id : platforms) rules.platforms.push_back(*PlatformId::from(id));
  if (reader.has("platforms") && rules.platforms.empty()) return bad_policy("platforms is empty");
  BRUME_ASSIGN(rules.evidence_max_age_s, optional_number(reader, "evidence_max_age_s", kSecondsLimit));
  return read_crl(reader, rules);
}

void match_platform_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts, bool tcb_known,
                          const Moment& moment) {
  const PlatformRules& rules = entry.platform;
  check_digest(refusals, "policy.platform", rules.platforms, rules.platforms.empty(), facts.platform, kFixPolicy);
  check_evidence_age(refusals, rules, moment);
  check_collateral_age(refusals, rules, facts, moment.now_ms);
  if (!tcb_known) return;
  check_advisories(refusals, rules, facts);
  if (facts.tcb_evaluation_data_number < rules.min_tcb_evaluation_data_number) {
    refuse(refusals, "policy.tcb-evaluation", "at least " + std::to_string(rules.min_tcb_evaluation_data_number),
           std::to_string(facts.tcb_evaluation_data_number), "fetch newer collateral");
  }
}

std::optional<UnixMs> grace_end_ms(const AllowEntry& entry, const PeerFacts& facts) {
  using enum evidence::TcbStatus;
  const auto accepts = [&](evidence::TcbStatus status) {
    return std::ranges::find(entry.tcb_statuses, status) != entry.tcb_statuses.end();
  };
  // What is to be configured does not become right by waiting.
  const bool old = facts.tcb_status == kOutOfDate ||
                   (facts.tcb_status == kOutOfDateConfigurationNeeded && accepts(kConfigurationNeeded));
  if (!old || entry.platform.grace_days == 0 || !facts.tcb_superseded_ms) return std::nullopt;
  return *facts.tcb_superseded_ms + entry.platform.grace_days * kDayMs;
}

}  // namespace brume::appraisal

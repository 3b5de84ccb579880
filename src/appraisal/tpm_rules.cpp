#include "appraisal/tpm_rules.h"

#include <algorithm>

#include "appraisal/attested_peer.h"
#include "appraisal/policy.h"
#include "appraisal/policy_list.h"

namespace brume::appraisal {
namespace {

using evidence::BootFile;
using evidence::BootText;
using evidence::ImaEntry;
using evidence::TpmAlgorithm;

constexpr std::string_view kFixHost = "look at what this host started, or add it to the policy if you trust it";
constexpr std::string_view kFixLogAsked = "send the event log, and quote the registers that it is about";

std::string hex_of(const Bytes& bytes) { return to_hex(bytes); }

bool contains(const std::vector<Bytes>& list, const Bytes& value) {
  return std::ranges::find(list, value) != list.end();
}

// TPM 2.0 Library, Part 1, section 16: a name is the digest of a key and all that it may do.
void check_key(Refusals& refusals, const TpmRules& rules, const TpmFacts& facts) {
  if (!rules.ak_names.empty() || !rules.aks.empty()) {
    const bool named = !facts.ak_name.empty() && contains(rules.ak_names, facts.ak_name);
    if (!named && std::ranges::find(rules.aks, facts.ak) == rules.aks.end()) {
      std::vector<std::string> all;
      all.reserve(rules.ak_names.size() + rules.aks.size());
      for (const Bytes& name : rules.ak_names) all.push_back(to_hex(name));
      for (const SpkiHash& key : rules.aks) all.push_back(key.hex());
      refuse(refusals, "policy.ak", listed(all, [](const std::string& text) { return text; }),
             facts.ak_name.empty() ? facts.ak.hex() : to_hex(facts.ak_name), kFixPolicy);
    }
  }
  if (!rules.eks.empty()) {
    check_digest(refusals, "policy.ek", rules.eks, false, facts.ek.value_or(SpkiHash{}),
                 "activate a credential with the TPM first, or add its endorsement key to the policy");
  }
}

void check_chain(Refusals& refusals, const AllowEntry& entry, const TpmFacts& facts) {
  if (entry.roots.empty()) return;
  refusals.insert(refusals.end(), facts.chain.begin(), facts.chain.end());
  if (!facts.revocation || entry.tpm.crl_optional) return;
  constexpr std::string_view kFix = "lay the issuers' CRLs beside the quote, or say crl = \"optional\" in the policy";
  if (*facts.revocation == TpmRevocation::kUnchecked) {
    refuse(refusals, "tpm.crl.missing", "a CRL of each issuer", "not of all", kFix);
  } else if (*facts.revocation == TpmRevocation::kStale) {
    refuse(refusals, "tpm.crl.expired", "CRLs that are still valid", "the next update of one is past", kFix);
  }
}

void check_hashes(Refusals& refusals, const TpmRules& rules, const TpmFacts& facts) {
  if (rules.sha1_allowed) return;
  constexpr std::string_view kFix = "quote with SHA-256 and its bank, or say sha1 = true in the policy";
  if (facts.hash == TpmAlgorithm::kSha1) refuse(refusals, "policy.sha1", "a quote signed with SHA-256", "SHA-1", kFix);
  if (facts.log && facts.log->bank == TpmAlgorithm::kSha1) {
    refuse(refusals, "policy.sha1", "registers of a bank other than SHA-1 in quote and log", "SHA-1 only", kFix);
  }
}

void check_pcrs(Refusals& refusals, const TpmRules& rules, const TpmFacts& facts) {
  for (const TpmPcrRule& rule : rules.pcrs) {
    const std::string name = std::string(evidence::tpm_hash_name(rule.bank)) + "." + std::to_string(rule.index);
    const auto* value = evidence::find_pcr(facts.pcrs, rule.bank, rule.index);
    if (value == nullptr) {
      refuse(refusals, "policy.pcr", name + " in the quote", "not selected", "quote this register, too");
    } else if (!rule.values.empty() && !contains(rule.values, value->value)) {
      refuse(refusals, "policy.pcr", name + " = " + listed(rule.values, hex_of), to_hex(value->value), kFixHost);
    }
  }
}

void check_files(Refusals& refusals, std::string_view rule, const std::vector<Bytes>& allowed,
                 const std::vector<BootFile>& measured) {
  if (allowed.empty()) return;
  if (measured.empty()) refuse(refusals, rule, listed(allowed, hex_of), "none in the log", kFixLogAsked);
  for (const BootFile& file : measured) {
    if (!contains(allowed, file.digest)) refuse(refusals, rule, listed(allowed, hex_of), to_hex(file.digest), kFixHost);
  }
}

// A command line that is not bound could be any: its digest is of something else.
void check_command_lines(Refusals& refusals, const TpmRules& rules, const std::vector<BootText>& measured) {
  if (rules.command_lines.empty()) return;
  if (measured.empty()) {
    refuse(refusals, "policy.command-line", "one in the log", "none", kFixLogAsked);
  }
  for (const BootText& line : measured) {
    const bool known = std::ranges::find(rules.command_lines, line.text) != rules.command_lines.end();
    if (known && line.bound) continue;
    refuse(refusals, "policy.command-line", "a command line that the policy names",
           line.bound ? "another" : "one that is not what its digest is of", kFixHost);
  }
}

void check_log(Refusals& refusals, const TpmRules& rules, const TpmFacts& facts) {
  const bool needed = rules.log_required || rules.secure_boot || !rules.boot_images.empty() || !rules.kernels.empty() ||
                      !rules.initrds.empty() || !rules.command_lines.empty();
  if (!needed) return;
  if (!facts.log || !facts.log->readable) {
    refuse(refusals, "policy.event-log", "a TCG event log", "none", kFixLogAsked);
    return;
  }
  const evidence::BootState& boot = facts.log->boot;
  if (rules.secure_boot && boot.secure_boot != true) {
    refuse(refusals, "policy.secure-boot", "secure boot on, by PCR 7 of the quote",
           boot.secure_boot ? "off" : "the log's verified part does not say", "switch it on, and quote PCR 7");
  }
  check_files(refusals, "policy.boot-image", rules.boot_images, boot.images);
  check_files(refusals, "policy.kernel", rules.kernels, boot.kernels);
  check_files(refusals, "policy.initrd", rules.initrds, boot.initrds);
  check_command_lines(refusals, rules, boot.command_lines);
}

// Part 1, section 36 (clock) and Part 2, 10.11.1 (TPMS_CLOCK_INFO): a TPM that was cleared starts anew.
void check_clock(Refusals& refusals, const TpmRules& rules, const evidence::TpmAttest& quote) {
  constexpr std::string_view kFix = "a TPM was cleared or replaced, or the quote is an old one: enrol it anew";
  const auto at_least = [&](std::string_view rule, std::uint64_t least, std::uint64_t got) {
    if (got < least) refuse(refusals, rule, "at least " + std::to_string(least), std::to_string(got), kFix);
  };
  at_least("policy.clock", rules.min_clock_ms, quote.clock_ms);
  at_least("policy.reset-count", rules.min_reset_count, quote.reset_count);
  at_least("policy.firmware", rules.min_firmware, quote.firmware_version);
  if (rules.reset_count && *rules.reset_count != quote.reset_count) {
    refuse(refusals, "policy.reset-count", std::to_string(*rules.reset_count), std::to_string(quote.reset_count),
           "the host was started anew since: appraise it anew");
  }
  if (rules.safe_required && !quote.safe) {
    refuse(refusals, "policy.safe", "a clock that never ran twice", "an unclean shutdown",
           "wait until the TPM has written its clock again");
  }
}

bool excluded(const TpmRules& rules, const ImaEntry& entry) {
  return std::ranges::any_of(rules.ima_excluded, [&](const std::string& path) { return entry.path.starts_with(path); });
}

// What the kernel measures first, of the registers and no file; after a kexec once more. Any file may have that name
// where the kernel cannot tell its path (ima_d_path).
bool is_boot_aggregate(const std::vector<ImaEntry>& entries, std::size_t at) {
  const ImaEntry& first = entries.front();
  return first.path == "boot_aggregate" && entries[at].path == first.path && entries[at].hash_name == first.hash_name &&
         entries[at].file_digest == first.file_digest;
}

void check_ima_entries(Refusals& refusals, const TpmRules& rules, const std::vector<ImaEntry>& entries) {
  std::size_t count = 0;
  std::string first;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ImaEntry& entry = entries[i];
    if (entry.violation() || is_boot_aggregate(entries, i) || excluded(rules, entry)) continue;
    if (std::ranges::binary_search(rules.ima_allowed, ImaDigest{entry.hash_name, entry.file_digest})) continue;
    if (count++ == 0) first = "entry " + std::to_string(i) + ", " + to_hex(entry.file_digest);
  }
  if (count == 0) return;
  refuse(refusals, "ima.not-allowed", "files that the policy names",
         std::to_string(count) + " others; the first is " + first, kFixHost);
}

// Whether nothing but SHA-1 covers the entries: no other bank was quoted, or the kernel extended it with padded SHA-1.
bool covered_by_sha1_only(const TpmFacts& facts) {
  const bool other = std::ranges::any_of(facts.pcrs, [](const evidence::PcrValue& value) {
    return value.index == evidence::kImaPcr && value.bank != TpmAlgorithm::kSha1 &&
           evidence::tpm_crypto_hash(value.bank).has_value();
  });
  return !other || facts.ima->style == evidence::ImaStyle::kPaddedSha1;
}

void check_ima(Refusals& refusals, const TpmRules& rules, const TpmFacts& facts) {
  if (!rules.ima_required && rules.ima_allowed.empty()) return;
  if (!facts.ima || facts.ima->match_count.value_or(0) == 0) {
    refuse(refusals, "ima.missing", "an IMA list of which PCR 10 of the quote covers at least one entry", "none",
           "send the list, and quote PCR 10");
    return;
  }
  if (!rules.sha1_allowed && covered_by_sha1_only(facts)) {
    refuse(refusals, "policy.sha1", "an IMA list that another bank than SHA-1 covers", "SHA-1 only",
           "quote PCR 10 of the SHA-256 bank of Linux 5.8 or later, or say sha1 = true in the policy");
  }
  if (facts.ima->violation_count > 0 && !rules.ima_violations_allowed) {
    refuse(refusals, "ima.violation", "no file that changed while it was measured",
           std::to_string(facts.ima->violation_count), "say ima_violations = true if you trust what writes them");
  }
  if (!rules.ima_allowed.empty()) check_ima_entries(refusals, rules, *facts.ima->entries);
}

}  // namespace

void match_tpm_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts) {
  if (!facts.tpm) return;
  const TpmRules& rules = entry.tpm;
  check_key(refusals, rules, *facts.tpm);
  check_chain(refusals, entry, *facts.tpm);
  check_hashes(refusals, rules, *facts.tpm);
  check_pcrs(refusals, rules, *facts.tpm);
  check_log(refusals, rules, *facts.tpm);
  check_clock(refusals, rules, facts.tpm->quote);
  check_ima(refusals, rules, *facts.tpm);
}

}  // namespace brume::appraisal

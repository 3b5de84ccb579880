// The owner's policy: who may join. TOML for people, JSON for programs (docs/formats/policy.md). What it does not name
// is refused; an empty policy refuses everything.
#pragma once

#include <optional>
#include <vector>

#include "appraisal/platform_rules.h"
#include "appraisal/snp_rules.h"
#include "appraisal/tdx_rules.h"
#include "appraisal/tee.h"
#include "appraisal/tpm_rules.h"
#include "base/ids.h"
#include "evidence/protections.h"
#include "evidence/tcb_status.h"

namespace brume::appraisal {

inline constexpr std::size_t kPolicySizeLimit = 1u << 20;
inline constexpr std::size_t kPolicyEntriesLimit = 1024;

// SHA-256 of the SubjectPublicKeyInfo of "Intel SGX Root CA", the anchor of tees `sgx` and `tdx` unless the
// policy names another. The simulator's is never built in.
inline constexpr SpkiHash kIntelSgxRoot{{0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91,
                                         0x86, 0x06, 0x8a, 0x7f, 0xc1, 0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35,
                                         0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e}};

// One [[allow]]: evidence must satisfy all of one entry. Where a list is not given, `any` is set.
struct AllowEntry {
  Tee tee = Tee::kSgxSim;
  std::vector<Measurement> measurements;
  bool any_measurement = false;  // only together with named signers, or tee none
  std::vector<ImageDigest> images;
  bool any_image = false;
  std::vector<SignerId> signers;
  bool any_signer = false;
  std::uint16_t min_isv_svn = 0;
  std::optional<std::uint16_t> product_id;
  std::vector<SpkiHash> roots;  // any of them; empty for tee none
  std::vector<evidence::TcbStatus> tcb_statuses;
  bool debug_allowed = false;
  evidence::Protections required_protections;  // empty but for tee sgx-sim
  std::vector<std::string> roles;
  PlatformRules platform;
  TdxRules tdx;  // of each of these, those of `tee` count
  SnpRules snp;
  TpmRules tpm;
};

struct Policy {
  std::uint64_t epoch = 0;
  std::vector<AllowEntry> allow;
  Sha256Digest hash;  // of the text

  // Whether an entry for this tee names this anchor.
  bool names_root(Tee tee, const SpkiHash& root) const;
};

// What counts where an entry names no root.
std::vector<SpkiHash> built_in_roots(Tee tee);

// Refuses unknown keys, unknown names, and one root for two tees. The error names line or key.
Result<Policy> parse_policy_toml(std::string_view text);
// The same schema in JSON, plain ASCII without escapes.
Result<Policy> parse_policy_json(std::string_view text);
// Which of the two, the first character says: '{' is JSON.
Result<Policy> parse_policy(std::string_view text);

}  // namespace brume::appraisal

// What is known of a verified TPM 2.0 quote, and what a policy may ask of it.
#pragma once

#include <optional>
#include <vector>

#include "appraisal/log_appraiser.h"
#include "appraisal/refusal.h"
#include "base/ids.h"

namespace brume::appraisal {

struct AllowEntry;
struct PeerFacts;

// Whether every certificate of a chain but its root was looked up in a CRL of its issuer.
enum class TpmRevocation { kUnchecked, kStale, kChecked };

struct TpmFacts {
  // The attestation key.
  Bytes ak_name;                            // empty where only the key itself came, without its public area
  SpkiHash ak;                              // SHA-256 of its SubjectPublicKeyInfo
  bool ak_area = false;                     // its public area came, and says that it signs quotes only
  bool ak_certified = false;                // its certificate's chain was checked; PeerFacts::root is the end
  std::optional<SpkiHash> ek;               // endorsement key of the TPM in which it lies, by activation
  std::optional<TpmRevocation> revocation;  // of the chain; nothing without one
  Refusals chain;                           // why the chain does not hold; counts for entries that name a root
  // The quote.
  evidence::TpmAttest quote;
  evidence::TpmAlgorithm scheme = evidence::TpmAlgorithm::kNull;
  evidence::TpmAlgorithm hash = evidence::TpmAlgorithm::kNull;
  bool pcrs_known = false;   // the values fit the quote's digest
  evidence::PcrValues pcrs;  // that the quote covers
  std::optional<EventLogFindings> log;
  std::optional<ImaFindings> ima;
};

struct TpmPcrRule {
  evidence::TpmAlgorithm bank = evidence::TpmAlgorithm::kSha256;
  std::uint32_t index = 0;
  std::vector<Bytes> values;  // any of them; empty: must be quoted, whatever its value
};
struct ImaDigest {
  std::string hash_name;  // "sha256"
  Bytes digest;
  friend auto operator<=>(const ImaDigest&, const ImaDigest&) = default;
};

// Empty lists and zeros ask for nothing.
struct TpmRules {
  bool any_ak = false;  // the caller itself handed in the key; a policy file cannot say so
  std::vector<Bytes> ak_names;
  std::vector<SpkiHash> aks;
  std::vector<SpkiHash> eks;
  bool crl_optional = false;
  bool sha1_allowed = false;
  std::vector<TpmPcrRule> pcrs;
  bool log_required = false;
  bool secure_boot = false;
  std::vector<Bytes> boot_images;  // digests of the log's bank: of all that firmware loaded
  std::vector<Bytes> kernels;
  std::vector<Bytes> initrds;
  std::vector<std::string> command_lines;
  std::uint64_t min_clock_ms = 0;
  std::uint32_t min_reset_count = 0;
  std::optional<std::uint32_t> reset_count;
  std::uint64_t min_firmware = 0;
  bool safe_required = false;
  bool ima_required = false;
  std::vector<ImaDigest> ima_allowed;     // sorted
  std::vector<std::string> ima_excluded;  // beginnings of paths that need no digest
  bool ima_violations_allowed = false;
};

// Adds a refusal for every rule of the entry that does not hold.
void match_tpm_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts);

}  // namespace brume::appraisal

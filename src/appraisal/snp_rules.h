// What is known of a verified SEV-SNP report, and what a policy may ask of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "appraisal/refusal.h"
#include "evidence/snp_report.h"

namespace brume::appraisal {

struct AllowEntry;
struct PeerFacts;
struct Policy;

// Whether the signer of the key's certificate (ASK or ASVK) was looked up in a CRL of its ARK.
enum class SnpRevocation {
  kUnchecked,  // there is no such CRL
  kStale,      // in one whose next update is past
  kChecked,
};

struct SnpFacts {
  evidence::SnpReport report;
  std::optional<evidence::SnpProduct> product;  // of the certificate; without one, as CPUID says
  std::string product_name;                     // as in the certificate: "Milan-B0"
  bool vlek = false;                            // the certificate is of a VLEK, not of a VCEK
  std::string csp_id;                           // of a VLEK's certificate
  SnpRevocation revocation = SnpRevocation::kUnchecked;
};

struct SnpTcbMinimum {
  std::uint8_t fmc = 0, boot_loader = 0, tee = 0, snp = 0, microcode = 0;
};

// Bits of the guest policy and of the platform that an owner may insist on.
enum class SnpRequirement {
  kSingleSocket,
  kAes256Xts,
  kRaplDisabled,
  kCiphertextHiding,
  kPageSwapDisabled,
  kEcc,
  kTsme,
  kAliasCheck,
};

// Empty lists and zeros ask for nothing; the defaults are the policy file's, too (docs/formats/policy.md).
struct SnpRules {
  std::vector<evidence::SnpMeasurement> measurements;  // or AllowEntry::any_measurement
  std::vector<evidence::SnpKeyDigest> id_keys;
  std::vector<evidence::SnpKeyDigest> author_keys;
  std::vector<evidence::SnpGuestId> family_ids;
  std::vector<evidence::SnpGuestId> image_ids;
  std::vector<evidence::SnpChipId> chips;
  std::vector<evidence::SnpProduct> products;
  std::uint32_t min_guest_svn = 0;
  SnpTcbMinimum min_tcb;               // of REPORTED_TCB, which committed and current never fall below
  SnpTcbMinimum min_launch_tcb;        // of LAUNCH_TCB
  evidence::SnpFirmware min_firmware;  // of the committed version
  std::uint32_t max_vmpl = 0;
  bool smt_allowed = true;
  bool migration_allowed = false;
  bool cxl_allowed = false;
  bool provisional_allowed = true;  // firmware that is current, but not committed
  bool vcek_allowed = true;
  bool vlek_allowed = true;
  bool crl_optional = false;  // accept revocation that is unchecked or stale; a CRL that is there still counts
  std::uint64_t launch_mitigations = 0;  // bits that must be set
  std::uint64_t current_mitigations = 0;
  std::vector<SnpRequirement> required;
};

// Adds a refusal for every rule of the entry that does not hold.
void match_snp_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts);

// AMD publishes no TCB status. A report is "UpToDate" here if its TCB reaches the minima of an entry of the policy that
// is for its product: whoever names no minima calls every TCB that AMD's certificate proves up to date.
bool snp_tcb_up_to_date(const Policy& policy, const SnpFacts& facts);

// SHA-256 of the SubjectPublicKeyInfo of AMD's roots (ARK) for Milan, Genoa and Turin.
std::vector<SpkiHash> amd_roots();

}  // namespace brume::appraisal

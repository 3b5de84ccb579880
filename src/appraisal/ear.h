// An appraisal as an attestation result that others understand: EAR (draft-ietf-rats-ear) with the claims of AR4SI
// (draft-ietf-rats-ar4si, section 2.3): what is known of the hardware, of the instance, of what runs there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "appraisal/appraise.h"

namespace brume::appraisal {

inline constexpr std::string_view kEarProfile = "tag:github.com,2023:veraison/ear";

// AR4SI, section 2.2.3: by the value, 2 to 31, 32 to 95, 96 to 127; what is between says nothing.
enum class EarTier { kNone, kAffirming, kWarning, kContraindicated };
EarTier ear_tier(int value);
std::string_view ear_tier_name(EarTier tier);  // "affirming"

// AR4SI, section 2.3.4, those values that appraisals here give.
enum EarValue : int {
  kEarNoClaim = 0,
  kEarTrustworthyInstance = 2,
  kEarUnrecognizedInstance = 97,
  kEarApprovedConfiguration = 2,
  kEarNoConfigurationVulnerabilities = 3,
  kEarUnsafeConfiguration = 32,
  kEarUnsupportableConfiguration = 96,
  kEarApprovedRuntime = 2,
  kEarApprovedBoot = 3,
  kEarUnsafeRuntime = 32,
  kEarUnrecognizedRuntime = 33,
  kEarContraindicatedRuntime = 96,
  kEarApprovedFiles = 2,
  kEarUnrecognizedFiles = 32,
  kEarGenuineHardware = 2,
  kEarUnsafeHardware = 32,
  kEarContraindicatedHardware = 96,
  kEarUnrecognizedHardware = 97,
  kEarEncryptedMemory = 2,
  kEarIsolatedMemory = 32,
  kEarVisibleMemory = 96,
  kEarCryptographicFailure = 99,  // of any claim
};

struct EarClaim {
  std::string_view name;  // "hardware"
  int value = kEarNoClaim;
  std::string why;  // for people: what was seen, or the rule that failed
};

struct Ear {
  EarTier status = EarTier::kNone;  // the worst of all claims
  std::vector<EarClaim> claims;     // all eight, in AR4SI's order
};

// `policy`: the one that the findings are by. Refused evidence is never affirming.
Ear make_ear(const Findings& findings, const Policy& policy);

}  // namespace brume::appraisal

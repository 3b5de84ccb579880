// Against what `brume evidence verify` holds evidence.
#pragma once

#include <optional>

#include "appraisal/policy.h"

namespace brume::cli {

// The only role that is asked for here: a policy's roles are of joins.
inline constexpr const char* kVerifyRole = "worker";

// The default: one entry for this tee that asks for genuine hardware, no debug, and TCB status UpToDate.
appraisal::Policy genuine_policy(appraisal::Tee tee);
// The file's policy with every role given. TOML or JSON.
Result<appraisal::Policy> read_policy_file(const std::string& path);

// The keys of a file of trusted certificates, each self-signed by a signature that verifies, or one that is
// an intermediate. Errors: kMalformed.
Result<std::vector<SpkiHash>> read_roots(const std::string& path);
// Trusts them: instead of the built-in ones where the policy is the default one, beside its own otherwise.
void trust_roots(appraisal::Policy& policy, const std::vector<SpkiHash>& roots, bool instead);

}  // namespace brume::cli

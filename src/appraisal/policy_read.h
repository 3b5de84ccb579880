// From a policy's tree to a Policy: one schema for TOML and JSON (docs/formats/policy.md).
#pragma once

#include "appraisal/policy.h"
#include "appraisal/policy_value.h"

namespace brume::appraisal {

// `text`: the bytes that the policy's hash covers.
Result<Policy> read_policy(const PolicyTable& table, std::string_view text);

// The keys that the entries of all tees have, but for tee none.
Status read_platform_rules(PolicyReader& reader, AllowEntry& entry);
// The keys of one [[allow]] entry that only this tee has.
Status read_sgx_rules(PolicyReader& reader, AllowEntry& entry);  // sgx, sgx-sim and none
Status read_tdx_rules(PolicyReader& reader, AllowEntry& entry);
Status read_snp_rules(PolicyReader& reader, AllowEntry& entry);
Status read_tpm_rules(PolicyReader& reader, AllowEntry& entry);

}  // namespace brume::appraisal

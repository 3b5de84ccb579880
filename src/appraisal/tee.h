// The trusted execution technologies that a policy can name.
#pragma once

#include <optional>
#include <string_view>

namespace brume::appraisal {

enum class Tee { kNone, kSgx, kSgxSim, kTdx, kSevSnp, kTpm };

std::string_view tee_name(Tee tee);  // "none", "sgx", "sgx-sim", "tdx", "sev-snp", "tpm"
std::optional<Tee> tee_from(std::string_view name);

}  // namespace brume::appraisal

#include "appraisal/tee.h"

#include <array>

namespace brume::appraisal {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"none", "sgx", "sgx-sim", "tdx", "sev-snp", "tpm"};

}  // namespace

std::string_view tee_name(Tee tee) { return kNames[static_cast<std::size_t>(tee)]; }

std::optional<Tee> tee_from(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Tee>(i);
  }
  return std::nullopt;
}

}  // namespace brume::appraisal

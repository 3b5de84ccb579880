#include "evidence/protections.h"

namespace brume::evidence {

std::optional<std::size_t> protection_index(std::string_view name) {
  for (std::size_t i = 0; i < kProtectionCount; ++i) {
    if (kProtectionNames[i] == name) return i;
  }
  return std::nullopt;
}

std::string protection_list(Protections protections) {
  std::string out;
  for (std::size_t i = 0; i < kProtectionCount; ++i) {
    if ((protections.bits >> i & 1u) == 0) continue;
    if (!out.empty()) out += ", ";
    out += kProtectionNames[i];
  }
  return out.empty() ? "none" : out;
}

std::optional<Protections> protections_from(const CpuSvn& cpu_svn) {
  Protections out;
  for (std::size_t i = 0; i < cpu_svn.size(); ++i) {
    if (cpu_svn[i] > 1 || (cpu_svn[i] == 1 && i >= kProtectionCount)) return std::nullopt;
    out.bits |= static_cast<std::uint32_t>(cpu_svn[i]) << i;
  }
  return out;
}

CpuSvn protections_to_cpu_svn(Protections protections) {
  CpuSvn out{};
  for (std::size_t i = 0; i < kProtectionCount; ++i) out[i] = static_cast<std::uint8_t>(protections.bits >> i & 1u);
  return out;
}

}  // namespace brume::evidence

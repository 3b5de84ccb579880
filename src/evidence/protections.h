// The protections that a simulated platform reports in its evidence.
#pragma once

#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "evidence/sgx_report.h"

namespace brume::evidence {

// What the host's kernel gave a simulated enclave: bit i stands for byte i of CPUSVN, which is 1
// where the protection holds (docs/formats/sgx-sim.md).
struct Protections {
  std::uint32_t bits = 0;
  friend bool operator==(const Protections&, const Protections&) = default;
};

inline constexpr std::string_view kProtectionNames[] = {"code-sealed", "secret-memory",  "guardian",       "seccomp",
                                                        "peer-pidfd",  "image-measured", "root-registered"};
inline constexpr std::size_t kProtectionCount = std::size(kProtectionNames);
inline constexpr Protections kAllProtections{(1u << kProtectionCount) - 1};

std::optional<std::size_t> protection_index(std::string_view name);
std::string protection_list(Protections protections);  // "code-sealed, guardian" or "none"
// Bytes beyond the known ones, and values other than 0 and 1, give nothing: unknown is refused.
std::optional<Protections> protections_from(const CpuSvn& cpu_svn);
CpuSvn protections_to_cpu_svn(Protections protections);

}  // namespace brume::evidence

#include "evidence/tcb_status.h"

#include <array>

namespace brume::evidence {
namespace {

constexpr std::array<std::string_view, 7> kNames = {
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "Revoked",
};

}  // namespace

std::string_view tcb_status_name(TcbStatus status) { return kNames[static_cast<std::size_t>(status)]; }

std::optional<TcbStatus> tcb_status_from(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<TcbStatus>(i);
  }
  return std::nullopt;
}

TcbStatus converge(TcbStatus platform, TcbStatus component) {
  using enum TcbStatus;
  if (platform == kRevoked || component == kRevoked) return kRevoked;
  if (component != kOutOfDate && component != kOutOfDateConfigurationNeeded) return platform;
  switch (platform) {
    case kUpToDate:
    case kSwHardeningNeeded:
      return kOutOfDate;
    case kConfigurationNeeded:
    case kConfigurationAndSwHardeningNeeded:
      return kOutOfDateConfigurationNeeded;
    default:
      return platform;
  }
}

}  // namespace brume::evidence

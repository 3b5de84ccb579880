#include "evidence/tcb_status.h"

#include <array>

namespace brume::evidence {
namespace {

constexpr std::array<std::string_view, 9> kNames = {
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "Revoked",
    "TDRelaunchAdvised",
    "TDRelaunchAdvisedConfigurationNeeded",
};

constexpr std::size_t kPcsNames = 7;

std::optional<TcbStatus> find(std::string_view name, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (kNames[i] == name) return static_cast<TcbStatus>(i);
  }
  return std::nullopt;
}

bool needs_configuration(TcbStatus status) {
  using enum TcbStatus;
  return status == kConfigurationNeeded || status == kConfigurationAndSwHardeningNeeded ||
         status == kOutOfDateConfigurationNeeded;
}

}  // namespace

std::string_view tcb_status_name(TcbStatus status) { return kNames[static_cast<std::size_t>(status)]; }

std::optional<TcbStatus> tcb_status_from(std::string_view name) { return find(name, kPcsNames); }
std::optional<TcbStatus> tcb_verdict_from(std::string_view name) { return find(name, kNames.size()); }

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

TcbStatus relaunch_status(TcbStatus launch, TcbStatus current) {
  using enum TcbStatus;
  if (launch != kOutOfDate && launch != kOutOfDateConfigurationNeeded) return launch;
  switch (current) {
    case kUpToDate:
    case kSwHardeningNeeded:
    case kConfigurationNeeded:
    case kConfigurationAndSwHardeningNeeded:
      return needs_configuration(launch) || needs_configuration(current) ? kTdRelaunchAdvisedConfigurationNeeded
                                                                         : kTdRelaunchAdvised;
    default:
      return launch;
  }
}

}  // namespace brume::evidence

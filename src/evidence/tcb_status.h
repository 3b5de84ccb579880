// TCB statuses (Intel PCS API v4, "tcbStatus") and how those of components come together.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"

namespace brume::evidence {

enum class TcbStatus {
  kUpToDate,
  kSwHardeningNeeded,
  kConfigurationNeeded,
  kConfigurationAndSwHardeningNeeded,
  kOutOfDate,
  kOutOfDateConfigurationNeeded,
  kRevoked,
  // Verdicts on a TD of version 1.5, never of a component: started on an old TCB that has been updated since.
  kTdRelaunchAdvised,
  kTdRelaunchAdvisedConfigurationNeeded,
};

std::string_view tcb_status_name(TcbStatus status);
// Exactly the names of the PCS, which stand in TCB info and identities; nothing for any other.
std::optional<TcbStatus> tcb_status_from(std::string_view name);
// These and the two verdicts on TDs.
std::optional<TcbStatus> tcb_verdict_from(std::string_view name);

// The status of a platform one of whose components (QE, TDX module) has its own.
TcbStatus converge(TcbStatus platform, TcbStatus component);

// The status of a TD that was launched on one TCB and runs on another, each already converged (Intel QVL,
// TDRelaunchCheck, 2026): an old launch on what is current now asks for a relaunch.
TcbStatus relaunch_status(TcbStatus launch, TcbStatus current);

}  // namespace brume::evidence

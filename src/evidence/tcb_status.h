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
};

std::string_view tcb_status_name(TcbStatus status);
// Exactly the names of the PCS; nothing for any other.
std::optional<TcbStatus> tcb_status_from(std::string_view name);

// The status of a platform one of whose components (QE, TDX module) has its own.
TcbStatus converge(TcbStatus platform, TcbStatus component);

}  // namespace brume::evidence

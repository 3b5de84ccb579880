// What TCB info or an identity says of one component.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/outside.h"
#include "evidence/tcb_status.h"

namespace brume::appraisal {

struct TcbFacts {
  evidence::TcbStatus status = evidence::TcbStatus::kRevoked;
  UnixMs date_ms = 0;
  std::vector<std::string> advisories;
  std::optional<UnixMs> superseded_ms{};  // of one that is out of date: since when a better level stands
};

}  // namespace brume::appraisal

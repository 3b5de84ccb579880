// What TCB info or an identity says of one component.
#pragma once

#include <string>
#include <vector>

#include "base/outside.h"
#include "evidence/tcb_status.h"

namespace brume::appraisal {

struct TcbFacts {
  evidence::TcbStatus status = evidence::TcbStatus::kRevoked;
  UnixMs date_ms = 0;
  std::vector<std::string> advisories;
};

}  // namespace brume::appraisal

// Time windows of certificates, lists and documents: one rule for all, both ends included.
#pragma once

#include "appraisal/refusal.h"
#include "base/outside.h"

namespace brume::appraisal {

struct Window {
  UnixMs begin_ms;
  UnixMs end_ms;
};

// Adds PREFIX.not-yet-valid or PREFIX.expired. `now_ms` counts in whole seconds, as the windows do.
void check_window(Refusals& refusals, std::string_view prefix, Window window, UnixMs now_ms, std::string_view fix);

}  // namespace brume::appraisal

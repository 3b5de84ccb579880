#include "appraisal/validity.h"

#include "evidence/time.h"

namespace brume::appraisal {

void check_window(Refusals& refusals, std::string_view prefix, Window window, UnixMs now_ms, std::string_view fix) {
  UnixMs now = now_ms - now_ms % 1000;
  if (now < window.begin_ms) {
    refuse(refusals, std::string(prefix) + ".not-yet-valid", "valid from " + evidence::format_time(window.begin_ms),
           "now is " + evidence::format_time(now), "check the verifier's clock");
  }
  if (now > window.end_ms) {
    refuse(refusals, std::string(prefix) + ".expired", "valid until " + evidence::format_time(window.end_ms),
           "now is " + evidence::format_time(now), fix);
  }
}

}  // namespace brume::appraisal

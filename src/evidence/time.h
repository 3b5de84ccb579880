// Times in Intel's JSON: RFC 3339, UTC, whole seconds: "2024-03-13T00:00:00Z".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/outside.h"

namespace brume::evidence {

// Only that form, only dates that exist, years 1970 to 9999.
std::optional<UnixMs> parse_time(std::string_view text);
// Milliseconds are cut off. Years 1970 to 9999.
std::string format_time(UnixMs time_ms);

}  // namespace brume::evidence

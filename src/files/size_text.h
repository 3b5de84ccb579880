// Sizes as people write them.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace brume::files {

// "64", "64K", "16M", "1G": bytes, at least 1, at most 2^50.
Result<std::uint64_t> parse_size(const std::string& text);

}  // namespace brume::files

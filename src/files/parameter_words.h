// A job's parameters, as people say them on a command line: -p KEY=VALUE, one or more.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace brume::files {

// By key. Errors: kUsage, for a word without a key or a key that is said twice.
Result<std::map<std::string, std::string>> parse_parameter_words(const std::vector<std::string>& words);

}  // namespace brume::files

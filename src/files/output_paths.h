// Where a job's outputs go, as people say it on a command line: PATH for the first one, NAME=PATH for others.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace brume::files {

struct OutputPaths {
  std::string first;                          // empty: not said
  std::map<std::string, std::string> others;  // by name
};

// Errors: kUsage, where one is said twice.
Result<OutputPaths> parse_output_paths(const std::vector<std::string>& words);

}  // namespace brume::files

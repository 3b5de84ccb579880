// A job as an ordinary program of this host (src/local), for `brume run --local`.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace brume::cli {

// Becomes the program of `job`: a job that ships ("word_count"), the path of such a program, or a folder
// with C++ sources, which is compiled where it, or what it includes, changed since the last time. `debugger`, if not
// empty, is started in its place, with the program and its arguments after its own words; quotes hold a word together.
// Returns only errors.
Status become_local_job(const std::string& job, const std::vector<std::string>& arguments, const std::string& debugger);

}  // namespace brume::cli

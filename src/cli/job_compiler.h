// Compiles a job's sources into an enclave program, with the compiler and the flags that Brume itself
// was built with, so that the same sources give the same measurement in any folder.
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::cli {

// All *.cpp in `sources`, in order of name. `jobs_folder` holds the kit that the build left there.
// Errors carry the compiler's words.
Result<Bytes> compile_job(const std::filesystem::path& sources, const std::filesystem::path& jobs_folder);

}  // namespace brume::cli

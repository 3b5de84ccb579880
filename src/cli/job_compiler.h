// Compiles a job's sources into a program, with the compiler and the flags that Brume itself was built
// with, so that the same sources give the same measurement in any folder.
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::cli {

// What the build leaves in its folder jobs/: for enclave programs, and for programs of the host.
inline constexpr const char* kEnclaveKit = "kit";
inline constexpr const char* kLocalKit = "local-kit";

// All *.cpp in `sources` but *_test.cpp, in order of name, become `program`. Errors carry the compiler's words.
Status compile_job(const std::filesystem::path& sources, const std::filesystem::path& kit,
                   const std::filesystem::path& program);
// The enclave program's bytes. `jobs_folder` holds the kits.
Result<Bytes> compile_enclave_job(const std::filesystem::path& sources, const std::filesystem::path& jobs_folder);

}  // namespace brume::cli

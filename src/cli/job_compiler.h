// Compiles a job's sources into a program, with the compiler and the flags that Brume itself was built
// with, so that the same sources give the same measurement in any folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::cli {

// What the build leaves in its folder jobs/: for enclave programs, and for programs of the host.
inline constexpr const char* kEnclaveKit = "kit";
inline constexpr const char* kLocalKit = "local-kit";

inline constexpr const char* kTestSuffix = "_test";

struct JobSources {
  std::filesystem::path folder;                  // absolute
  std::filesystem::path kit;                     // the file
  std::vector<std::filesystem::path> sources{};  // all *.cpp in the folder but *_test.cpp, in order of name
  std::vector<std::string> flags{};              // besides the kit's

  // Errors: kUsage, where there are none.
  static Result<JobSources> find(const std::filesystem::path& folder, const std::filesystem::path& kit);
};

// Errors carry the compiler's words.
Status compile_job(const JobSources& job, const std::filesystem::path& program);
// All that the program is made of, but the system's headers: another program, perhaps, when one of them changes.
Result<std::vector<std::filesystem::path>> files_of_job(const JobSources& job);
// The enclave program's bytes. `jobs_folder` holds the kits.
Result<Bytes> compile_enclave_job(const std::filesystem::path& sources, const std::filesystem::path& jobs_folder);

}  // namespace brume::cli

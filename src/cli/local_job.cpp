#include "cli/local_job.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "base/hex.h"
#include "cli/job_compiler.h"
#include "cli/job_program.h"
#include "crypto/hash.h"
#include "master/home.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSuffix = "-local";

// Whether the program is younger than everything it was made of.
bool is_fresh(const fs::path& program, const fs::path& folder) {
  std::error_code error;
  const auto made = fs::last_write_time(program, error);
  if (error) return false;
  const auto younger = [&](const fs::path& path) {
    const auto written = fs::last_write_time(path, error);
    return error || written >= made;
  };
  if (younger(jobs_folder() / kLocalKit)) return false;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    const std::string extension = entry.path().extension().string();
    if ((extension == ".cpp" || extension == ".h" || extension == ".hpp") && younger(entry.path())) return false;
  }
  return !error;
}

Result<fs::path> compile_folder(const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::canonical(folder, error);
  BRUME_ASSIGN(const master::Home home, master::Home::from_environment());
  const std::string name =
      whole.filename().string() + "-" + to_hex(crypto::sha256(as_bytes(whole.string())).view().first(4)) + kSuffix;
  const fs::path program = home.local_jobs() / name;
  if (is_fresh(program, whole)) return program;
  BRUME_TRY(master::make_private_folder(program.parent_path()));
  BRUME_TRY(compile_job(whole, jobs_folder() / kLocalKit, program));
  return program;
}

Result<fs::path> find_local_program(const std::string& job) {
  std::error_code error;
  const fs::path path = job;
  if (fs::is_directory(path, error)) return compile_folder(path);
  if (fs::is_regular_file(path, error)) {
    if (path.string().ends_with(kSuffix)) return fs::absolute(path, error);
    return fail(ErrorCode::kUsage, job + ": not a job's local program (NAME-local), nor a folder with sources");
  }
  std::string name = job;
  std::ranges::replace(name, '-', '_');
  const fs::path shipped = jobs_folder() / (name + kSuffix);
  if (fs::is_regular_file(shipped, error)) return shipped;
  std::string known;
  for (const auto& entry : fs::directory_iterator(jobs_folder(), error)) {
    const std::string file = entry.path().filename().string();
    if (file.ends_with(kSuffix)) known += " " + file.substr(0, file.size() - std::strlen(kSuffix));
  }
  return fail(ErrorCode::kUsage, job + ": no such job, folder or program; jobs that can run locally:" +
                                     (known.empty() ? " none are built" : known));
}

}  // namespace

Status become_local_job(const std::string& job, const std::vector<std::string>& arguments,
                        const std::string& debugger) {
  BRUME_ASSIGN(const fs::path program, find_local_program(job));
  std::vector<std::string> words;
  std::istringstream own(debugger);
  for (std::string word; own >> word;) words.push_back(word);
  words.push_back(program.string());
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  return fail(ErrorCode::kNotFound, words.front() + ": " + std::strerror(errno));
}

}  // namespace brume::cli

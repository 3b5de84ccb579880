#include "cli/local_job.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/hex.h"
#include "base/unique_fd.h"
#include "cli/job_compiler.h"
#include "cli/job_program.h"
#include "cli/made_of.h"
#include "crypto/hash.h"
#include "files/atomic_file.h"
#include "files/input_file.h"
#include "master/home.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSuffix = "-local";
constexpr std::size_t kMadeOfSizeLimit = 4u << 20;

// Of several commands one compiles a folder, and the others wait for its program.
Result<UniqueFd> lock(const fs::path& path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return files::fail_errno(path.string());
  while (::flock(file.get(), LOCK_EX) != 0)
    if (errno != EINTR) return files::fail_errno(path.string());
  return file;
}

// Others may run the program that is there: it is replaced by name.
Status compile(const JobSources& job, const fs::path& program, const fs::path& made_of) {
  BRUME_ASSIGN(const auto files, files_of_job(job));
  // As they were before: what changes meanwhile is compiled again.
  const std::string described = describe_files(files);
  const fs::path fresh = program.string() + ".new";
  BRUME_TRY(compile_job(job, fresh));
  if (::rename(fresh.c_str(), program.c_str()) != 0) return files::fail_errno(program.string());
  BRUME_ASSIGN(files::AtomicFile record, files::AtomicFile::create(made_of.string(), {.force = true, .mode = 0600}));
  BRUME_TRY(record.write(as_bytes(described)));
  return record.commit();
}

Result<fs::path> compile_folder(const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::canonical(folder, error);
  BRUME_ASSIGN(JobSources job, JobSources::find(whole, jobs_folder() / kLocalKit));
  // A debugger looks for sources where they are; and what a wrong index reaches ends the run.
  job.flags = {"-ffile-prefix-map=" + whole.string() + "=" + whole.string(), "-D_GLIBCXX_ASSERTIONS"};
  BRUME_ASSIGN(const master::Home home, master::Home::from_environment());
  const std::string name =
      whole.filename().string() + "-" + to_hex(crypto::sha256(as_bytes(whole.string())).view().first(4)) + kSuffix;
  fs::path program = home.local_jobs() / name;
  const fs::path made_of = program.string() + ".made-of";
  BRUME_TRY(master::make_private_folder(program.parent_path()));
  BRUME_ASSIGN(const UniqueFd held, lock(program.string() + ".lock"));
  const auto described = files::read_small_file(made_of.string(), kMadeOfSizeLimit);
  if (described && is_unchanged(*described, job.sources) && fs::exists(program, error)) return program;
  BRUME_TRY(compile(job, program, made_of));
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
  fs::path shipped = jobs_folder() / (name + kSuffix);
  if (fs::is_regular_file(shipped, error)) return shipped;
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(jobs_folder(), error)) {
    const std::string file = entry.path().filename().string();
    if (file.ends_with(kSuffix)) names.insert(file.substr(0, file.size() - std::strlen(kSuffix)));
  }
  std::string known;
  for (const std::string& each : names) known += " " + each;
  return fail(ErrorCode::kUsage, job + ": no such job, folder or program; jobs that can run locally:" +
                                     (known.empty() ? " none are built" : known));
}

}  // namespace

Status become_local_job(const std::string& job, const std::vector<std::string>& arguments,
                        const std::string& debugger) {
  BRUME_ASSIGN(const fs::path program, find_local_program(job));
  std::vector<std::string> words = CLI::detail::split_up(debugger);
  words.push_back(program.string());
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  return fail(ErrorCode::kNotFound, words.front() + ": " + std::strerror(errno));
}

}  // namespace brume::cli

#include "cli/job_compiler.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cli/made_of.h"
#include "engine/command.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::minutes kCompileLimit{10};

// A folder that goes with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "brume-job-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

bool is_test(const fs::path& source) { return source.stem().string().ends_with(kTestSuffix); }

// A kit is the compiler and its flags, "--", and what is compiled or linked with the job, each on a line.
struct Kit {
  std::vector<std::string> compiler;
  std::vector<std::string> parts;
};

Result<Kit> read_kit(const fs::path& path) {
  std::ifstream in(path);
  if (!in) return fail(ErrorCode::kNotFound, path.string() + ": is missing; build Brume with its enclave programs");
  Kit kit;
  bool after = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "--") {
      after = true;
    } else {
      (after ? kit.parts : kit.compiler).push_back(line);
    }
  }
  return kit;
}

engine::Command command_for(const JobSources& job, const Kit& kit, const std::vector<std::string>& more) {
  engine::Command command{.arguments = kit.compiler, .timeout = kCompileLimit};
  std::vector<std::string>& arguments = command.arguments;
  arguments.insert(arguments.end(), job.flags.begin(), job.flags.end());
  arguments.push_back("-I" + job.folder.string());
  arguments.insert(arguments.end(), more.begin(), more.end());
  for (const fs::path& source : job.sources) arguments.push_back(source.string());
  return command;
}

// Whether a line says that of the function which BRUME_JOB makes.
bool says_of_job(const std::string& said, const char* what) {
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t at = line.find(what); at != line.npos && line.find("brume_job_program", at) != line.npos)
      return true;
  return false;
}

// In the words of the compiler and of more than one linker.
std::string without_job(const std::string& said) {
  for (const char* what : {"undefined reference to", "undefined symbol"})
    if (says_of_job(said, what)) return "no .cpp file of it holds BRUME_JOB(...), which makes a type the job";
  for (const char* what : {"multiple definition of", "duplicate symbol", "redefinition of"})
    if (says_of_job(said, what)) return "it holds BRUME_JOB(...) more than once; a folder is one job";
  return {};
}

// What one of our own headers says of the job, among all that a compiler has to say on the way to it.
std::string broken_rule(const std::string& said) {
  constexpr std::string_view kFailed = "static assertion failed: ";
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t at = line.find(kFailed); at != line.npos && line.find("include/brume/") < at)
      return line.substr(at + kFailed.size());
  return {};
}

std::unexpected<Error> not_compiled(const JobSources& job, const std::string& said) {
  const std::string reason = without_job(said);
  const std::string rule = broken_rule(said);
  return malformed(job.folder.string() + ": " + (reason.empty() ? "the job does not compile" : reason) + ":\n" + said +
                   (rule.empty() ? "" : "\nin short: " + rule));
}

}  // namespace

Result<JobSources> JobSources::find(const fs::path& folder, const fs::path& kit) {
  std::error_code error;
  JobSources job{.folder = fs::absolute(folder, error), .kit = kit};
  for (const auto& entry : fs::directory_iterator(job.folder, error))
    if (entry.path().extension() == ".cpp" && !is_test(entry.path())) job.sources.push_back(entry.path());
  if (error) return fail(ErrorCode::kIo, folder.string() + ": " + error.message());
  std::ranges::sort(job.sources);
  if (job.sources.empty())
    return fail(ErrorCode::kUsage,
                folder.string() + ": holds no .cpp file of a job (*" + kTestSuffix + ".cpp are its tests)");
  return job;
}

Status compile_job(const JobSources& job, const fs::path& program) {
  BRUME_ASSIGN(const Kit kit, read_kit(job.kit));
  engine::Command command = command_for(job, kit, {"-o", program.string()});
  command.arguments.insert(command.arguments.end(), kit.parts.begin(), kit.parts.end());
  BRUME_ASSIGN(const engine::CommandOutput output, engine::run_command(command));
  if (output.exit_code != 0) return not_compiled(job, output.err);
  return {};
}

Result<std::vector<fs::path>> files_of_job(const JobSources& job) {
  BRUME_ASSIGN(const Kit kit, read_kit(job.kit));
  BRUME_ASSIGN(const engine::CommandOutput output, engine::run_command(command_for(job, kit, {"-MM"})));
  if (output.exit_code != 0) return not_compiled(job, output.err);
  std::vector<fs::path> files = files_of_rules(output.out);
  files.push_back(job.kit);
  std::error_code error;
  for (const std::string& part : kit.parts)
    if (fs::is_regular_file(part, error)) files.emplace_back(part);
  return files;
}

Result<Bytes> compile_enclave_job(const fs::path& folder, const fs::path& jobs_folder) {
  const TemporaryFolder temporary;
  if (temporary.path().empty()) return fail(ErrorCode::kIo, "no temporary folder could be made");
  const fs::path program = temporary.path() / "program";
  BRUME_ASSIGN(JobSources job, JobSources::find(folder, jobs_folder / kEnclaveKit));
  // The same program wherever the folder lies.
  job.flags.push_back("-ffile-prefix-map=" + job.folder.string() + "=job");
  BRUME_TRY(compile_job(job, program));
  std::ifstream in(program, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

}  // namespace brume::cli

#include "cli/job_compiler.h"

#include <algorithm>
#include <fstream>

#include "engine/command.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::minutes kCompileLimit{10};

Result<std::vector<std::string>> sources_in(const fs::path& folder) {
  std::vector<std::string> sources;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".cpp" && !entry.path().stem().string().ends_with("_test"))
      sources.push_back(entry.path().string());
  std::sort(sources.begin(), sources.end());
  if (sources.empty()) return fail(ErrorCode::kUsage, folder.string() + ": holds no .cpp file of a job");
  return sources;
}

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

}  // namespace

Status compile_job(const fs::path& folder, const fs::path& kit_path, const fs::path& program) {
  std::error_code error;
  BRUME_ASSIGN(std::vector<std::string> sources, sources_in(fs::absolute(folder, error)));
  std::ifstream kit(kit_path);
  if (!kit)
    return fail(ErrorCode::kNotFound, kit_path.string() + ": is missing; build Brume with its enclave programs");
  engine::Command command{.arguments = {}, .timeout = kCompileLimit};
  for (std::string line; std::getline(kit, line);) {
    if (line != "--") {
      command.arguments.push_back(line);
      continue;
    }
    command.arguments.push_back("-ffile-prefix-map=" + fs::absolute(folder, error).string() + "=job");
    command.arguments.insert(command.arguments.end(), {"-I" + folder.string(), "-o", program.string()});
    command.arguments.insert(command.arguments.end(), sources.begin(), sources.end());
  }
  BRUME_ASSIGN(engine::CommandOutput output, engine::run_command(command));
  if (output.exit_code != 0) return malformed(folder.string() + ": the job does not compile:\n" + output.err);
  return {};
}

Result<Bytes> compile_enclave_job(const fs::path& folder, const fs::path& jobs_folder) {
  const TemporaryFolder temporary;
  if (temporary.path().empty()) return fail(ErrorCode::kIo, "no temporary folder could be made");
  const fs::path program = temporary.path() / "program";
  BRUME_TRY(compile_job(folder, jobs_folder / kEnclaveKit, program));
  std::ifstream in(program, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

}  // namespace brume::cli

#include "cli/job_program.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "cli/job_compiler.h"
#include "measure/elf_layout.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

Result<Bytes> read_program(const fs::path& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return fail(ErrorCode::kNotFound, path.string() + ": could not be opened");
  auto size = static_cast<std::uint64_t>(in.tellg());
  if (size > measure::kProgramSizeLimit)
    return fail(ErrorCode::kLimit, path.string() + ": larger than a program may be");
  Bytes content(size);
  in.seekg(0);
  in.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(size));
  if (!in) return fail(ErrorCode::kIo, path.string() + ": could not be read");
  return content;
}

fs::path jobs_folder() { return tool_folder().parent_path() / "jobs"; }

// A job's name as the descriptor wants it: [a-z0-9-]+.
std::string job_name_of(const fs::path& path) {
  std::string name = path.stem().string();
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

}  // namespace

fs::path tool_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

std::vector<std::string> shipped_jobs() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(jobs_folder(), error))
    if (entry.path().extension() == ".enclave") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

Result<JobProgramFile> find_job_program(const std::string& job) {
  std::error_code error;
  fs::path path = job;
  if (fs::is_directory(path, error)) {
    BRUME_ASSIGN(Bytes program, compile_job(path, jobs_folder()));
    if (!path.has_filename()) path = path.parent_path();
    return JobProgramFile{job_name_of(fs::absolute(path, error)), std::move(program)};
  }
  if (!fs::is_regular_file(path, error)) {
    std::string name = job;
    std::replace(name.begin(), name.end(), '-', '_');
    path = jobs_folder() / (name + ".enclave");
  }
  if (!fs::is_regular_file(path, error)) {
    std::string known;
    for (const std::string& name : shipped_jobs()) known += " " + name;
    return fail(ErrorCode::kUsage, job + ": no such job, folder or program; jobs that ship:" +
                                       (known.empty() ? " none are built" : known));
  }
  BRUME_ASSIGN(Bytes program, read_program(path));
  return JobProgramFile{job_name_of(path), std::move(program)};
}

Result<Bytes> find_node_program() {
  auto program = read_program(tool_folder() / "brume-node");
  if (!program) return within("the node program is not built (target brume-node)", program.error());
  return program;
}

}  // namespace brume::cli

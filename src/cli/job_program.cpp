#include "cli/job_program.h"

#include <brume/job_name.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "cli/job_compiler.h"
#include "measure/elf_file.h"
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

// BRUME_JOB leaves the name of the job's type in the program.
Result<JobProgramFile> named_program(const fs::path& path, Bytes program) {
  auto elf = measure::parse_elf(program);
  if (!elf) return within(path.string(), elf.error());
  const auto section = std::ranges::find(elf->sections, ".brume.job", &measure::ElfSection::name);
  if (section == elf->sections.end())
    return fail(ErrorCode::kUsage, path.string() + ": not a job's program: it has no BRUME_JOB");
  const std::string_view type = as_chars(ByteView(program).subspan(section->file_offset, section->size));
  std::string name = detail::job_name_of(type.substr(0, type.find('\0')));
  return JobProgramFile{std::move(name), std::move(program)};
}

}  // namespace

fs::path tool_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

fs::path jobs_folder() { return tool_folder().parent_path() / "jobs"; }

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
    BRUME_ASSIGN(Bytes program, compile_enclave_job(path, jobs_folder()));
    return named_program(path, std::move(program));
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
  return named_program(path, std::move(program));
}

Result<Bytes> find_node_program() {
  auto program = read_program(tool_folder() / "brume-node");
  if (!program) return within("the node program is not built (target brume-node)", program.error());
  return program;
}

}  // namespace brume::cli

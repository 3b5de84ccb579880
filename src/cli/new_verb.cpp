// `brume new`: folders to begin with.
#include <filesystem>
#include <iostream>

#include "cli/job_compiler.h"
#include "cli/job_program.h"
#include "cli/new_job_files.h"
#include "cli/verbs.h"
#include "files/atomic_file.h"
#include "mapreduce/descriptor.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

struct NewJobOptions {
  std::string name;
  std::string out;
};

std::unexpected<Error> bad_name(const std::string& name) {
  return fail(ErrorCode::kUsage, "'" + name + "' is no name for a job: lower-case words of letters and digits, each " +
                                     "beginning with a letter, joined by '-' or '_'; at most " +
                                     std::to_string(mapreduce::kJobNameSizeLimit) + " bytes");
}

// "line-heads" is the type LineHeads: BRUME_JOB makes the name of the type again.
Result<std::string> type_of(const std::string& name) {
  std::string type;
  bool begins_word = true;
  for (const char c : name) {
    const bool letter = c >= 'a' && c <= 'z';
    const bool digit = c >= '0' && c <= '9';
    const bool joins = c == '-' || c == '_';
    if (begins_word ? !letter : !(letter || digit || joins)) return bad_name(name);
    if (!joins) type.push_back(begins_word ? static_cast<char>(c - 'a' + 'A') : c);
    begins_word = joins;
  }
  if (begins_word || name.size() > mapreduce::kJobNameSizeLimit) return bad_name(name);
  if (name.ends_with("_test") || name.ends_with("-test"))
    return fail(ErrorCode::kUsage, "'" + name + "' is no name for a job: its source would be *" + kTestSuffix +
                                       ".cpp, and such files are tests, no part of a job");
  return type;
}

Status write_file(const fs::path& path, const NewFile& file) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const mode_t mode = file.executable ? 0777 : 0666;
  BRUME_ASSIGN(files::AtomicFile out, files::AtomicFile::create(path.string(), {.mode = mode}));
  BRUME_TRY(out.write(as_bytes(file.text)));
  return out.commit();
}

Status new_job(const NewJobOptions& options) {
  BRUME_ASSIGN(const std::string type, type_of(options.name));
  std::string name = options.name;
  std::ranges::replace(name, '_', '-');
  const fs::path folder = options.out.empty() ? options.name : options.out;
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error))
    return fail(ErrorCode::kUsage, folder.string() + ": is there and not empty; name another folder with -o");
  for (const NewFile& file : new_job_files(name, type, jobs_folder().string())) {
    BRUME_TRY(write_file(folder / file.path, file));
  }
  std::cout << folder.string() << ": the job " << name << "; its README.md says how to build, test and run it\n"
            << "brume run --local " << folder.string() << " --input " << (folder / "test/input.txt").string() << "\n";
  return {};
}

}  // namespace

void add_new(CLI::App& app) {
  auto* verb = app.add_subcommand("new", "Write a folder to begin with");
  verb->require_subcommand(1);
  auto options = std::make_shared<NewJobOptions>();
  auto* job = verb->add_subcommand("job", "A job of your own: source, CMake project, test, README");
  job->add_option("NAME", options->name, "Lower-case words joined by '-' or '_', as in line-heads")->required();
  job->add_option("-o,--output", options->out, "The folder (default: NAME)");
  job->callback([options] { finish(new_job(*options)); });
}

}  // namespace brume::cli

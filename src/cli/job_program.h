// Finds or builds what goes into an image: the node program and a job's enclave program. Both lie
// beside the tool: bin/brume, bin/brume-node, jobs/NAME.enclave, jobs/kit.
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::cli {

struct JobProgramFile {
  std::string name;  // of the job, as the program has it: "word-count"
  Bytes program;
};

// `job`: the name of a job that ships ("word_count", "word-count"), the path of an enclave program, or
// a folder with C++ sources, which is compiled.
Result<JobProgramFile> find_job_program(const std::string& job);
Result<Bytes> find_node_program();

// Names of jobs that ship.
std::vector<std::string> shipped_jobs();
// The folder in which the tool's own program lies.
std::filesystem::path tool_folder();
// Programs of jobs, and kits to make them with.
std::filesystem::path jobs_folder();

}  // namespace brume::cli

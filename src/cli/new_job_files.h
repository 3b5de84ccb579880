// What `brume new job` writes: a job that counts, its test, and how to build and run it.
#pragma once

#include <string>
#include <vector>

namespace brume::cli {

struct NewFile {
  std::string path;  // in the job's folder
  std::string text;
  bool executable = false;
};

// name: "line-heads"; type: "LineHeads"; kit: the folder in which Brume's build keeps what jobs are built with.
std::vector<NewFile> new_job_files(const std::string& name, const std::string& type, const std::string& kit);

}  // namespace brume::cli

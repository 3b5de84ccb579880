// What `brume run` asks of the master, as it travels over its socket.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>

#include "formats/input_decoder.h"
#include "mapreduce/descriptor.h"
#include "master/input_name.h"

namespace brume::master {

struct NamedInput {
  std::string name;  // as the job sees it
  InputName place;
  std::optional<Sha256Digest> pin{};  // AgeCommitment::header of the only file that may stand there
};

struct JobRequest {
  std::string job_name;
  std::vector<NamedInput> inputs;  // at least one
  std::vector<NamedInput> sides;   // names ascending, none twice
  formats::CompressionChoice compression;
  InputAccess access;
  std::filesystem::path output;                          // the job's first one
  std::map<std::string, std::filesystem::path> outputs;  // others, by name; those that are not here stand beside it
  std::optional<Measurement> measurement{};              // of the only program that may do it
  std::string output_recipient;                          // empty: plain
  std::vector<mapreduce::Parameter> parameters;
  bool padded = false;
  std::uint32_t partition_count = 0;  // 0: one a reducer, more of what is large
  std::uint64_t split_size = 0;       // bytes; 0: one split a mapper, of 1 to 128 MiB, the last ones smaller
};

// Errors: kUsage.
Result<JobRequest> parse_job_request(const nlohmann::json& request);

}  // namespace brume::master

// What a job is, asked of an admitted enclave before a run of it begins: its stages as the parameters have them, or why
// the parameters are refused. Format: docs/formats/messages.md.
#pragma once

#include <brume/stage.h>

#include "mapreduce/messages.h"

namespace brume::mapreduce {

inline constexpr std::size_t kDescriptionTextLimit = 1024;

struct DescribeOrder {
  std::uint64_t query = 0;
  std::string job_name;
  std::vector<Parameter> parameters;
};

struct JobDescription {
  std::uint64_t query = 0;
  std::string refused;              // why, for people; then there are no stages
  std::vector<StageFacts> stages;   // else 1..kStageLimit
  std::uint64_t memory_budget = 0;  // bytes, of a task's tables in such an enclave
};

Message encode(const DescribeOrder& message);
Message encode(const JobDescription& message);
Result<DescribeOrder> parse_describe_order(ByteView body);
Result<JobDescription> parse_job_description(ByteView body);

}  // namespace brume::mapreduce

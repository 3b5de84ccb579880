// A whole run in one process and one thread: the cores that enclaves and the master use (borders of
// splits, the job's tasks, merging), without cluster, seals and network. So a job can be tested, and run
// under a debugger. The result is byte for byte that of a cluster.
//
// Input is read once, as a stream; what map tasks write waits in a file (spool.h); a task holds no more
// than its memory budget. Errors name the task and its part of the input.
#pragma once

#include <brume/program.h>

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mapreduce/merge.h"
#include "mapreduce/task_limits.h"

namespace brume::local {

class Input {
 public:
  virtual ~Input() = default;
  // For people.
  virtual const std::string& name() const = 0;
  // In bytes, where it is known before it is read.
  virtual std::optional<std::uint64_t> size() const = 0;
  // Fills `out` as far as the input goes; says how much.
  virtual Result<std::size_t> read(MutableByteView out) = 0;
};

struct LocalOptions {
  std::vector<JobParameter> parameters;
  std::uint32_t partition_count = 1;                   // 1..mapreduce::kPartitionLimit
  std::uint64_t split_size = std::uint64_t{64} << 20;  // bytes, at least 1
  mapreduce::TaskLimits limits;
  // The same key gives the same order of everything that a job must not rely on.
  HashKey hash_key{};
};

struct MalformedPlace {
  std::string input;
  std::uint64_t offset = 0;  // in that input
};

struct LocalTotals {
  std::uint64_t input_size = 0;
  std::uint64_t map_count = 0;
  std::uint64_t shuffled_size = 0;  // bytes that map tasks wrote
  mapreduce::MergeTotals output;
  std::vector<JobCounter> counters;              // by name
  std::vector<MalformedPlace> malformed_places;  // the first ones of each input, in all kMalformedPlaceLimit
};

// One input after another; a record never crosses from one to the next.
Result<LocalTotals> run_local(JobProgram& program, const LocalOptions& options, std::span<Input* const> inputs,
                              mapreduce::LineSink& sink);

}  // namespace brume::local

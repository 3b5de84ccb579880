// A whole run in one process and one thread: the cores that enclaves and the master use (borders of
// splits, the job's tasks, merging), without cluster, seals and network. So a job can be tested, and run
// under a debugger. The result is byte for byte that of a cluster.
//
// What map tasks write waits in a file (spool.h), and so does what a task's memory does not hold. Errors name the
// task and its part of the input.
#pragma once

#include <brume/program.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mapreduce/outputs.h"
#include "mapreduce/task_limits.h"

namespace brume::local {

class Input {
 public:
  virtual ~Input() = default;
  // For people, and for the job.
  virtual const std::string& name() const = 0;
  // In bytes, where it is known before it is read.
  virtual std::optional<std::uint64_t> size() const = 0;
  // Fills `out` as far as the input goes; says how much.
  virtual Result<std::size_t> read(MutableByteView out) = 0;
  // To the begin again, for a job that reads its input in more than one pass.
  virtual Status rewind() = 0;
};

struct LocalSide {
  std::string name;
  Bytes bytes;
};

struct LocalOptions {
  std::vector<JobParameter> parameters;
  std::vector<LocalSide> sides;
  std::uint32_t partition_count = 1;                   // 1..mapreduce::kPartitionLimit
  std::uint64_t split_size = std::uint64_t{64} << 20;  // bytes, at least 1
  mapreduce::TaskLimits limits;
  // The same key gives the same order of everything that a job must not rely on.
  HashKey hash_key{};
};

struct LocalTotals {
  std::uint64_t input_size = 0;
  std::uint64_t map_count = 0;
  std::uint64_t pass_count = 0;
  std::uint64_t shuffled_size = 0;  // bytes that map tasks wrote
  std::uint64_t scratch_size = 0;   // bytes that tasks kept because their memory was too small
  mapreduce::MergeTotals output;
  // What is told of all passes (mapreduce/passes.h).
  std::vector<JobCounter> counters;           // by name
  std::vector<RecordPlace> malformed_places;  // the lowest ones; after the last input: of the output of the pass before
  std::vector<std::string> notes;             // for people
};

// Called once, before anything is read: where the first output goes, and the others by their names.
using OpenOutputs = std::function<Result<std::vector<mapreduce::LineSink*>>(const std::vector<std::string>& others)>;

// All passes of the job. A record never crosses from one input to the next.
Result<LocalTotals> run_local(JobProgram& program, const LocalOptions& options, std::span<Input* const> inputs,
                              const OpenOutputs& open_outputs);

}  // namespace brume::local

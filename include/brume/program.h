// What the engine drives: a job with its types erased. A job's author never sees it (job.h),
// and the engine never sees keys, values or tables; both sides share this page only.
//
// Everything here is bytes in, bytes out: no I/O, no threads, no clock; what waits, waits in an interface. One
// JobProgram lives as long as its enclave and serves many tasks, one at a time; it keeps their big memory for the next.
#pragma once

#include <brume/counters.h>
#include <brume/input.h>
#include <brume/stage.h>
#include <brume/task_ends.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brume {

// The error is a text for people: it names the rule and holds no byte of the input.
using JobStatus = std::expected<void, std::string>;
inline std::unexpected<std::string> job_error(std::string what) { return std::unexpected(std::move(what)); }

struct JobParameter {
  std::string key;
  std::string value;
};

// Data that every task of a run gets whole (side.h).
struct JobSide {
  std::string_view name;
  std::string_view bytes;
};

using HashKey = std::array<std::uint8_t, 32>;

struct JobConfig {
  std::span<const JobParameter> parameters;
  std::uint32_t partitions = 1;  // R, 1..kMaxPartitions
  // Secret and drawn once per run, the same in all its tasks: the hash that chooses slots and
  // partitions is keyed with it, so crafted input cannot flood a table and the size of a partition
  // says nothing about known keys.
  HashKey hash_key{};
  // What one task may hold, in bytes. A task over it writes early, or keeps what it sorts in scratch.
  std::uint64_t memory_budget = std::uint64_t{1} << 30;
  // Which of the job's stages (stage.h), and its side data, which stays as long as the configuration does.
  std::uint32_t stage = 0;
  std::span<const JobSide> sides{};
  // Parameters that another stage of the job asks for.
  std::vector<std::string> known_elsewhere{};
};
inline constexpr std::uint32_t kMaxPartitions = 65536;

// Takes the stream of encoded map records (docs/formats/records.md) of each partition, cut anywhere.
// Copies what it keeps. Its error ends the task.
class PartitionSink {
 public:
  virtual ~PartitionSink() = default;
  virtual JobStatus write(std::uint32_t partition, std::span<const std::uint8_t> bytes) = 0;
  // Nothing more comes for this partition, so its stream may be closed at once, with its padding. A task that holds all
  // until its end writes partition after partition, and ends each, also empty ones, before it writes to the next: then
  // the order of what it writes says no more than the streams' padded sizes. Streams that are not ended here are closed
  // after the task.
  virtual JobStatus end(std::uint32_t) { return {}; }
  // How large the largest pair of the partition's stream is, key and value: what a merge must have room for. Of streams
  // of sorted pairs, before they end.
  virtual void largest_pair(std::uint32_t, std::uint64_t) {}
};

// Takes the encoded output (output_format.h), cut anywhere. Copies what it keeps.
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  virtual JobStatus write(std::span<const std::uint8_t> bytes) = 0;
};

// Bytes that come in pieces, perhaps from outside.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // The next ones; none at the end, which is then known to be the true one. They stay where they are until the
  // next call. May wait for the host.
  virtual std::expected<std::span<const std::uint8_t>, std::string> next() = 0;
};

// The streams that the map tasks wrote for one partition.
class StreamSet {
 public:
  virtual ~StreamSet() = default;
  // May wait until the last map task has ended.
  virtual std::expected<std::size_t, std::string> count() = 0;
  // index < count(). Bytes: what its task said of the stream's largest pair.
  virtual std::uint64_t largest_pair(std::size_t index) const = 0;
  // index < count(). Each once; any number at a time. About `window` bytes are held or on their way.
  virtual std::unique_ptr<ByteSource> open(std::size_t index, std::size_t window) = 0;
};

// Where a task keeps what its memory does not hold: runs of bytes, at the host, sealed. They end with the task.
class Scratch {
 public:
  virtual ~Scratch() = default;
  // Appends to the run at hand. Copies what it keeps.
  virtual JobStatus write(std::span<const std::uint8_t> bytes) = 0;
  // The run at hand is whole; its number, from 0. The next write begins another.
  virtual std::expected<std::size_t, std::string> end_run() = 0;
  // A whole run, once; its place is free again when it was read.
  virtual std::unique_ptr<ByteSource> open(std::size_t run, std::size_t window) = 0;
};

// One attempt of a map task. After an error only destruction is allowed.
class MapTask {
 public:
  virtual ~MapTask() = default;
  // A part of the split. Between two calls there is a border (so no record crosses calls); the engine
  // sends up to about 1 MiB, more only where a single record is longer. The piece is not kept. Writes
  // to `sink` only to stay within the memory budget.
  virtual JobStatus feed(const Piece& piece, PartitionSink& sink) = 0;
  // Once, at the end: writes all that is left. May wait for scratch.
  virtual JobStatus finish(PartitionSink& sink) = 0;
};

// One attempt of a reduce task over the streams that the map tasks wrote for one partition, one after another.
class ReduceTask {
 public:
  virtual ~ReduceTask() = default;
  // The next bytes of the current stream, cut anywhere.
  virtual JobStatus feed(std::span<const std::uint8_t> bytes) = 0;
  // The current stream is complete; an error if it ends within a record.
  virtual JobStatus end_of_stream() = 0;
  // Once, after the last stream's end: writes the output in its order. May wait for scratch.
  virtual JobStatus finish(OutputSink& sink) = 0;
};

// The same, over all streams at once.
class MergeTask {
 public:
  virtual ~MergeTask() = default;
  virtual JobStatus run(StreamSet& streams, OutputSink& sink) = 0;
};

// Tasks must not outlive it. At most one task exists at a time.
class JobProgram {
 public:
  virtual ~JobProgram() = default;
  virtual std::string_view name() const = 0;
  // The job's stages, as the run's parameters have them. Refuses parameters as configure() does; changes nothing.
  virtual JobStatus describe(const JobConfig&, std::vector<StageFacts>& stages) {
    stages.assign(1, StageFacts{});
    return {};
  }
  // Adds the parameters that the job asks for.
  virtual JobStatus add_known(std::span<const JobParameter>, std::vector<std::string>&) const { return {}; }
  // Before the first task and whenever the run changes. Refuses unknown parameters and values.
  virtual JobStatus configure(const JobConfig& config) = 0;
  // Where the input may be cut, as configured.
  virtual const Borders& borders() const = 0;
  // `scratch` outlives the task.
  virtual std::unique_ptr<MapTask> new_map(Scratch& scratch) = 0;
  // Whether reduce tasks merge streams or read one after the other: one of the next two is called then.
  virtual bool merges() const = 0;
  virtual std::unique_ptr<ReduceTask> new_reduce(Scratch& scratch) = 0;
  virtual std::unique_ptr<MergeTask> new_merge(Scratch& scratch) = 0;
  // Of the task at hand: the engine clears them before each and reads them after its finish().
  virtual JobCounters& counters() { return counters_; }

 private:
  JobCounters counters_;
};

}  // namespace brume

// The program's one job; BRUME_JOB (job.h) defines it.
extern "C" brume::JobProgram* brume_job_program();

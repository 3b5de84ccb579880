// When a result is complete: exactly one committed attempt of each task, and every reader reads
// exactly the committed streams of all that came before it. The plan says what to try; what counts
// is decided here.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "mapreduce/messages.h"

namespace brume::mapreduce {

// Where a task's stream stands: stage, split and partition as StreamName and AAD carry them.
//   map i: split i, partition 0..R-1, and R for its fragments; stitch: split N; reduce r: split 0, partition r.
sealed::StreamId stream_id(const Descriptor& descriptor, const TaskId& task, std::uint32_t partition, const Salt& salt);

// Streams that one attempt of the task makes.
std::uint32_t stream_count(const Descriptor& descriptor, const TaskId& task);

// Whether the run has such a task.
bool has_task(const Descriptor& descriptor, const TaskId& task);

// The splits whose streams the task reads, in order: for a stitch those that are cut, for a reduce all, and the stitch
// task's as split N.
std::vector<std::uint32_t> source_splits(const Descriptor& descriptor, const TaskId& reader);

// A reader's check of what it was told to read: exactly one stream of each of these splits, in order, and no attempt
// twice.
Status check_sources(const Descriptor& descriptor, const TaskId& reader, const std::vector<Source>& sources);

// The task that makes the source's stream.
TaskId source_task(const Descriptor& descriptor, std::uint32_t split);

struct Committed {
  NodeId node;
  Salt salt;
  std::vector<ReportedTotals> totals;
  Counters counters;
  std::vector<JobCounter> job_counters;  // at most kCounterLimit
  std::vector<RecordPlace> malformed_places;
  MemoryUse memory;
  std::uint32_t key_generation = 0;  // which of the run's keys the attempt's task key came from
};

// The master's book of what counts.
class Ledger {
 public:
  explicit Ledger(const Descriptor& descriptor);

  // Whether the report fits the run: task, stream count, a salt that no other attempt has. Changes nothing.
  Status check_report(const TaskDone& report) const;
  // Refuses a report that does not fit, and a second attempt for a task that has one.
  Status commit(const TaskDone& report, NodeId node, std::uint32_t key_generation);
  void withdraw(const TaskId& task);
  const Committed* find(const TaskId& task) const;

  // Sources for stitch or reduce, keys left empty. Refuses while any split lacks its committed attempt.
  Result<std::vector<Source>> sources(const TaskId& reader) const;
  // Exactly one committed attempt of every task of the run; names the first that lacks one.
  Status check_complete() const;
  // What the job counted, over all committed attempts: each task once. By name, ascending.
  std::vector<JobCounter> job_counters() const;
  // Of the enclaves that made what counts, by node.
  std::map<NodeId, MemoryUse> memory() const;
  // Where the first malformed records begin, ascending.
  std::vector<RecordPlace> malformed_places() const;

 private:
  std::optional<Committed>& slot(const TaskId& task);
  const std::optional<Committed>& slot(const TaskId& task) const;

  const Descriptor& descriptor_;
  std::vector<std::optional<Committed>> maps_;
  std::optional<Committed> stitch_;
  std::vector<std::optional<Committed>> reduces_;
  std::set<Salt> salts_;  // of what is committed
};

}  // namespace brume::mapreduce

// One attempt of one task, from the frames that bring its input to its report. Pure: frames in,
// frames out. What the host brings are claims: whatever is not exactly what was asked for and
// committed ends the attempt with a reason that names it.
#pragma once

#include <brume/program.h>

#include <memory>
#include <optional>

#include "enclave/outbox.h"
#include "enclave/output_streams.h"
#include "mapreduce/map_attempt.h"
#include "mapreduce/task_limits.h"

namespace brume::enclave {

using mapreduce::TaskLimits;

// What all tasks of an enclave share. References outlive the task.
struct TaskContext {
  JobProgram& program;
  Random& random;
  Outbox& outbox;
  TaskLimits limits;
  std::uint64_t next_fetch = 1;  // fetch ids, never given twice
};

struct TaskFailure {
  mapreduce::FailureReason reason = mapreduce::FailureReason::kJob;
  std::string text;
  std::optional<mapreduce::TaskId> producer;
};

class Task {
 public:
  Task(TaskContext& context, const mapreduce::Descriptor& descriptor, mapreduce::Ticket ticket,
       const mapreduce::TaskId& id)
      : context_(context), descriptor_(descriptor), ticket_(ticket), id_(id) {}
  virtual ~Task() = default;

  // Asks the host for the first input, so that it is there when the task's turn comes. Once.
  virtual void prefetch() = 0;
  // The program is configured and this task's. Once, after prefetch().
  virtual void start() = 0;
  virtual bool owns(std::uint64_t fetch) const = 0;
  // For fetches that it owns. Input that comes before start() is kept, within what was asked for.
  virtual void on_input(std::uint64_t fetch, ByteView chunks) = 0;
  virtual void on_blocks(std::uint64_t fetch, ByteView blocks) = 0;
  virtual void on_end(std::uint64_t fetch) = 0;
  virtual void on_failed(std::uint64_t fetch) = 0;

  mapreduce::Ticket ticket() const { return ticket_; }
  const mapreduce::TaskId& id() const { return id_; }
  const mapreduce::Descriptor& descriptor() const { return descriptor_; }
  // Exactly one of these two once it is over.
  const std::optional<mapreduce::TaskDone>& done() const { return done_; }
  const std::optional<TaskFailure>& failure() const { return failure_; }
  bool over() const { return done_ || failure_; }

 protected:
  void fail(mapreduce::FailureReason reason, std::string text,
            std::optional<mapreduce::TaskId> producer = std::nullopt) {
    if (!over()) failure_ = TaskFailure{reason, std::move(text), producer};
  }
  // Closes the streams and makes the report.
  void finish(OutputStreams& streams, const Salt& salt, std::uint64_t input_size) {
    const std::uint64_t output_size = streams.data_size();
    const JobCounters& counters = context_.program.counters();
    if (const auto& status = counters.status(); !status) return fail(mapreduce::FailureReason::kJob, status.error());
    auto totals = streams.finish();
    if (!totals) return fail(mapreduce::FailureReason::kLimit, totals.error().what);
    done_ = mapreduce::TaskDone{ticket_,        descriptor_.run(),          id_,
                                salt,           std::move(*totals),         {input_size, output_size},
                                counters.all(), counters.malformed_places()};
  }

  TaskContext& context_;

 private:
  const mapreduce::Descriptor& descriptor_;
  const mapreduce::Ticket ticket_;
  const mapreduce::TaskId id_;
  std::optional<mapreduce::TaskDone> done_;
  std::optional<TaskFailure> failure_;
};

using MapEngine = mapreduce::MapAttempt<OutputStreams>;

// A limit is the run's, anything else the job's own word.
inline mapreduce::FailureReason reason_of(const Error& error) {
  return error.code == ErrorCode::kLimit ? mapreduce::FailureReason::kLimit : mapreduce::FailureReason::kJob;
}

}  // namespace brume::enclave

// One attempt of one task, from the frames that bring its input to its report. Pure: frames in,
// frames out. What the host brings are claims: whatever is not exactly what was asked for and
// committed ends the attempt with a reason that names it.
//
// Input is taken as it comes, by calls that never wait. What must wait for the host in the middle of its work (a sort
// that went beyond memory, a merge) does so in work(), where a pump takes the host's frames meanwhile.
#pragma once

#include <brume/program.h>

#include <memory>
#include <optional>

#include "enclave/output_streams.h"
#include "enclave/task_scratch.h"
#include "mapreduce/map_attempt.h"
#include "mapreduce/task_limits.h"

namespace brume::enclave {

using mapreduce::TaskLimits;

// What all tasks of an enclave share. References outlive the task.
struct TaskContext {
  JobProgram& program;
  Random& random;
  Outbox& outbox;
  FramePump& pump;
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
      : context_(context),
        fetched_({context.pump, context.outbox, context.next_fetch}),
        descriptor_(descriptor),
        ticket_(ticket),
        id_(id) {}
  virtual ~Task() = default;

  // Asks the host for the first input, so that it is there when the task's turn comes: no more than
  // TaskLimits::asked_before_turn(), for the task before it has nearly all of the heap. Once.
  virtual void prefetch() = 0;
  // The program is configured and this task's: asks for what prefetch() left. Once, after it.
  virtual void start() = 0;
  // Goes on with what is there, until more must come or it is over. May wait for the host.
  virtual void work() = 0;

  bool owns(std::uint64_t fetch) const { return fetched_.owns(fetch) || awaits(fetch); }
  // For fetches that it owns. Never wait; input that comes before start() is kept, within what was asked for.
  virtual void on_input(std::uint64_t fetch, ByteView chunks) = 0;
  void on_blocks(std::uint64_t fetch, ByteView blocks) {
    fetched_.owns(fetch) ? fetched_.on_blocks(fetch, blocks) : take_blocks(fetch, blocks);
  }
  void on_end(std::uint64_t fetch) { fetched_.owns(fetch) ? fetched_.on_end(fetch) : take_end(fetch); }
  void on_failed(std::uint64_t fetch) { fetched_.owns(fetch) ? fetched_.on_failed(fetch) : take_failure(fetch); }

  // Nobody wants it any more: work() returns soon.
  void abandon() { fetched_.abandon(); }
  bool abandoned() const { return fetched_.abandoned(); }

  mapreduce::Ticket ticket() const { return ticket_; }
  const mapreduce::TaskId& id() const { return id_; }
  const mapreduce::Descriptor& descriptor() const { return descriptor_; }
  // Exactly one of these two once it is over.
  const std::optional<mapreduce::TaskDone>& done() const { return done_; }
  const std::optional<TaskFailure>& failure() const { return failure_; }
  bool over() const { return done_ || failure_; }

 protected:
  // Fetches of its own kind.
  virtual bool awaits(std::uint64_t fetch) const = 0;
  virtual void take_blocks(std::uint64_t fetch, ByteView blocks) = 0;
  virtual void take_end(std::uint64_t fetch) = 0;
  virtual void take_failure(std::uint64_t fetch) = 0;

  // What the host did to a task's scratch.
  FetchedStreams::OnFault scratch_fault() {
    return [this](FetchedStreams::Fault, const std::string& why) {
      fail(mapreduce::FailureReason::kScratch, "what the task kept at its host: " + why);
    };
  }
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
    done_ = mapreduce::TaskDone{ticket_,        descriptor_.run(),           id_,
                                salt,           std::move(*totals),          {input_size, output_size},
                                counters.all(), counters.malformed_places(), context_.limits.memory_use()};
  }

  TaskContext& context_;
  FetchedStreams fetched_;

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

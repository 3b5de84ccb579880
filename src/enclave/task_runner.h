// The work of an admitted enclave: runs, a queue of tasks, one of them at a time. Messages of the
// master in, frames of the host in; frames and reports out. The next task's input is asked for
// while the current one computes.
//
// Messages and frames are taken by calls that never wait; work() does what there is to do, and a task in it may wait
// for more frames, which come by the same calls meanwhile.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "enclave/side_reader.h"
#include "enclave/task.h"
#include "mapreduce/describe.h"

namespace brume::enclave {

class TaskRunner {
 public:
  // What an enclave keeps at once: a master that needs more has lost count.
  static constexpr std::size_t kRunLimit = 8;
  static constexpr std::size_t kQueueLimit = 16;

  // All references outlive it.
  TaskRunner(JobProgram& program, Random& random, Outbox& outbox, MessageOutbox& master, FramePump& pump,
             TaskLimits limits);
  ~TaskRunner();

  // From the master's core. An error is a message that is malformed or of an unknown type: the channel
  // is then of no more use. What is wrong with a task goes back as TaskFailed.
  Status on_message(std::uint8_t type, ByteView body);

  // From the host. Answers to fetches that nobody waits for are ignored.
  void on_input(std::uint64_t fetch, ByteView chunks);
  void on_blocks(std::uint64_t fetch, ByteView blocks);
  void on_end(std::uint64_t fetch);
  void on_failed(std::uint64_t fetch);

  // A new policy epoch: what was not committed is void. Runs stay.
  void drop_tasks();

  // After each of the above. Starts what may start and reports what is over, until there is nothing to do but wait for
  // more. From within itself it does nothing.
  void work();

  std::size_t queued() const { return queue_.size(); }

 private:
  struct Run {
    std::optional<mapreduce::Descriptor> descriptor;
    std::string refused;  // why, where there is no descriptor
    crypto::Key32 partition_hash_key;
    std::vector<crypto::Key32> side_keys;
    std::vector<Bytes> sides;  // once they were read
  };

  void start_run(const mapreduce::RunStart& message);
  void end_run(const RunId& run);
  void add_map(const mapreduce::MapOrder& order);
  void add_gather(mapreduce::GatherOrder order);
  void cancel(mapreduce::Ticket ticket);
  // The run's descriptor, or nothing after refusing the task.
  const mapreduce::Descriptor* run_for(const RunId& run, mapreduce::Ticket ticket, const mapreduce::TaskId& task);
  void refuse(const RunId& run, mapreduce::Ticket ticket, const mapreduce::TaskId& task, std::string text,
              mapreduce::FailureReason reason = mapreduce::FailureReason::kOrderRefused);
  Task* find(std::uint64_t fetch);
  // The front task, as far as it goes. False: it must wait.
  bool advance_front();
  void pop_front();
  // It is not wanted any more; the one that is at work leaves by itself.
  void drop(std::size_t index);
  void forget(const RunId& run);
  void forget_ended_runs();
  // Makes the program ready for the run, with its side data. What hinders it, if anything does.
  std::optional<InputFault> configure(const mapreduce::Descriptor& descriptor);
  std::optional<InputFault> read_sides(Run& run);
  void describe(const mapreduce::DescribeOrder& order);
  void report(const Task& task);

  TaskContext context_;
  MessageOutbox& master_;
  std::map<RunId, std::unique_ptr<Run>> runs_;
  std::optional<RunId> configured_;
  std::string configure_error_;              // of that run: its parameters
  std::unique_ptr<SideReader> side_reader_;  // while the front task waits for side data
  std::deque<std::unique_ptr<Task>> queue_;
  bool front_started_ = false;
  bool working_ = false;           // the front task is in its work()
  std::size_t prefetched_ = 0;     // tasks from the front on that have asked for input
  std::vector<RunId> ended_runs_;  // forgotten once no task of them is at work
};

}  // namespace brume::enclave

// The work of an admitted enclave: runs, a queue of tasks, one of them at a time. Messages of the
// master in, frames of the host in; frames and reports out. The next task's input is asked for
// while the current one computes.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "enclave/task.h"

namespace brume::enclave {

class TaskRunner {
 public:
  // What an enclave keeps at once: a master that needs more has lost count.
  static constexpr std::size_t kRunLimit = 8;
  static constexpr std::size_t kQueueLimit = 16;

  // All references outlive it.
  TaskRunner(JobProgram& program, Random& random, Outbox& outbox, MessageOutbox& master, TaskLimits limits);
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

  std::size_t queued() const { return queue_.size(); }

 private:
  struct Run {
    std::optional<mapreduce::Descriptor> descriptor;
    std::string refused;  // why, where there is no descriptor
    crypto::Key32 partition_hash_key;
  };

  void start_run(const mapreduce::RunStart& message);
  void end_run(const RunId& run);
  void add_map(const mapreduce::MapOrder& order);
  void add_gather(mapreduce::GatherOrder order);
  void cancel(mapreduce::Ticket ticket);
  // The run's descriptor, or nothing after refusing the task.
  const mapreduce::Descriptor* run_for(const RunId& run, mapreduce::Ticket ticket, const mapreduce::TaskId& task);
  void enqueue(std::unique_ptr<Task> task);
  void refuse(const RunId& run, mapreduce::Ticket ticket, const mapreduce::TaskId& task, std::string text);
  Task* find(std::uint64_t fetch);
  // Starts what may start and reports what is over, until there is nothing to do but wait.
  void proceed();
  bool configure(const mapreduce::Descriptor& descriptor);
  void report(const Task& task);

  TaskContext context_;
  MessageOutbox& master_;
  std::map<RunId, std::unique_ptr<Run>> runs_;
  std::optional<RunId> configured_;
  std::string configure_error_;
  std::deque<std::unique_ptr<Task>> queue_;
  bool front_started_ = false;
  std::size_t prefetched_ = 0;  // tasks from the front on that have asked for input
};

}  // namespace brume::enclave

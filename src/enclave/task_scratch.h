// What a task's memory does not hold: runs, sealed under keys that the attempt alone has, kept at its own host.
#pragma once

#include <vector>

#include "enclave/fetched_stream.h"
#include "mapreduce/completeness.h"

namespace brume::enclave {

class TaskScratch final : public Scratch {
 public:
  // on_fault: of runs that did not come back as they were. All outlive it; sources that it opened do not.
  TaskScratch(const mapreduce::Descriptor& descriptor, const mapreduce::TaskId& task, const crypto::Key32& task_key,
              const Salt& salt, Outbox& outbox, FetchedStreams& streams, FetchedStreams::OnFault on_fault);
  // Tells the host that nothing of it is wanted any more.
  ~TaskScratch() override;
  TaskScratch(const TaskScratch&) = delete;
  TaskScratch& operator=(const TaskScratch&) = delete;

  JobStatus write(std::span<const std::uint8_t> bytes) override;
  std::expected<std::size_t, std::string> end_run() override;
  std::unique_ptr<ByteSource> open(std::size_t run, std::size_t window) override;

  std::uint64_t written_size() const { return written_size_; }

 private:
  struct Run {
    sealed::StreamTotals totals;
    bool dropped = false;
  };

  sealed::StreamId stream_id(std::size_t run) const;
  abi::StreamName name(std::size_t run) const;
  void drop(std::size_t run);
  Status put(ByteView block);

  const mapreduce::Descriptor& descriptor_;
  const mapreduce::TaskId task_;
  const crypto::Key32 task_key_;
  const Salt salt_;
  Outbox& outbox_;
  FetchedStreams& streams_;
  const FetchedStreams::OnFault on_fault_;
  std::optional<sealed::BlockSealer> sealer_;  // of the run at hand
  Bytes name_;                                 // its name
  Bytes sealed_;
  std::vector<Run> runs_;
  std::uint64_t written_size_ = 0;
};

}  // namespace brume::enclave

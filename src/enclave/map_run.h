// A map task: its chunks of the sealed input in, R sealed streams and the fragments out.
#pragma once

#include <deque>

#include "enclave/task.h"
#include "sealed/age_payload.h"

namespace brume::enclave {

class MapRun final : public Task {
 public:
  // The order's split exists, and its payload key is the one that the descriptor commits to.
  MapRun(TaskContext& context, const mapreduce::Descriptor& descriptor, const mapreduce::MapOrder& order);

  void prefetch() override { request(); }
  void start() override;
  void work() override;
  void on_input(std::uint64_t fetch, ByteView chunks) override;

 private:
  bool awaits(std::uint64_t fetch) const override;
  void take_blocks(std::uint64_t fetch, ByteView blocks) override;
  void take_end(std::uint64_t fetch) override;
  void take_failure(std::uint64_t fetch) override;

  struct Request {
    std::uint64_t fetch = 0;
    std::uint64_t next = 0;  // chunk
    std::uint64_t end = 0;
    std::vector<Bytes> held;
  };
  // Lives only while it is the task's turn: the job's tables are large.
  struct Work {
    Work(MapRun& run, const crypto::Key32& task_key);
    Salt salt;
    OutputStreams streams;
    TaskScratch scratch;
    MapEngine engine;
    mapreduce::SplitCutter cutter;
  };

  void request();
  Request* find(std::uint64_t fetch);
  bool check_sizes(Request& request, ByteView chunks);
  void consume(ByteView chunks);

  const crypto::Key32 task_key_;
  sealed::ChunkCipher cipher_;
  const mapreduce::ChunkRange range_;
  std::uint64_t next_request_;  // chunk
  std::uint64_t next_open_;     // chunk
  std::uint64_t input_size_ = 0;
  std::deque<Request> requests_;
  std::unique_ptr<Work> work_;
};

}  // namespace brume::enclave

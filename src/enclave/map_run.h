// A map task: its chunks of the sealed input in, R sealed streams and the fragments out.
#pragma once

#include "enclave/input_reader.h"
#include "enclave/task.h"

namespace brume::enclave {

class MapRun final : public Task, private InputReader::Taker {
 public:
  // The order's split exists, and its payload key is the one that the descriptor commits to.
  MapRun(TaskContext& context, const mapreduce::Descriptor& descriptor, const mapreduce::MapOrder& order);

  void prefetch() override { reader_.prefetch(); }
  void start() override;
  void work() override;
  void on_input(std::uint64_t fetch, ByteView chunks) override { reader_.on_input(fetch, chunks); }

 private:
  // Lives only while it is the task's turn: the job's tables are large.
  struct Work {
    Work(MapRun& run, const crypto::Key32& task_key);
    Salt salt;
    OutputStreams streams;
    TaskScratch scratch;
    MapEngine engine;
    mapreduce::SplitCutter cutter;
  };

  bool awaits(std::uint64_t fetch) const override { return reader_.owns(fetch); }
  void take_blocks(std::uint64_t, ByteView) override { reader_.on_blocks(); }
  void take_end(std::uint64_t fetch) override { reader_.on_end(fetch); }
  void take_failure(std::uint64_t fetch) override { reader_.on_failed(fetch); }

  MutableByteView room(std::size_t size) override { return work_->cutter.next_chunk(size); }
  std::optional<InputFault> filled() override;

  const crypto::Key32 task_key_;
  InputReader reader_;
  std::unique_ptr<Work> work_;
};

}  // namespace brume::enclave

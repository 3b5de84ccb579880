// A map task: its chunks of the sealed input in, decompressed where that is encoded; R sealed streams and the fragments
// out.
#pragma once

#include "enclave/input_reader.h"
#include "enclave/task.h"
#include "formats/input_decoder.h"

namespace brume::enclave {

class MapRun final : public Task, private InputReader::Taker {
 public:
  // The order's split exists, and its payload key is the one that the descriptor commits to.
  MapRun(TaskContext& context, const mapreduce::Descriptor& descriptor, const mapreduce::MapOrder& order);

  void prefetch() override { reader_.prefetch(context_.limits.asked_before_turn()); }
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
    std::unique_ptr<formats::InputDecoder> decoder;  // none where the input is text as it is
    Bytes encoded;                                   // one chunk
  };

  bool awaits(std::uint64_t fetch) const override { return reader_.owns(fetch); }
  void take_blocks(std::uint64_t, ByteView) override { reader_.on_blocks(); }
  void take_end(std::uint64_t fetch) override { reader_.on_end(fetch); }
  void take_failure(std::uint64_t fetch) override { reader_.on_failed(fetch); }

  MutableByteView room(std::size_t size) override;
  std::optional<InputFault> filled() override;
  Status decode();

  const crypto::Key32 task_key_;
  InputReader reader_;
  std::unique_ptr<Work> work_;
};

}  // namespace brume::enclave

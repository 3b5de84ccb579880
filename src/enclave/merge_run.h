// A reduce task that reads all its streams at once, each as far as it needs.
#pragma once

#include "enclave/gather_task.h"

namespace brume::enclave {

class MergeRun final : public GatherTask, private StreamSet, private OutputSink {
 public:
  using GatherTask::GatherTask;

  void prefetch() override {}
  void start() override {}
  // To its end.
  void work() override;
  void on_input(std::uint64_t, ByteView) override {}

 private:
  bool awaits(std::uint64_t) const override { return false; }
  void take_blocks(std::uint64_t, ByteView) override {}
  void take_end(std::uint64_t) override {}
  void take_failure(std::uint64_t) override {}

  std::expected<std::size_t, std::string> count() override { return sources().size(); }
  std::uint64_t largest_pair(std::size_t index) const override { return sources()[index].totals.largest_pair; }
  std::unique_ptr<ByteSource> open(std::size_t index, std::size_t window) override;
  JobStatus write(std::span<const std::uint8_t> bytes) override;

  OutputStreams* streams_ = nullptr;
  std::uint64_t input_size_ = 0;
};

}  // namespace brume::enclave

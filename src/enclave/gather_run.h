// A task that reads committed streams, one after another: stitch (fragments of all splits in, R streams out) and reduce
// (one partition of all splits in, one output stream out).
#pragma once

#include <deque>

#include "enclave/gather_task.h"

namespace brume::enclave {

// What becomes of the opened bytes, stream by stream, in the order of the splits.
class Consumer {
 public:
  virtual ~Consumer() = default;
  virtual Status feed(ByteView plaintext) = 0;
  virtual Status end_of_stream() = 0;
  virtual Status finish() = 0;
};

class GatherRun final : public GatherTask {
 public:
  using GatherTask::GatherTask;

  void prefetch() override { request(); }
  void start() override;
  void work() override;
  void on_input(std::uint64_t fetch, ByteView chunks) override;

 private:
  bool awaits(std::uint64_t fetch) const override;
  void take_blocks(std::uint64_t fetch, ByteView blocks) override;
  void take_end(std::uint64_t fetch) override;
  void take_failure(std::uint64_t fetch) override;

  struct Fetch {
    std::uint64_t id = 0;
    std::size_t source = 0;
    bool ended = false;
    std::uint64_t held_size = 0;
    std::deque<Bytes> held;
  };
  struct Work {
    Work(GatherRun& run, const crypto::Key32& task_key);
    Salt salt;
    OutputStreams streams;
    TaskScratch scratch;
    std::unique_ptr<Consumer> consumer;
    Bytes plaintext;
  };

  void request();
  // Bytes that may be kept of a stream: all of it, as it was committed, framing included.
  std::uint64_t held_limit(std::size_t source) const;
  Fetch* find(std::uint64_t fetch);
  void open(ByteView blocks);

  std::size_t next_source_ = 0;   // to be asked for
  std::uint64_t asked_size_ = 0;  // framed bytes asked for and not consumed
  std::uint64_t input_size_ = 0;
  std::deque<Fetch> fetches_;  // the front one is being consumed
  std::optional<sealed::BlockOpener> opener_;
  std::unique_ptr<Work> work_;
};

}  // namespace brume::enclave

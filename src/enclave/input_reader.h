// Sealed chunks of one of a run's files, asked of the host some ahead, and handed over in order. That each has its size
// is checked before it is kept; whether it opens, by who takes it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "enclave/outbox.h"
#include "sealed/age_payload.h"

namespace brume::enclave {

struct InputFault {
  mapreduce::FailureReason reason = mapreduce::FailureReason::kInputRefused;
  std::string text;
};

class InputReader {
 public:
  // All references outlive it. next_fetch: ids, never given twice.
  InputReader(const mapreduce::Descriptor& descriptor, mapreduce::ChunkRange range, const crypto::Key32& payload_key,
              Outbox& outbox, std::uint64_t& next_fetch);

  // Where the plaintext of the next chunk (so many bytes) belongs, and what becomes of it there.
  class Taker {
   public:
    virtual ~Taker() = default;
    virtual MutableByteView room(std::size_t size) = 0;
    virtual std::optional<InputFault> filled() = 0;
  };

  // Asks for the first chunks, at most so many bytes of them. Once, before begin().
  void prefetch(std::uint64_t most_size);
  // From now on chunks are asked for and handed over as they come; before, they are kept. `taker` outlives the reader.
  void begin(Taker& taker);
  // Hands over what was kept, and asks for more.
  void proceed();

  bool owns(std::uint64_t fetch) const;
  void on_input(std::uint64_t fetch, ByteView chunks);
  void on_blocks();
  void on_end(std::uint64_t fetch);
  void on_failed(std::uint64_t fetch);

  // What ended it; then nothing more is handed over.
  const std::optional<InputFault>& fault() const { return fault_; }
  bool complete() const { return !fault_ && next_open_ == range_.first + range_.count; }
  // Plaintext so far.
  std::uint64_t size() const { return size_; }

 private:
  struct Request {
    std::uint64_t fetch = 0;
    std::uint64_t next = 0;  // chunk
    std::uint64_t end = 0;
    std::vector<Bytes> held;
  };

  void request(std::size_t most_requests);
  Request* find(std::uint64_t fetch);
  bool check_sizes(Request& request, ByteView chunks);
  void consume(ByteView chunks);
  void fail(mapreduce::FailureReason reason, std::string text) {
    if (!fault_) fault_ = InputFault{reason, std::move(text)};
  }

  const mapreduce::Descriptor& descriptor_;
  const mapreduce::ChunkRange range_;
  sealed::ChunkCipher cipher_;
  Outbox& outbox_;
  std::uint64_t& next_fetch_;
  Taker* taker_ = nullptr;
  std::uint64_t next_request_;  // chunk
  std::uint64_t next_open_;     // chunk
  std::uint64_t size_ = 0;
  std::deque<Request> requests_;
  std::optional<InputFault> fault_;
};

}  // namespace brume::enclave

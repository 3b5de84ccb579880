// Streams that a task reads while it wants their bytes: fetched window by window, opened block by block. What comes
// from the host is a claim until the stream has ended as the one that was committed.
#pragma once

#include <brume/program.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "enclave/outbox.h"

namespace brume::enclave {

// Where frames of the host come from while a task waits.
class FramePump {
 public:
  virtual ~FramePump() = default;
  // Takes one frame, waiting for it, and deals with it. False: none will come, or nobody wants them any more.
  virtual bool pump() = 0;
};

struct StreamToRead {
  abi::StreamName name;
  NodeId holder;  // 0: this node's host
  sealed::StreamId id;
  crypto::Key32 key;
  sealed::StreamTotals totals;
  std::uint64_t* opened_size = nullptr;  // adds up the bytes that next() gives
};

class FetchedStream;

// All such streams of one task.
class FetchedStreams {
 public:
  struct Outside {
    FramePump& pump;
    Outbox& outbox;
    std::uint64_t& next_fetch;  // ids, never given twice
  };
  explicit FetchedStreams(const Outside& outside) : outside_(outside) {}

  enum class Fault { kUnavailable, kRefused };
  using OnFault = std::function<void(Fault, const std::string& why)>;
  using OnEnd = std::function<void()>;
  // on_fault: why next() failed; on_end: the stream was read to its end. Both outlive the source, and so does this.
  std::unique_ptr<ByteSource> open(StreamToRead stream, std::size_t window, OnFault on_fault, OnEnd on_end = {});

  bool owns(std::uint64_t fetch) const { return by_fetch_.contains(fetch); }
  // For fetches that it owns. Kept, within what was asked for.
  void on_blocks(std::uint64_t fetch, ByteView blocks);
  void on_end(std::uint64_t fetch);
  void on_failed(std::uint64_t fetch);

  // Nothing is wanted any more: whoever waits gets an error.
  void abandon() { abandoned_ = true; }
  bool abandoned() const { return abandoned_; }

 private:
  friend class FetchedStream;

  const Outside outside_;
  std::map<std::uint64_t, FetchedStream*> by_fetch_;
  bool abandoned_ = false;
};

}  // namespace brume::enclave

// Writes on a thread of its own what this one merges: the merge goes on while the result is hashed, sealed and stored.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "mapreduce/merge.h"

namespace brume::master {

class WriteBehind final : public mapreduce::LineSink {
 public:
  // The sink outlives it, and is the thread's from now on.
  explicit WriteBehind(mapreduce::LineSink& sink) : sink_(sink), thread_([this] { run(); }) {}
  ~WriteBehind() override;  // what was not written yet is dropped

  // Waits while kPiecesAhead pieces are on their way. Errors: the sink's, of any piece before.
  Status write(ByteView text) override;
  Status take(Bytes& buffer, std::size_t size) override;
  Status next_output() override;
  // All of it has been written.
  Status finish();

 private:
  static constexpr std::size_t kPiecesAhead = 4;
  struct Piece {
    Bytes buffer;
    std::size_t size = 0;  // of what is to be written
    bool begins_output = false;
  };

  Status put(Piece piece);
  void run();
  void end();

  mapreduce::LineSink& sink_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;  // the first one is being written
  std::vector<Bytes> free_;   // buffers that were written
  Status status_;
  bool complete_ = false;  // no more pieces come
  bool dropped_ = false;
  std::thread thread_;
};

}  // namespace brume::master

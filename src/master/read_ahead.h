// Reads sources on a thread of its own while this one merges them: outputs are opened ahead of the merge.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "mapreduce/record_buffer.h"

namespace brume::master {

class ReadAhead {
 public:
  // The sources are its thread's from now on, but for those at hand.
  explicit ReadAhead(std::vector<std::unique_ptr<mapreduce::PieceSource>> sources);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // What stands for the sources, in their order: sources at hand themselves; of others, next() waits for a piece.
  std::span<mapreduce::PieceSource* const> lanes() const { return all_; }

 private:
  static constexpr std::size_t kPiecesAhead = 2;   // of each
  static constexpr std::size_t kPiecesInAll = 64;  // of all, but for what is waited for

  class Lane final : public mapreduce::PieceSource {
   public:
    Lane(ReadAhead& whole, std::unique_ptr<mapreduce::PieceSource> source)
        : whole_(whole), source_(std::move(source)) {}
    Result<ByteView> next() override;

   private:
    friend ReadAhead;
    ReadAhead& whole_;
    const std::unique_ptr<mapreduce::PieceSource> source_;
    std::deque<Bytes> ready_;
    Bytes shown_;
    Status status_;
    bool ended_ = false;
  };

  void run();
  Lane* next_to_read();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<mapreduce::PieceSource>> at_hand_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<mapreduce::PieceSource*> all_;  // of both
  Lane* wanted_ = nullptr;                    // somebody waits for it
  std::size_t ready_count_ = 0;
  bool dropped_ = false;
  std::thread thread_;
};

}  // namespace brume::master

#include "master/read_ahead.h"

#include <algorithm>

namespace brume::master {

ReadAhead::ReadAhead(std::vector<std::unique_ptr<mapreduce::PieceSource>> sources) {
  for (auto& source : sources) {
    if (source->at_hand()) {
      all_.push_back(at_hand_.emplace_back(std::move(source)).get());
    } else {
      all_.push_back(lanes_.emplace_back(std::make_unique<Lane>(*this, std::move(source))).get());
    }
  }
  thread_ = std::thread([this] { run(); });
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    dropped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<ByteView> ReadAhead::Lane::next() {
  std::unique_lock lock(whole_.mutex_);
  if (ready_.empty() && !ended_) {
    whole_.wanted_ = this;
    whole_.changed_.notify_all();
    whole_.changed_.wait(lock, [this] { return !ready_.empty() || ended_; });
    whole_.wanted_ = nullptr;
  }
  if (ready_.empty()) {
    if (!status_) return std::unexpected(status_.error());
    return ByteView();
  }
  shown_ = std::move(ready_.front());
  ready_.pop_front();
  --whole_.ready_count_;
  whole_.changed_.notify_all();
  return ByteView(shown_);
}

// The one that the merge waits for, or is likeliest to.
ReadAhead::Lane* ReadAhead::next_to_read() {
  if (wanted_ != nullptr && wanted_->ready_.empty() && !wanted_->ended_) return wanted_;
  if (ready_count_ >= kPiecesInAll) return nullptr;
  Lane* next = nullptr;
  for (const auto& lane : lanes_) {
    if (lane->ended_ || lane->ready_.size() >= kPiecesAhead) continue;
    if (next == nullptr || lane->ready_.size() < next->ready_.size()) next = lane.get();
  }
  return next;
}

void ReadAhead::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    Lane* lane = nullptr;
    changed_.wait(lock, [&] {
      lane = next_to_read();
      return dropped_ || lane != nullptr || std::ranges::all_of(lanes_, &Lane::ended_);
    });
    if (dropped_ || lane == nullptr) return;
    lock.unlock();
    const Result<ByteView> piece = lane->source_->next();
    Bytes copy = piece ? to_bytes(*piece) : Bytes();
    lock.lock();
    if (!piece) lane->status_ = std::unexpected(piece.error());
    lane->ended_ = copy.empty();
    if (!lane->ended_) {
      lane->ready_.push_back(std::move(copy));
      ++ready_count_;
    }
    changed_.notify_all();
  }
}

}  // namespace brume::master

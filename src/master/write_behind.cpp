#include "master/write_behind.h"

namespace brume::master {

WriteBehind::~WriteBehind() {
  {
    const std::lock_guard lock(mutex_);
    dropped_ = true;
  }
  end();
}

Status WriteBehind::write(ByteView text) { return put({to_bytes(text), text.size()}); }

Status WriteBehind::take(Bytes& buffer, std::size_t size) {
  const std::size_t capacity = buffer.size();
  BRUME_TRY(put({std::exchange(buffer, {}), size}));
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      buffer = std::move(free_.back());
      free_.pop_back();
    }
  }
  buffer.resize(capacity);
  return {};
}

Status WriteBehind::next_output() { return put({.buffer = {}, .begins_output = true}); }

Status WriteBehind::finish() {
  end();
  return status_;
}

Status WriteBehind::put(Piece piece) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pieces_.size() < kPiecesAhead || !status_; });
  if (!status_) return status_;
  pieces_.push_back(std::move(piece));
  changed_.notify_all();
  return {};
}

void WriteBehind::end() {
  {
    const std::lock_guard lock(mutex_);
    complete_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void WriteBehind::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !pieces_.empty() || complete_; });
    if (pieces_.empty() || dropped_) return;
    Piece& piece = pieces_.front();
    lock.unlock();
    Status status = piece.begins_output ? sink_.next_output() : sink_.take(piece.buffer, piece.size);
    lock.lock();
    if (piece.size > 0 && free_.size() < kPiecesAhead) free_.push_back(std::move(piece.buffer));
    pieces_.pop_front();
    if (!status) status_ = std::move(status);
    changed_.notify_all();
    if (!status_) return;
  }
}

}  // namespace brume::master

#include "node/read_ahead.h"

#include <algorithm>

namespace brume::node {

struct ReadAhead::Window {
  Window(Key name, std::uint64_t bytes, std::uint64_t born)
      : key(name), size(bytes), age(born), data(std::make_unique_for_overwrite<std::uint8_t[]>(bytes)) {}

  std::uint64_t end() const { return key.second + size; }

  const Key key;
  const std::uint64_t size;
  const std::uint64_t age;
  const std::unique_ptr<std::uint8_t[]> data;
  // Under the owner's mutex; what is filled does not change any more.
  std::uint64_t filled = 0;
  std::uint64_t taken = 0;
  int waiting = 0;
  bool downloading = true;
  std::optional<Error> failure;
};

Result<ReadAhead::Piece> ReadAhead::piece(const Wish& wish, const Bring& bring) {
  std::unique_lock lock(mutex_);
  const auto stopped = [] { return fail(ErrorCode::kState, "reading has been stopped"); };
  if (stopped_) return stopped();
  Shared window = find(wish);
  if (!window) window = open(wish, bring);
  if (!window) return fail(ErrorCode::kUnavailable, "too much is being fetched already");
  if (window->end() < wish.border) read_on(wish, window->end(), bring);
  const std::uint64_t at = wish.first - window->key.second;
  const std::uint64_t size = std::min({wish.most, window->size - at, wish.border - wish.first});
  ++window->waiting;
  changed_.wait(lock, [&] { return stopped_ || window->failure || window->filled >= at + size; });
  --window->waiting;
  if (window->filled < at + size) return window->failure ? std::unexpected(*window->failure) : stopped();
  window->taken += size;
  if (window->taken >= window->size) forget(window);
  return Piece{window, ByteView(window->data.get() + at, size)};
}

// The window that holds the first byte wished for.
ReadAhead::Shared ReadAhead::find(const Wish& wish) const {
  auto after = windows_.upper_bound({wish.file, wish.first});
  if (after == windows_.begin()) return nullptr;
  const Shared& window = std::prev(after)->second;
  return window->key.first == wish.file && window->end() > wish.first ? window : nullptr;
}

ReadAhead::Shared ReadAhead::open(const Wish& wish, const Bring& bring) {
  std::uint64_t end = std::min(wish.border, wish.first + options_.window_size);
  // Not into what another window holds already.
  const auto after = windows_.lower_bound({wish.file, wish.first});
  if (after != windows_.end() && after->first.first == wish.file) end = std::min(end, after->first.second);
  (void)make_room(end - wish.first);  // who asks now gets it all the same: askers are few
  const Key key{wish.file, wish.first};
  auto window = std::make_shared<Window>(key, end - wish.first, next_age_++);
  if (!downloads_.run([this, window, bring] { download(window, bring); })) return nullptr;
  windows_[key] = window;
  held_size_ += window->size;
  return window;
}

void ReadAhead::read_on(const Wish& wish, std::uint64_t at, const Bring& bring) {
  const Wish next{wish.file, at, 1, wish.border};
  if (find(next) || !make_room(std::min(options_.window_size, wish.border - at))) return;
  (void)open(next, bring);
}

// Forgets the oldest that nobody waits for. False: there is no room all the same.
bool ReadAhead::make_room(std::uint64_t size) {
  while (held_size_ + size > options_.memory_limit) {
    Shared oldest;
    for (const auto& [key, window] : windows_) {
      if (window->waiting == 0 && !window->downloading && (!oldest || window->age < oldest->age)) oldest = window;
    }
    if (!oldest) return false;
    forget(oldest);
  }
  return true;
}

void ReadAhead::download(const Shared& window, const Bring& bring) {
  const Status done =
      bring(window->key.second, MutableByteView(window->data.get(), window->size), [&](std::size_t filled) {
        const std::lock_guard lock(mutex_);
        window->filled = std::max<std::uint64_t>(window->filled, filled);
        changed_.notify_all();
      });
  const std::lock_guard lock(mutex_);
  window->downloading = false;
  if (done) {
    window->filled = window->size;
  } else {
    window->failure = done.error();
    forget(window);
  }
  changed_.notify_all();
}

void ReadAhead::forget(const Shared& window) {
  const auto found = windows_.find(window->key);
  if (found == windows_.end() || found->second != window) return;
  held_size_ -= window->size;
  windows_.erase(found);
}

void ReadAhead::drop(std::uint64_t file) {
  const std::lock_guard lock(mutex_);
  for (auto at = windows_.lower_bound({file, 0}); at != windows_.end() && at->first.first == file;) {
    held_size_ -= at->second->size;
    at = windows_.erase(at);
  }
}

void ReadAhead::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  downloads_.stop();
}

}  // namespace brume::node

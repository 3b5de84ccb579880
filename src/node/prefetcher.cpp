#include "node/prefetcher.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

namespace brume::node {

Prefetcher::Prefetcher(const std::string& directory, transport::FetchClient& client, const PrefetchLimits& limits)
    : client_(client), directory_(directory), limits_(limits), fetches_(limits.fetches_at_once, limits.stream_count) {
  (void)::mkdir(directory.c_str(), 0700);
  if (auto store = BlockStore::open(directory, {.size = limits.size, .stream_count = limits.stream_count}))
    store_ = std::move(*store);
}

Prefetcher::~Prefetcher() {
  stop();
  store_.reset();
  (void)::rmdir(directory_.c_str());
}

void Prefetcher::want(const transport::Prefetch& hint, const transport::Endpoint& holder) {
  const std::lock_guard lock(mutex_);
  if (store_ == nullptr || stopped_) return;
  for (const transport::Prefetch::Stream& stream : hint.streams) {
    if (streams_.size() >= limits_.stream_count) return;
    const abi::StreamName name{hint.run, abi::Stage::kMap, hint.split, stream.partition, hint.salt};
    if (!streams_.try_emplace(name, Stream{.size = stream.size}).second) continue;
    if (!fetches_.run([this, name, holder] { fetch(name, holder); })) streams_.erase(name);
  }
}

std::unique_ptr<transport::FetchSource> Prefetcher::take(const abi::StreamPart& part) {
  std::unique_lock lock(mutex_);
  const auto state = [&]() -> std::optional<State> {
    const auto found = streams_.find(part.name);
    if (found == streams_.end()) return std::nullopt;
    return found->second.state;
  };
  changed_.wait(lock, [&] { return stopped_ || state() != State::kFetching; });
  if (state() == State::kWaiting) streams_.erase(part.name);
  if (stopped_ || state() != State::kHere) return nullptr;
  auto source = store_->open_stream(part);
  if (!source) return nullptr;
  streams_.at(part.name).taken = true;
  return std::move(*source);
}

Prefetcher::Totals Prefetcher::drop_run(const RunId& run) {
  Totals taken;
  const std::lock_guard lock(mutex_);
  for (auto at = streams_.lower_bound({.run = run, .stage = abi::Stage{}, .salt = {}});
       at != streams_.end() && at->first.run == run; at = streams_.erase(at)) {
    if (!at->second.taken) continue;
    ++taken.streams;
    taken.size += at->second.size;
  }
  if (store_ != nullptr) store_->drop_run(run);
  changed_.notify_all();
  return taken;
}

void Prefetcher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  fetches_.stop();
}

// One attempt: who needs the stream fetches it with more patience.
void Prefetcher::fetch(const abi::StreamName& name, const transport::Endpoint& holder) {
  if (!begin(name)) return;
  const Status done = client_.fetch(holder, abi::StreamPart{name}, [&](ByteView frame) { return put(name, frame); });
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(name);
  if (found != streams_.end() && done && store_->end(name)) {
    found->second.state = State::kHere;
  } else {
    if (found != streams_.end()) streams_.erase(found);
    store_->drop_stream(name);
  }
  changed_.notify_all();
}

bool Prefetcher::begin(const abi::StreamName& name) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(name);
  // Taken from elsewhere, or of a run that has ended.
  if (found == streams_.end() || found->second.state != State::kWaiting) return false;
  if (!has_room(found->second.size)) {
    streams_.erase(found);
    return false;
  }
  found->second.state = State::kFetching;
  return true;
}

bool Prefetcher::put(const abi::StreamName& name, ByteView frame) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(name);
  if (stopped_ || found == streams_.end()) return false;
  found->second.received += frame.size();
  return found->second.received <= found->second.size && store_->put(name, frame).has_value();
}

bool Prefetcher::has_room(std::uint64_t size) const {
  struct statvfs disk{};
  if (::statvfs(directory_.c_str(), &disk) != 0) return false;
  const std::uint64_t available = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  return size <= available / 4 && store_->stored_size() + size <= limits_.size;
}

}  // namespace brume::node

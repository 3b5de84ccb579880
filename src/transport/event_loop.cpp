#include "transport/event_loop.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <csignal>

#include "base/check.h"

namespace brume::transport {

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  BRUME_CHECK(epoll_ && wake_);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = 0;
  BRUME_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0);
}

EventLoop::~EventLoop() = default;

void EventLoop::run() {
  // sendfile(2) knows no MSG_NOSIGNAL: a peer that leaves must cost an EPIPE, not the process.
  sigset_t broken_pipe;
  ::sigemptyset(&broken_pipe);
  ::sigaddset(&broken_pipe, SIGPIPE);
  BRUME_CHECK(::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr) == 0);
  {
    const std::lock_guard lock(mutex_);
    BRUME_CHECK(state_ == State::kIdle);
    state_ = State::kRunning;
    thread_ = std::this_thread::get_id();
  }
  started_.notify_all();
  epoll_event events[64];
  for (;;) {
    run_posted();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ && posted_.empty()) {
        state_ = State::kEnded;
        return;
      }
    }
    const int timeout = run_due_timers();
    const int count = ::epoll_wait(epoll_.get(), events, 64, timeout);
    BRUME_CHECK(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; ++i) {
      const WatchId id = events[i].data.u64;  // the event is packed: no reference into it
      if (id == 0) {
        std::uint64_t ignored;
        (void)!::read(wake_.get(), &ignored, sizeof ignored);
        continue;
      }
      const auto found = watches_.find(id);
      if (found == watches_.end()) continue;  // unwatched by a callback of this round
      const std::shared_ptr<Watch> watch = found->second;
      watch->on_ready(events[i].events);
    }
  }
}

void EventLoop::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void EventLoop::wait_until_running() {
  std::unique_lock lock(mutex_);
  started_.wait(lock, [this] { return state_ != State::kIdle; });
}

bool EventLoop::post(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kEnded) return false;
  posted_.push_back(std::move(call));
  if (posted_.size() == 1) {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }
  return true;
}

bool EventLoop::on_loop_thread() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kRunning && thread_ == std::this_thread::get_id();
}

void EventLoop::run_sync(const std::function<void()>& call) {
  std::mutex done_mutex;
  std::condition_variable done_changed;
  bool done = false;
  bool inline_call = false;
  {
    const std::lock_guard lock(mutex_);
    inline_call = state_ != State::kRunning || thread_ == std::this_thread::get_id();
  }
  if (inline_call || !post([&] {
        call();
        const std::lock_guard lock(done_mutex);
        done = true;
        done_changed.notify_one();
      })) {
    call();
    return;
  }
  std::unique_lock lock(done_mutex);
  done_changed.wait(lock, [&] { return done; });
}

EventLoop::WatchId EventLoop::watch(int fd, std::uint32_t events, OnReady on_ready) {
  const WatchId id = next_id_++;
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  BRUME_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  watches_.emplace(id, std::make_shared<Watch>(fd, std::move(on_ready)));
  return id;
}

void EventLoop::rewatch(WatchId id, std::uint32_t events) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  BRUME_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, found->second->fd, &event) == 0);
}

void EventLoop::unwatch(WatchId id) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second->fd, nullptr);
  watches_.erase(found);
}

EventLoop::TimerId EventLoop::after(Milliseconds delay, std::function<void()> call) {
  const TimerId id = next_id_++;
  const SteadyTime time = std::chrono::steady_clock::now() + delay;
  timers_.emplace(std::pair(time, id), std::move(call));
  timer_times_.emplace(id, time);
  return id;
}

void EventLoop::cancel(TimerId id) {
  const auto found = timer_times_.find(id);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, id});
  timer_times_.erase(found);
}

// Milliseconds until the next timer, -1 without one.
int EventLoop::run_due_timers() {
  for (;;) {
    if (timers_.empty()) return -1;
    const auto first = timers_.begin();
    const auto left = first->first.first - std::chrono::steady_clock::now();
    if (left > SteadyTime::duration::zero()) {
      const auto left_ms = std::chrono::ceil<Milliseconds>(left).count();
      return static_cast<int>(std::min<long long>(left_ms, 60'000));
    }
    const auto call = std::move(first->second);
    timer_times_.erase(first->first.second);
    timers_.erase(first);
    call();
  }
}

void EventLoop::run_posted() {
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(posted_);
  }
  for (const auto& call : calls) call();
}

}  // namespace brume::transport

// One thread's epoll loop: descriptors, timers and posted calls. Servers hang on a loop; a program may have
// several loops, so that serving data does not delay control messages.
#pragma once

#include <sys/epoll.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "transport/socket.h"

namespace brume::transport {

class EventLoop {
 public:
  using OnReady = std::function<void(std::uint32_t events)>;
  using WatchId = std::uint64_t;
  using TimerId = std::uint64_t;

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // On the calling thread, until stop(). Once only.
  void run();
  // From any thread: run() returns after the calls posted so far.
  void stop();
  // From any thread but the loop's; for who starts that thread.
  void wait_until_running();

  // From any thread: `call` runs on the loop's thread. False: the loop has ended and the call is dropped.
  bool post(std::function<void()> call);
  // As post, but waits for the end of `call`; runs it here if this is the loop's thread or the loop does not run.
  void run_sync(const std::function<void()>& call);
  bool on_loop_thread() const;

  // The rest only on the loop's thread, or while the loop does not run. Level-triggered. The descriptor stays
  // the caller's and must be open until unwatch. A callback may unwatch anything, itself too.
  WatchId watch(int fd, std::uint32_t events, OnReady on_ready);
  void rewatch(WatchId id, std::uint32_t events);
  void unwatch(WatchId id);
  // One shot.
  TimerId after(Milliseconds delay, std::function<void()> call);
  void cancel(TimerId id);

 private:
  struct Watch {
    int fd;
    OnReady on_ready;
  };
  int run_due_timers();
  void run_posted();

  UniqueFd epoll_;
  UniqueFd wake_;
  std::uint64_t next_id_ = 1;
  std::unordered_map<WatchId, std::shared_ptr<Watch>> watches_;
  std::map<std::pair<SteadyTime, TimerId>, std::function<void()>> timers_;
  std::unordered_map<TimerId, SteadyTime> timer_times_;

  mutable std::mutex mutex_;
  std::condition_variable started_;
  enum class State { kIdle, kRunning, kEnded } state_ = State::kIdle;
  bool stopping_ = false;
  std::thread::id thread_;
  std::vector<std::function<void()>> posted_;
};

// A loop with its thread; the destructor stops and joins.
class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.run(); }) { loop_.wait_until_running(); }
  ~LoopThread() {
    loop_.stop();
    thread_.join();
  }
  EventLoop& loop() { return loop_; }

 private:
  EventLoop loop_;
  std::thread thread_;
};

}  // namespace brume::transport

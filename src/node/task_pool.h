// Threads for what may wait: fetches and quotes. Made when needed, up to a limit.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace brume::node {

class TaskPool {
 public:
  TaskPool(std::size_t thread_limit, std::size_t queue_limit)
      : thread_limit_(thread_limit), queue_limit_(queue_limit) {}
  ~TaskPool() { stop(); }
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  // Never waits. False: the queue is full or the pool has stopped.
  bool run(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    if (stopped_ || tasks_.size() >= queue_limit_) return false;
    tasks_.push_back(std::move(task));
    if (idle_ < tasks_.size() && threads_.size() < thread_limit_) threads_.emplace_back([this] { work(); });
    changed_.notify_one();
    return true;
  }
  // Drops what waits and joins what runs: its cause of waiting must have been removed.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      tasks_.clear();
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
      --idle_;
      if (stopped_) return;
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  const std::size_t thread_limit_;
  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopped_ = false;
};

}  // namespace brume::node

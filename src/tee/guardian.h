// The thread behind one enclave: forks it, traces it so that nobody else can, ends it with the
// platform, reaps it and says how it ended. A second thread answers its mailbox.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tee/loader.h"
#include "tee/lockdown.h"

namespace brume::tee {

class Guardian {
 public:
  struct Orders {
    ChildPlan plan;  // go_fd and parent are filled in here
    std::vector<sock_filter> filter;
    std::function<Status(pid_t)> attach;
    bool guard = true;  // trace it
  };

  // Waits until the child runs enclave code. `before_go` is called with whether it is guarded,
  // after that is known and before the child goes on.
  static Result<std::unique_ptr<Guardian>> start(Orders orders, std::function<void(bool)> before_go);
  ~Guardian();  // kills the child

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  void kill();
  std::optional<EnclaveExit> wait(std::chrono::milliseconds timeout);

 private:
  Guardian() = default;
  void run(Orders orders, const std::function<void(bool)>& before_go);
  Result<bool> launch(Orders& orders, const std::function<void(bool)>& before_go);
  bool reap_one(bool block);
  void report(Result<bool> outcome);

  std::thread thread_;
  pid_t pid_ = 0;
  UniqueFd pidfd_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Result<bool>> started_;
  std::optional<EnclaveExit> exit_;
  int fault_ = 0;  // the signal for which the guardian ended it
};

// Answers EREPORT and EGETKEY from an enclave's mailbox until it is destroyed.
class MailboxService {
 public:
  MailboxService(abi::Mailbox& mailbox, abi::Doorbell& doorbell, const Processor& processor, const Secs& secs);
  ~MailboxService();

 private:
  void run();
  std::uint32_t answer(std::uint32_t leaf, ByteView input, MutableByteView output) const;

  abi::Mailbox& mailbox_;
  abi::Doorbell& doorbell_;
  const Processor& processor_;
  const Secs secs_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace brume::tee

#include "tee/guardian.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace brume::tee {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStartTimeout{10'000};  // a start takes 10 to 50 ms; a loaded host more

std::unexpected<Error> start_failed(const char* step) {
  return fail(ErrorCode::kIo, std::string("enclave start: ") + step + ": " + std::strerror(errno));
}

void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

// Sleeps until the word changes from `expected`, is woken, or the time is over.
void futex_wait(std::uint32_t* word, std::uint32_t expected, milliseconds timeout) {
  const timespec wait{.tv_sec = timeout.count() / 1000, .tv_nsec = timeout.count() % 1000 * 1'000'000};
  syscall(SYS_futex, word, FUTEX_WAIT, expected, &wait, nullptr, 0);
}
void futex_wake(std::uint32_t* word) { syscall(SYS_futex, word, FUTEX_WAKE, 1, nullptr, nullptr, 0); }

// Faults of the program itself. It has no handlers; a core dump is the last thing it should make.
bool is_fatal(int signal) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
    case SIGABRT:
    case SIGSYS:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::unique_ptr<Guardian>> Guardian::start(Orders orders, std::function<void(bool)> before_go) {
  std::unique_ptr<Guardian> guardian(new Guardian);
  Guardian* self = guardian.get();
  guardian->thread_ = std::thread([self, orders = std::move(orders), before_go = std::move(before_go)]() mutable {
    self->run(std::move(orders), before_go);
  });
  std::unique_lock lock(self->mutex_);
  self->changed_.wait(lock, [&] { return self->started_.has_value(); });
  if (!*self->started_) return std::unexpected(self->started_->error());
  return guardian;
}

Guardian::~Guardian() {
  kill();
  if (thread_.joinable()) thread_.join();
}

void Guardian::kill() {
  if (pidfd_) syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

std::optional<EnclaveExit> Guardian::wait(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return exit_.has_value(); });
  return exit_;
}

void Guardian::report(Result<bool> outcome) {
  const std::lock_guard lock(mutex_);
  started_ = std::move(outcome);
  changed_.notify_all();
}

void Guardian::run(Orders orders, const std::function<void(bool)>& before_go) {
  block_signals();
  Result<bool> outcome = launch(orders, before_go);
  if (!outcome) {
    kill();
    if (pid_ > 0) {
      while (!exit_) reap_one(true);
    }
    report(std::move(outcome));
    return;
  }
  report(true);
  while (!exit_) reap_one(true);
}

Result<bool> Guardian::launch(Orders& orders, const std::function<void(bool)>& before_go) {
  int go[2];
  if (pipe2(go, O_CLOEXEC) != 0) return start_failed("pipe");
  UniqueFd go_read(go[0]);
  UniqueFd go_write(go[1]);
  orders.plan.go_fd = go_read.get();
  orders.plan.parent = getpid();
  const pid_t child = _Fork();
  if (child < 0) return start_failed("fork");
  if (child == 0) {
    syscall(SYS_close, go_write.get());  // so that the platform's end is its only one
    run_child(orders.plan, orders.filter);
  }
  pid_ = child;
  pidfd_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  if (!pidfd_) {
    ::kill(child, SIGKILL);
    return start_failed("pidfd_open");
  }
  const bool guarded = orders.guard && ptrace(PTRACE_SEIZE, child, nullptr, PTRACE_O_EXITKILL) == 0;
  if (orders.attach) BRUME_TRY(orders.attach(child));
  before_go(guarded);
  if (write(go_write.get(), "g", 1) != 1) return start_failed("go");
  abi::Doorbell& doorbell = *orders.plan.doorbell;
  std::atomic_ref<std::uint32_t> started(doorbell.started);
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (started.load(std::memory_order_acquire) == 0) {
    if (reap_one(false) && exit_) break;
    if (std::chrono::steady_clock::now() > deadline) return fail(ErrorCode::kUnavailable, "enclave start: too slow");
    futex_wait(&doorbell.started, 0, milliseconds(2));
  }
  if (started.load(std::memory_order_acquire) == 1) return true;
  if (doorbell.started == 0) return fail(ErrorCode::kUnavailable, "enclave start: it was killed");
  errno = static_cast<int>(doorbell.error);
  return start_failed(("stage " + std::to_string(doorbell.stage)).c_str());
}

// Takes one event of the child, if there is one; true then.
bool Guardian::reap_one(bool block) {
  int status = 0;
  const pid_t got = waitpid(pid_, &status, __WALL | (block ? 0 : WNOHANG));
  if (got < 0 && errno == EINTR) return false;
  if (got == 0) return false;
  if (got > 0 && WIFSTOPPED(status)) {
    // Signals end it or do nothing: nobody stops, traces or steers an enclave by them.
    const bool delivery = (status >> 16) == 0;
    if (delivery && is_fatal(WSTOPSIG(status))) {
      const std::lock_guard lock(mutex_);
      fault_ = WSTOPSIG(status);
      kill();
    }
    ptrace(PTRACE_CONT, pid_, nullptr, nullptr);
    return true;
  }
  const std::lock_guard lock(mutex_);
  EnclaveExit exit;
  if (got > 0 && WIFEXITED(status)) exit.exit_code = WEXITSTATUS(status);
  if (got > 0 && WIFSIGNALED(status)) exit.signal = fault_ != 0 ? fault_ : WTERMSIG(status);
  exit_ = exit;
  changed_.notify_all();
  return true;
}

MailboxService::MailboxService(abi::Mailbox& mailbox, abi::Doorbell& doorbell, const Processor& processor,
                               const Secs& secs)
    : mailbox_(mailbox), doorbell_(doorbell), processor_(processor), secs_(secs), thread_([this] { run(); }) {}

MailboxService::~MailboxService() {
  std::atomic_ref<bool>(stop_).store(true);
  futex_wake(&doorbell_.asked);
  thread_.join();
}

void MailboxService::run() {
  block_signals();
  std::atomic_ref<std::uint32_t> asked(doorbell_.asked);
  std::atomic_ref<std::uint32_t> answered(doorbell_.answered);
  while (!std::atomic_ref<bool>(stop_).load()) {
    const std::uint32_t ticket = asked.load(std::memory_order_acquire);
    if (ticket == answered.load(std::memory_order_relaxed)) {
      futex_wait(&doorbell_.asked, ticket, milliseconds(500));  // the destructor's wake can come too early
      continue;
    }
    // The enclave may be hostile to the platform: copied in before it is looked at.
    ByteArray<sizeof mailbox_.input> input;
    ByteArray<sizeof mailbox_.output> output{};
    std::memcpy(input.data(), mailbox_.input, input.size());
    mailbox_.error = answer(mailbox_.leaf, input, output);
    std::memcpy(mailbox_.output, output.data(), output.size());
    crypto::wipe(output);
    answered.store(ticket, std::memory_order_release);
    futex_wake(&doorbell_.answered);
  }
}

std::uint32_t MailboxService::answer(std::uint32_t leaf, ByteView input, MutableByteView output) const {
  constexpr std::uint32_t kFault = 1;  // where the processor would raise #GP
  switch (static_cast<abi::Leaf>(leaf)) {
    case abi::Leaf::kReport: {
      auto target = parse_target_info(input.first(abi::kTargetInfoSize));
      auto data = ReportData::from(input.subspan(abi::kTargetInfoSize, abi::kReportDataSize));
      if (!target || !data) return kFault;
      const auto report = evidence::encode_report(processor_.ereport(secs_, *target, *data));
      std::memcpy(output.data(), report.data(), report.size());
      return 0;
    }
    case abi::Leaf::kGetKey: {
      auto request = parse_key_request(input.first(abi::kKeyRequestSize));
      if (!request) return kFault;
      auto key = processor_.egetkey(secs_, *request);
      if (!key) return static_cast<std::uint32_t>(key.error());
      std::memcpy(output.data(), key->reveal().data(), abi::kKeySize);
      return 0;
    }
  }
  return kFault;
}

}  // namespace brume::tee

#include "abi/futex_wait.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace brume::abi {
namespace {

// A futex cannot be waited for together with a pidfd, so a sleeper looks up at times.
constexpr timespec kLookUp = {.tv_sec = 0, .tv_nsec = 100'000'000};

}  // namespace

bool FutexWait::wait(std::uint32_t* word, std::uint32_t expected) {
  const timespec* timeout = peer_pidfd_ < 0 ? nullptr : &kLookUp;
  syscall(SYS_futex, word, FUTEX_WAIT, expected, timeout, nullptr, 0);
  if (peer_pidfd_ < 0) return true;
  pollfd peer = {.fd = peer_pidfd_, .events = POLLIN, .revents = 0};
  return poll(&peer, 1, 0) <= 0;
}

void FutexWait::wake(std::uint32_t* word) { syscall(SYS_futex, word, FUTEX_WAKE, 1, nullptr, nullptr, 0); }

}  // namespace brume::abi

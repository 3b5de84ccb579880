#include "enclave/runtime/idle.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace brume::enclave {
namespace {

constexpr timespec kIdleAfter = {.tv_sec = 2, .tv_nsec = 0};
constexpr timespec kBetween = {.tv_sec = 0, .tv_nsec = 4'000'000};
constexpr std::uint64_t kPagesAtOnce = 32;       // half a millisecond
constexpr std::uint64_t kAheadSize = 32u << 20;  // a map task's tables and buffers

bool timed_out(std::uint32_t* word, std::uint32_t expected, const timespec* timeout) {
  return syscall(SYS_futex, word, FUTEX_WAIT, expected, timeout, nullptr, 0) != 0 && errno == ETIMEDOUT;
}

}  // namespace

bool IdleWait::wait(std::uint32_t* word, std::uint32_t expected) {
  const timespec* timeout = &kIdleAfter;
  while (timed_out(word, expected, timeout)) timeout = touch_ahead(kAheadSize, kPagesAtOnce) ? &kBetween : nullptr;
  return true;
}

void IdleWait::wake(std::uint32_t* word) { syscall(SYS_futex, word, FUTEX_WAKE, 1, nullptr, nullptr, 0); }

}  // namespace brume::enclave

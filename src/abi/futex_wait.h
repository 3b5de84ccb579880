// RingWait by Linux futexes on the shared ring; the same code runs in the node and, where the tee
// leaves it that system call, in the enclave.
#pragma once

#include "abi/ring.h"

namespace brume::abi {

class FutexWait final : public RingWait {
 public:
  // peer_pidfd: the process at the other end, whose death ends every wait; not owned. -1: unknown,
  // then a wait lasts until the peer wakes it.
  explicit FutexWait(int peer_pidfd = -1) : peer_pidfd_(peer_pidfd) {}
  bool wait(std::uint32_t* word, std::uint32_t expected) override;
  void wake(std::uint32_t* word) override;

 private:
  int peer_pidfd_;
};

}  // namespace brume::abi

// Waiting for the host, and what to do meanwhile: touch heap pages ahead of their use.
//
// The first touch of a page of secret memory costs 17 us, so a task that grows a 30 MiB table in a
// fresh enclave would pay 130 ms for it. An enclave that has nothing to do pays that beforehand, a
// little at a time, so that it is not in the way of others.
#pragma once

#include "abi/ring.h"

namespace brume::enclave {

class IdleWait final : public abi::RingWait {
 public:
  bool wait(std::uint32_t* word, std::uint32_t expected) override;
  void wake(std::uint32_t* word) override;
};

// Writes zeros to at most `page_count` untouched pages of the heap, none further than `ahead_size`
// bytes ahead of what is in use at either end. False: there is nothing more to touch.
bool touch_ahead(std::uint64_t ahead_size, std::uint64_t page_count);

}  // namespace brume::enclave

// The last code outside the enclave: one page, copied into the write-sealed file, that unmaps the
// rest of the address space, installs the filter and enters.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace brume::tee {

// In the mailbox page, behind the mailbox. trampoline.S knows these offsets.
struct TrampolineArguments {
  std::uint64_t low_start, low_size;    // to unmap: all below the region
  std::uint64_t high_start, high_size;  // and all above it
  std::uint64_t filter_count;           // then its statements: a sock_fprog
  const sock_filter* filter;
  std::uint64_t doorbell;
  std::uint64_t stack_top;
  std::uint64_t boot;
  std::uint64_t entry;
};
static_assert(offsetof(TrampolineArguments, filter_count) == 32);
static_assert(offsetof(TrampolineArguments, doorbell) == 48);
static_assert(offsetof(TrampolineArguments, entry) == 72);

// Stages that a failed start can name (abi::Doorbell::stage).
inline constexpr std::uint32_t kStageUnmapLow = 100;
inline constexpr std::uint32_t kStageUnmapHigh = 101;
inline constexpr std::uint32_t kStageFilter = 102;

ByteView trampoline_code();

}  // namespace brume::tee

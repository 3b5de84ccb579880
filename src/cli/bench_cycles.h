// CPU cycles: counted by the hardware where the machine has counters, else what stands in for them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace brume::cli {

// PERF_COUNT_HW_CPU_CYCLES, user and kernel, of all threads of some processes and of those they start.
class CycleCounters {
 public:
  // Nothing where the machine has no counters or its kernel does not lend them.
  static std::optional<CycleCounters> open(const std::vector<pid_t>& processes);
  // Since open. Where counters were shared with others, scaled to the whole time.
  Result<std::uint64_t> read() const;

 private:
  std::vector<UniqueFd> counters_;
};

// Ticks of the time stamp counter in a second: from cpuid where it says so (leaf 0x15), else measured
// for 0.1 s against CLOCK_MONOTONIC_RAW. 0 where this processor has none.
double tsc_hz();

}  // namespace brume::cli

// What the processes of a group of nodes have used so far, by the kernel's books: each node program
// and the enclave that it holds. Needs the rights to look into other users' processes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/bench_cycles.h"

namespace brume::cli {

// "voluntary_ctxt_switches" + "nonvoluntary_ctxt_switches" of a /proc/PID/task/TID/status.
// Errors: kMalformed where either is missing.
Result<std::uint64_t> parse_context_switches(std::string_view status);
// Of a /proc/PID/fdinfo/FD: the process a pidfd stands for; nothing for other descriptors, and for a
// process that has ended or that this namespace does not see.
std::optional<pid_t> parse_pidfd_target(std::string_view fdinfo);
// The kB of one field ("AnonHugePages") of a /proc/PID/smaps_rollup. Errors: kMalformed.
Result<std::uint64_t> parse_smaps_kb(std::string_view smaps, std::string_view field);

// The enclave whose pidfd a node program holds: that is how a node knows its enclave, in every engine.
Result<pid_t> enclave_of(pid_t node);

struct Usage {
  std::uint64_t cpu_ns = 0;
  std::uint64_t context_switches = 0;
  std::optional<std::uint64_t> cycles;  // by hardware counters, where the machine has them
};
// What was used between two readings.
Usage operator-(const Usage& later, const Usage& earlier);

struct EnclaveMemory {
  std::uint64_t resident_kb = 0;
  std::uint64_t huge_kb = 0;  // of it in huge pages
};

class NodeGroup {
 public:
  // `nodes`: first processes of node containers. Every one must have its enclave by now.
  static Result<NodeGroup> watch(const std::vector<pid_t>& nodes);
  // Errors: kUnavailable where one of the processes has ended.
  Result<Usage> usage() const;
  Result<EnclaveMemory> enclave_memory() const;
  bool counts_cycles() const { return cycles_.has_value(); }

 private:
  std::vector<pid_t> processes_;  // nodes, then enclaves
  std::vector<pid_t> enclaves_;
  std::optional<CycleCounters> cycles_;
};

}  // namespace brume::cli

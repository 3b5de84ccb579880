// What the child does between fork and the trampoline: maps the enclave, gives up everything that
// it has from its parent, and leaves. Raw system calls only: the parent has other threads, so the
// child may not take a lock or memory from the C library.
#pragma once

#include "tee/enclave_memory.h"
#include "tee/trampoline.h"

namespace brume::tee {

// Made by the parent, read by the child.
struct ChildPlan {
  const measure::EnclaveLayout* layout = nullptr;
  RegionPlan region;
  abi::Tee mode = abi::Tee::kSgxSim;
  int code_fd = -1;
  std::uint64_t trampoline_offset = 0;
  int data_fd = -1;  // -1: private memory with huge pages
  int mailbox_fd = -1;
  int doorbell_fd = -1;
  int ring_fd = -1;
  std::uint64_t ring_size = 0;
  int go_fd = -1;  // one byte: attached and guarded, go on; end of file: give up
  pid_t parent = 0;
  std::uint32_t uid = 0;  // of nobody else; 0: keep
  abi::Doorbell* doorbell = nullptr;
};

// What the filter leaves: futex, exit, exit_group, clock_gettime, restart_syscall, and
// arch_prctl(ARCH_SET_FS). Six calls of the C library's start fail with ENOSYS. Everything else
// ends the process.
std::vector<sock_filter> enclave_filter();

[[noreturn]] void run_child(const ChildPlan& plan, const std::vector<sock_filter>& filter);

}  // namespace brume::tee

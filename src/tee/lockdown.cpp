#include "tee/lockdown.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

extern "C" {
extern const std::uint8_t brume_trampoline_begin[] __attribute__((visibility("hidden")));
extern const std::uint8_t brume_trampoline_end[] __attribute__((visibility("hidden")));
}

namespace brume::tee {
namespace {

constexpr std::uint64_t kUserEnd = 0x7ffffffff000;  // TASK_SIZE without 5-level paging
constexpr std::size_t kArgumentsAt = 2048;          // in the mailbox page
static_assert(sizeof(abi::Mailbox) <= kArgumentsAt);

// Where a start failed; beside the trampoline's stages.
enum Stage : std::uint32_t { kGo = 1, kReserve, kMapCode, kMapData, kMapOutside, kIdentity, kPrivileges, kLeave };

class Child {
 public:
  Child(const ChildPlan& plan, const std::vector<sock_filter>& filter) : plan_(plan), filter_(filter) {}

  [[noreturn]] void run() {
    wait_for_go();
    reserve_region();
    map_enclave();
    map_outside();
    fill_mailbox_page();
    check(kLeave, syscall(SYS_close_range, 0u, ~0u, 0u));
    give_up_identity();
    give_up_inheritance();
    leave();
  }

 private:
  // Ends the child where `result` is a failed system call's.
  void check(Stage stage, long result) {
    if (result >= 0) return;
    plan_.doorbell->stage = stage;
    plan_.doorbell->error = static_cast<std::uint32_t>(errno);
    __atomic_store_n(&plan_.doorbell->started, 2u, __ATOMIC_RELEASE);
    syscall(SYS_exit_group, 1);
    __builtin_trap();
  }

  void wait_for_go() {
    char byte = 0;
    long got = 0;
    do {
      got = syscall(SYS_read, plan_.go_fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 0) errno = ECANCELED;
    check(kGo, got == 1 ? 0 : -1);
  }

  void reserve_region() {
    const std::uint64_t size = plan_.region.outside_size + 2 * plan_.region.enclave_size;
    void* memory = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    check(kReserve, memory == MAP_FAILED ? -1 : 0);
    const std::uint64_t align = plan_.region.enclave_size;
    const std::uint64_t first = reinterpret_cast<std::uint64_t>(memory) + plan_.region.outside_size;
    base_ = (first + align - 1) / align * align;
    outside_ = base_ - plan_.region.outside_size;
  }

  void* map(Stage stage, std::uint64_t at, std::uint64_t size, int protection, int fd, std::uint64_t offset) {
    const int flags = MAP_FIXED | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
    void* memory = mmap(reinterpret_cast<void*>(at), size, protection, flags, fd, static_cast<off_t>(offset));
    check(stage, memory == MAP_FAILED ? -1 : 0);
    return memory;
  }

  void map_enclave() {
    for (const measure::PageRun& run : plan_.layout->runs) {
      if ((run.secinfo_flags & (measure::kPageWrite | measure::kPageTcs)) == 0) {
        const bool executable = (run.secinfo_flags & measure::kPageExecute) != 0;
        map(kMapCode, base_ + run.offset, run.size(), PROT_READ | (executable ? PROT_EXEC : 0), plan_.code_fd,
            run.offset);
        continue;
      }
      void* memory = map(kMapData, base_ + run.offset, run.size(), PROT_READ | PROT_WRITE, plan_.data_fd, run.offset);
      if (plan_.data_fd < 0) madvise(memory, run.size(), MADV_HUGEPAGE);
      madvise(memory, run.size(), MADV_DONTDUMP);
      copy_content(run, static_cast<std::uint8_t*>(memory));
    }
  }

  // Page by page, leaving out zero pages: a first touch of secret memory is dear.
  static void copy_content(const measure::PageRun& run, std::uint8_t* to) {
    for (std::size_t at = 0; at < run.content.size(); at += abi::kPageSize) {
      const std::uint8_t* page = run.content.data() + at;
      bool zero = true;
      for (std::size_t i = 0; i < abi::kPageSize && zero; ++i) zero = page[i] == 0;
      if (!zero) std::memcpy(to + at, page, abi::kPageSize);
    }
  }

  void map_outside() {
    map(kMapOutside, outside_ + RegionPlan::kTrampoline, abi::kPageSize, PROT_READ | PROT_EXEC, plan_.code_fd,
        plan_.trampoline_offset);
    map(kMapOutside, outside_ + RegionPlan::kMailbox, abi::kPageSize, PROT_READ | PROT_WRITE, plan_.mailbox_fd, 0);
    map(kMapOutside, outside_ + RegionPlan::kDoorbell, abi::kPageSize, PROT_READ | PROT_WRITE, plan_.doorbell_fd, 0);
    map(kMapOutside, outside_ + RegionPlan::kRing, plan_.ring_size, PROT_READ | PROT_WRITE, plan_.ring_fd, 0);
  }

  void fill_mailbox_page() {
    auto* page = reinterpret_cast<std::uint8_t*>(outside_ + RegionPlan::kMailbox);
    abi::BootBlock boot;
    boot.tee = static_cast<std::uint32_t>(plan_.mode);
    boot.ring_address = outside_ + RegionPlan::kRing;
    boot.ring_size = plan_.ring_size;
    if (plan_.mode == abi::Tee::kSgxSim) {
      boot.mailbox_address = outside_ + RegionPlan::kMailbox;
      boot.doorbell_address = outside_ + RegionPlan::kDoorbell;
    }
    std::memcpy(page + offsetof(abi::Mailbox, boot), &boot, sizeof boot);

    const std::size_t filter_at = kArgumentsAt + sizeof(TrampolineArguments);
    const std::size_t filter_size = filter_.size() * sizeof(sock_filter);
    if (filter_size > 0) std::memcpy(page + filter_at, filter_.data(), filter_size);
    const std::uint64_t region_end = base_ + plan_.region.enclave_size;
    TrampolineArguments arguments{};
    arguments.low_size = outside_;
    arguments.high_start = region_end;
    arguments.high_size = kUserEnd - region_end;
    arguments.filter_count = filter_.size();
    arguments.filter = reinterpret_cast<const sock_filter*>(page + filter_at);
    arguments.doorbell = outside_ + RegionPlan::kDoorbell;
    arguments.stack_top = base_ + plan_.layout->range.stack + plan_.layout->range.stack_size;
    arguments.boot = outside_ + RegionPlan::kMailbox + offsetof(abi::Mailbox, boot);
    arguments.entry = base_ + plan_.layout->entry;
    std::memcpy(page + kArgumentsAt, &arguments, sizeof arguments);
  }

  // A user of its own, no capability, no way to get one. A user namespace may lack that user: then
  // it stays who it is, still without capabilities.
  void give_up_identity() {
    if (plan_.uid != 0 && syscall(SYS_geteuid) == 0) {
      syscall(SYS_setgroups, 0, nullptr);
      syscall(SYS_setresgid, plan_.uid, plan_.uid, plan_.uid);
      syscall(SYS_setresuid, plan_.uid, plan_.uid, plan_.uid);
    }
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    check(kPrivileges, syscall(SYS_capset, &header, none));
    check(kPrivileges, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  }

  void give_up_inheritance() {
    const rlimit64 zero{0, 0};
    check(kPrivileges, syscall(SYS_prlimit64, 0, RLIMIT_CORE, &zero, nullptr));
    check(kPrivileges, prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    // After the change of user, which clears it.
    check(kPrivileges, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
    errno = ESRCH;
    check(kPrivileges, syscall(SYS_getppid) == plan_.parent ? 0 : -1);
    const struct {
      std::uint64_t handler, flags, restorer, mask;
    } by_default{};
    for (int signal = 1; signal <= 64; ++signal) syscall(SYS_rt_sigaction, signal, &by_default, nullptr, 8);
    const stack_t no_stack{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    syscall(SYS_sigaltstack, &no_stack, nullptr);
    syscall(SYS_set_robust_list, nullptr, 24);
    syscall(SYS_set_tid_address, nullptr);
    auto* thread = static_cast<std::uint8_t*>(__builtin_thread_pointer());
    // Left registered, the kernel would write into pages that are gone.
    if (__rseq_size != 0)
      check(kPrivileges, syscall(SYS_rseq, thread + __rseq_offset, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
    const std::uint64_t no_signals = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, nullptr, 8);
  }

  [[noreturn]] void leave() {
    auto enter = reinterpret_cast<void (*)(std::uint64_t)>(outside_ + RegionPlan::kTrampoline);
    enter(outside_ + RegionPlan::kMailbox + kArgumentsAt);
    __builtin_unreachable();
  }

  const ChildPlan& plan_;
  const std::vector<sock_filter>& filter_;
  std::uint64_t base_ = 0;
  std::uint64_t outside_ = 0;
};

constexpr sock_filter statement(std::uint32_t code, std::uint32_t value) {
  return {static_cast<std::uint16_t>(code), 0, 0, value};
}
// Jumps over one statement unless equal.
constexpr sock_filter skip_unless(std::uint32_t value) { return {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value}; }

}  // namespace

std::vector<sock_filter> enclave_filter() {
  constexpr std::uint32_t kLoad = BPF_LD | BPF_W | BPF_ABS;
  constexpr std::uint32_t kReturn = BPF_RET | BPF_K;
  constexpr sock_filter kKill = statement(kReturn, SECCOMP_RET_KILL_PROCESS);
  constexpr sock_filter kAllow = statement(kReturn, SECCOMP_RET_ALLOW);
  constexpr sock_filter kNoSuchCall = statement(kReturn, SECCOMP_RET_ERRNO | ENOSYS);
  std::vector<sock_filter> out = {
      statement(kLoad, offsetof(seccomp_data, arch)),
      {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64},
      kKill,
      statement(kLoad, offsetof(seccomp_data, nr)),
  };
  for (const auto call : {SYS_futex, SYS_clock_gettime, SYS_restart_syscall, SYS_exit, SYS_exit_group}) {
    out.push_back(skip_unless(static_cast<std::uint32_t>(call)));
    out.push_back(kAllow);
  }
  for (const auto call :
       {SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_prlimit64, SYS_readlink, SYS_getrandom}) {
    out.push_back(skip_unless(static_cast<std::uint32_t>(call)));
    out.push_back(kNoSuchCall);
  }
  out.push_back(skip_unless(SYS_arch_prctl));
  out.push_back({BPF_JMP | BPF_JA, 0, 0, 1});
  out.push_back(kKill);
  out.push_back(statement(kLoad, offsetof(seccomp_data, args)));
  out.push_back(skip_unless(ARCH_SET_FS));
  out.push_back(kAllow);
  out.push_back(kKill);
  return out;
}

ByteView trampoline_code() { return {brume_trampoline_begin, brume_trampoline_end}; }

void run_child(const ChildPlan& plan, const std::vector<sock_filter>& filter) { Child(plan, filter).run(); }

}  // namespace brume::tee

// Starts enclave programs: lays out and measures, checks the SIGSTRUCT, maps, locks down, guards.
//
// In mode kSgxSim the program runs in a child process whose code lies in a write-sealed memfd and
// everything else in memory that no other process can read; a guardian thread holds it against
// tracers and ends it with the platform; no enclave instruction runs before all of that is in
// force. In mode kNone the same file runs in ordinary memory with huge pages, unmeasured and without a
// guardian, for comparison; still without rights: whose program it is, nobody has asked.
// docs/formats/sgx-sim.md has the sequence, and what root can still do.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "abi/boot.h"
#include "abi/ring.h"
#include "base/result.h"
#include "tee/processor.h"

namespace brume::tee {

struct LoadRequest {
  ByteView program;    // ELF; only read during the call
  ByteView sigstruct;  // measure::kSigstructSize bytes; not looked at in mode kNone
  abi::Tee mode = abi::Tee::kSgxSim;
  bool debug = false;  // the DEBUG attribute: evidence says so, protections stay as they are
  ByteArray<64> config_id{};
  std::uint16_t config_svn = 0;
  std::size_t ring_capacity = abi::kRingCapacityDefault;  // per direction
  // What the caller vouches for (peer-pidfd, image-measured, root-registered); the loader adds its own.
  evidence::Protections platform_protections;
  // Must outlive the process. Not used in mode kNone.
  const Processor* processor = nullptr;
  // Called with the child before it touches enclave memory, on another thread: puts it into the
  // container's cgroups. A failure ends the start.
  std::function<Status(pid_t)> attach;
};

// How an enclave ended.
struct EnclaveExit {
  int exit_code = 0;  // of exit(); 0 where a signal ended it
  int signal = 0;     // 0: it left by exit(). SIGSYS: it asked the kernel for something
};

// A running enclave. Ending this object kills and reaps it. The threads behind it wait for this
// one process only; a caller must not wait for any child (waitpid(-1)) in the same program.
class EnclaveProcess {
 public:
  ~EnclaveProcess();
  EnclaveProcess(EnclaveProcess&&) noexcept;
  EnclaveProcess& operator=(EnclaveProcess&&) noexcept;

  pid_t pid() const;
  int pidfd() const;         // readable once it has ended; duplicate it to hand it on
  int ring_fd() const;       // memfd of abi::ring_file_size(capacity); duplicate it to hand it on
  const Secs& secs() const;  // zeros in mode kNone
  evidence::Protections protections() const;
  void kill();
  // Empty while it still runs after `timeout`.
  std::optional<EnclaveExit> wait(std::chrono::milliseconds timeout);

 private:
  friend Result<EnclaveProcess> spawn_enclave(const LoadRequest& request);
  struct State;
  explicit EnclaveProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Returns when the program runs, locked down. Errors: the program or its SIGSTRUCT is refused
// (kMalformed, kUnsupported, kAuthFailed, kLimit); the machine gave out (kIo, kUnavailable).
// A protection that this kernel lacks is no error: its bit is not set, and policies decide.
Result<EnclaveProcess> spawn_enclave(const LoadRequest& request);

}  // namespace brume::tee

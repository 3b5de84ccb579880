// `brume platform`: what a host's processor, quoting enclave and enclave driver would be, as one
// root daemon outside the containers. It believes no container about itself: it measures root file
// systems, starts enclaves from the bytes it measured, and quotes their reports.
// docs/formats/platform-protocol.md is what it speaks.
#pragma once

#include <functional>
#include <memory>

#include "tee/platform_client.h"

namespace brume::tee {

// An enclave to be started: the bytes that were measured, and what the platform vouches for.
struct EnclaveOrder {
  ByteView program;
  ByteView sigstruct;
  ImageDigest image;  // goes into CONFIGID
  LaunchMode mode = LaunchMode::kSgxSim;
  bool debug = false;
  std::uint32_t protections = 0;
  std::function<Status(std::int32_t pid)> enter_cgroups;
};

// Ends with this object.
class RunningEnclave {
 public:
  virtual ~RunningEnclave() = default;
  virtual int ring_fd() const = 0;
  virtual int pidfd() const = 0;
  virtual std::uint32_t protections() const = 0;
  virtual Measurement measurement() const = 0;
  virtual SignerId signer() const = 0;
};

// What stands behind a platform: the processor. Called from several threads.
class EnclaveMaker {
 public:
  virtual ~EnclaveMaker() = default;
  virtual Result<std::unique_ptr<RunningEnclave>> start(const EnclaveOrder& order) = 0;
  virtual Bytes target_info() = 0;
  virtual Result<Bytes> quote(ByteView report) = 0;
};

struct PlatformOptions {
  // Made 0700; the control socket `control.sock` and the containers' socket directories lie in it.
  std::string run_directory;
  EnclaveMaker* maker = nullptr;  // must outlive the platform
  // A node that connects before its registration arrives waits that long.
  std::int32_t registration_wait_ms = 10'000;
  // One line per event; from several threads, one at a time.
  std::function<void(std::string_view)> log;
};

inline constexpr std::string_view kControlSocketName = "control.sock";

class Platform {
 public:
  // Listens when it comes back. Needs root. Refuses a directory where another platform listens.
  static Result<std::unique_ptr<Platform>> start(PlatformOptions options);
  ~Platform();  // stops

  // Until shutdown() here or over the control socket. Then nothing runs any more.
  void run();
  // Asks run() to come back. Safe in a signal handler and from other threads.
  void shutdown();

 private:
  struct State;
  explicit Platform(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace brume::tee

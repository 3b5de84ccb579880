// Starts the test enclave and speaks to it; for tests and benchmarks of the loader.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "abi/futex_wait.h"
#include "abi/testing/probe.h"
#include "crypto/random.h"
#include "crypto/rsa.h"
#include "measure/mrenclave.h"
#include "tee/loader.h"

namespace brume::tee::testing {

using abi::testing::Probe;

struct ProbeOptions {
  abi::Tee mode = abi::Tee::kSgxSim;
  bool debug = false;
  std::uint64_t heap_size = 64u << 20;
  std::uint16_t isv_svn = 1;
  std::function<Status(pid_t)> attach = nullptr;
};

// Beside the test program's folder; empty where enclaves are not built.
inline Bytes probe_program() {
  char self[4096];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  std::string path(self, size > 0 ? static_cast<std::size_t>(size) : 0);
  path = path.substr(0, path.rfind('/', path.rfind('/') - 1)) + "/test-enclaves/probe.enclave";
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

inline const crypto::Rsa3072Key& test_signer() {
  static const crypto::Rsa3072Key key = crypto::Rsa3072Key::generate();
  return key;
}

inline const Processor& test_processor() {
  static crypto::SystemRandom random;
  static const Processor processor(crypto::Key32::random(random), random);
  return processor;
}

inline Bytes sign_program(ByteView program, std::uint16_t isv_svn = 1) {
  measure::SigstructBody body;
  body.measurement = measure::measure_enclave(*measure::lay_out_program(program));
  body.isv_prod_id = 7;
  body.isv_svn = isv_svn;
  return measure::sign_sigstruct(body, test_signer());
}

class ProbeEnclave {
 public:
  static Result<std::unique_ptr<ProbeEnclave>> start(ProbeOptions options = {}) {
    const Bytes built = probe_program();
    if (built.empty()) return fail(ErrorCode::kUnavailable, "the test enclave is not built");
    abi::EnclaveConfig config;
    config.heap_size = options.heap_size;
    BRUME_ASSIGN(const Bytes program, measure::with_config(built, config));
    return start_signed(program, sign_program(program, options.isv_svn), options);
  }
  static Result<std::unique_ptr<ProbeEnclave>> start_signed(ByteView program, ByteView sigstruct,
                                                            const ProbeOptions& options) {
    LoadRequest request;
    request.program = program;
    request.sigstruct = sigstruct;
    request.mode = options.mode;
    request.debug = options.debug;
    request.config_id.fill(0xC1);
    request.processor = &test_processor();
    request.attach = options.attach;
    BRUME_ASSIGN(EnclaveProcess process, spawn_enclave(request));
    return std::unique_ptr<ProbeEnclave>(new ProbeEnclave(std::move(process)));
  }
  ~ProbeEnclave() { munmap(ring_, ring_size()); }

  bool send(Probe probe, ByteView payload) {
    return to_enclave_.write(static_cast<std::uint16_t>(probe), ++id_, {payload}) == abi::RingStep::kDone;
  }
  // Empty where the enclave died instead of answering.
  std::optional<Bytes> receive() {
    abi::Frame frame;
    if (from_enclave_.next(frame) != abi::RingStep::kDone) return std::nullopt;
    return to_bytes(frame.payload);
  }
  std::optional<Bytes> ask(Probe probe, ByteView payload) {
    if (!send(probe, payload)) return std::nullopt;
    return receive();
  }
  std::string ask_text(Probe probe, ByteView payload) {
    auto answer = ask(probe, payload);
    return answer ? std::string(as_chars(*answer)) : describe_end();
  }
  std::string describe_end() {
    auto end = process_.wait(std::chrono::milliseconds(2000));
    if (!end) return "still running";
    return "ended: code " + std::to_string(end->exit_code) + ", signal " + std::to_string(end->signal);
  }
  EnclaveProcess& process() { return process_; }
  abi::FrameWriter& to_enclave() { return to_enclave_; }
  std::uint8_t* ring_memory() { return ring_; }

 private:
  explicit ProbeEnclave(EnclaveProcess process)
      : process_(std::move(process)),
        ring_(static_cast<std::uint8_t*>(
            mmap(nullptr, ring_size(), PROT_READ | PROT_WRITE, MAP_SHARED, process_.ring_fd(), 0))),
        wait_(process_.pidfd()),
        to_enclave_(abi::map_ring(ring_, ring_size())->to_enclave, wait_),
        from_enclave_(abi::map_ring(ring_, ring_size())->to_host, wait_) {}
  static std::size_t ring_size() { return abi::ring_file_size(abi::kRingCapacityDefault); }

  EnclaveProcess process_;
  std::uint8_t* ring_;
  abi::FutexWait wait_;
  abi::FrameWriter to_enclave_;
  abi::FrameReader from_enclave_;
  std::uint64_t id_ = 0;
};

}  // namespace brume::tee::testing

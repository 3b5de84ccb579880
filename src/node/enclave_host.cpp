#include "node/enclave_host.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <thread>

#include "tee/platform_client.h"

namespace brume::node {
namespace {

class PlatformEnclave final : public EnclaveHost {
 public:
  PlatformEnclave(tee::PlatformSession session, tee::LaunchedEnclave enclave, Bytes target_info)
      : session_(std::move(session)),
        session_fd_(session_->fd()),
        enclave_(std::move(enclave)),
        target_info_(std::move(target_info)) {}
  ~PlatformEnclave() override {
    if (memory_ != nullptr) ::munmap(memory_, size_);
  }

  Status map() {
    struct stat about{};
    if (::fstat(enclave_.ring.get(), &about) != 0) return fail(ErrorCode::kIo, "ring: fstat failed");
    size_ = static_cast<std::size_t>(about.st_size);
    void* memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, enclave_.ring.get(), 0);
    if (memory == MAP_FAILED) return fail(ErrorCode::kIo, "ring: mmap failed");
    memory_ = memory;
    BRUME_ASSIGN(ring_, abi::map_ring(memory_, size_));
    enclave_.ring.reset();
    return {};
  }

  abi::RingMap ring() const override { return ring_; }
  int pidfd() const override { return enclave_.pidfd.get(); }
  const Bytes& qe_target_info() const override { return target_info_; }
  Result<Bytes> quote(ByteView report) override {
    const std::lock_guard lock(mutex_);
    return session_->quote(report);
  }
  // The platform ends the enclave when the connection closes; shutdown works while quote() waits.
  void end() override { (void)::shutdown(session_fd_, SHUT_RDWR); }

 private:
  std::mutex mutex_;
  std::optional<tee::PlatformSession> session_;
  int session_fd_;
  tee::LaunchedEnclave enclave_;
  Bytes target_info_;
  void* memory_ = nullptr;
  std::size_t size_ = 0;
  abi::RingMap ring_;
};

}  // namespace

Result<std::unique_ptr<EnclaveHost>> launch_on_platform(const std::string& platform_path, abi::Tee tee,
                                                        std::uint32_t connect_limit_s) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(connect_limit_s);
  auto session = tee::PlatformSession::connect(platform_path);
  while (!session && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    session = tee::PlatformSession::connect(platform_path);
  }
  if (!session) return within("platform", session.error());
  Bytes target_info;
  if (tee == abi::Tee::kSgxSim) {
    auto info = session->target_info();
    if (!info) return within("platform", info.error());
    target_info = std::move(*info);
  }
  auto enclave = session->launch(tee == abi::Tee::kSgxSim ? tee::LaunchMode::kSgxSim : tee::LaunchMode::kPlain);
  if (!enclave) return within("launch", enclave.error());
  auto host = std::make_unique<PlatformEnclave>(std::move(*session), std::move(*enclave), std::move(target_info));
  BRUME_TRY(host->map());
  return host;
}

}  // namespace brume::node

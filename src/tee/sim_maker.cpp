#include "tee/sim_maker.h"

#include "tee/loader.h"
#include "tee/quoting_enclave.h"

namespace brume::tee {
namespace {

class SimEnclave final : public RunningEnclave {
 public:
  explicit SimEnclave(EnclaveProcess process) : process_(std::move(process)) {}
  int ring_fd() const override { return process_.ring_fd(); }
  int pidfd() const override { return process_.pidfd(); }
  std::uint32_t protections() const override { return process_.protections().bits; }
  Measurement measurement() const override { return process_.secs().measurement; }
  SignerId signer() const override { return process_.secs().signer; }

 private:
  EnclaveProcess process_;
};

class SimMaker final : public EnclaveMaker {
 public:
  SimMaker(PlatformKeys keys, Random& random)
      : processor_(keys.fuse_secret, random), quoter_(std::move(keys), processor_, random) {}

  Result<std::unique_ptr<RunningEnclave>> start(const EnclaveOrder& order) override {
    LoadRequest request;
    request.program = order.program;
    request.sigstruct = order.sigstruct;
    request.mode = order.mode == LaunchMode::kSgxSim ? abi::Tee::kSgxSim : abi::Tee::kNone;
    request.debug = order.debug;
    std::memcpy(request.config_id.data(), order.image.bytes.data(), order.image.bytes.size());
    request.platform_protections.bits = order.protections;
    request.processor = &processor_;
    request.attach = [&order](pid_t pid) { return order.enter_cgroups(pid); };
    BRUME_ASSIGN(EnclaveProcess process, spawn_enclave(request));
    return std::make_unique<SimEnclave>(std::move(process));
  }
  Bytes target_info() override { return quoter_.target_info(); }
  Result<Bytes> quote(ByteView report) override { return quoter_.quote(report); }

 private:
  Processor processor_;
  QuotingEnclave quoter_;
};

}  // namespace

std::unique_ptr<EnclaveMaker> make_sim_maker(PlatformKeys keys, Random& random) {
  return std::make_unique<SimMaker>(std::move(keys), random);
}

}  // namespace brume::tee

// For the attack tests: a node program whose owner is hostile. It stands in an image as /brume-node, relays as
// the real one does, and
// - asks for an enclave with the DEBUG attribute, if its name begins with "debug";
// - keeps every quote that its enclave gets in SCRATCH/quote.bin, for others to show as theirs.
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <mutex>
#include <vector>

#include "node/relay.h"
#include "tee/platform_client.h"

namespace {

using namespace brume;

class HostileHost final : public node::EnclaveHost {
 public:
  HostileHost(tee::PlatformSession session, tee::LaunchedEnclave enclave, Bytes info, std::string quote_file)
      : session_(std::move(session)),
        enclave_(std::move(enclave)),
        info_(std::move(info)),
        quote_file_(std::move(quote_file)) {}

  Status map() {
    struct stat about{};
    if (::fstat(enclave_.ring.get(), &about) != 0) return fail(ErrorCode::kIo, "fstat");
    const auto size = static_cast<std::size_t>(about.st_size);
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, enclave_.ring.get(), 0);
    if (memory == MAP_FAILED) return fail(ErrorCode::kIo, "mmap");
    BRUME_ASSIGN(ring_, abi::map_ring(memory, size));
    return {};
  }
  abi::RingMap ring() const override { return ring_; }
  int pidfd() const override { return enclave_.pidfd.get(); }
  const Bytes& qe_target_info() const override { return info_; }
  Result<Bytes> quote(ByteView report) override {
    const std::lock_guard lock(mutex_);
    BRUME_ASSIGN(Bytes quote, session_.quote(report));
    std::ofstream out(quote_file_, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(quote.data()), static_cast<std::streamsize>(quote.size()));
    return quote;
  }
  void end() override { (void)::shutdown(session_.fd(), SHUT_RDWR); }

 private:
  std::mutex mutex_;
  tee::PlatformSession session_;
  tee::LaunchedEnclave enclave_;
  Bytes info_;
  std::string quote_file_;
  abi::RingMap ring_;
};

int failed(const Error& error) {
  std::fprintf(stderr, "attack_node: %s\n", error.what.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  const auto options = node::parse_node_options(arguments);
  if (!options) return failed(options.error());
  const auto store = node::BlockStore::open(options->scratch_path, {});
  if (!store) return failed(store.error());
  auto session = tee::PlatformSession::connect(options->platform_path);
  if (!session) return failed(session.error());
  auto info = session->target_info();
  if (!info) return failed(info.error());
  auto enclave = session->launch(tee::LaunchMode::kSgxSim, options->name.starts_with("debug"));
  if (!enclave) return failed(enclave.error());
  HostileHost host(std::move(*session), std::move(*enclave), std::move(*info), options->scratch_path + "/quote.bin");
  if (auto mapped = host.map(); !mapped) return failed(mapped.error());
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const UniqueFd stop(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  node::Relay relay(*options, host, **store);
  return static_cast<int>(relay.run(stop.get()).code);
}

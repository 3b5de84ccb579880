// brume-node: a container's entry point.
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "node/block_store.h"
#include "node/farewell.h"
#include "node/relay.h"

namespace {

using namespace brume;
using namespace brume::node;

constexpr int kEndLimitS = 2;  // engines kill after their own, longer limit

std::atomic<int> g_exit_code = 0;  // the first failure's

// What hangs while ending (a disk, a kernel call) is left behind.
void end_at_once(int) { ::_exit(g_exit_code); }

int end(const RelayEnd& why) {
  log_line((why.code == ExitCode::kAsked ? "ends: " : "failed: ") + why.what);
  return static_cast<int>(why.code);
}

// One enclave of the node. It ends by itself, and the others stay.
class Seat {
 public:
  explicit Seat(NodeOptions options) : options_(std::move(options)) {}

  // What is needed before any thread begins; or why there is nothing to serve.
  std::optional<RelayEnd> take() {
    BlockStoreLimits limits;
    limits.size = options_.scratch_limit - options_.prefetch_limit();
    (void)::mkdir(options_.scratch_path.c_str(), 0700);  // the part of one of several enclaves is not there yet
    auto store = BlockStore::open(options_.scratch_path, limits);
    if (!store) return give_up(ExitCode::kHostFailed, store.error().what);
    store_ = std::move(*store);
    auto enclave = launch_on_platform(options_.platform_path, options_.tee, options_.connect_limit_s);
    if (!enclave) return give_up(ExitCode::kPlatform, enclave.error().what);
    enclave_ = std::move(*enclave);
    return std::nullopt;
  }
  void serve(int stop_fd, const std::function<void(const RelayEnd&)>& on_ending) {
    Relay relay(options_, *enclave_, *store_);
    end(relay.run(stop_fd, on_ending));
  }

 private:
  RelayEnd give_up(ExitCode code, const std::string& what) const {
    tell_master_of_failure(options_, what);
    return {code, what};
  }

  NodeOptions options_;
  std::unique_ptr<BlockStore> store_;
  std::unique_ptr<EnclaveHost> enclave_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  const auto options = parse_node_options(arguments);
  if (!options) return end({ExitCode::kUsage, options.error().what + " (see --help)"});
  if (options->help) {
    std::fputs(kNodeHelp, stdout);
    return 0;
  }
  // The first process of a container gets no signal that it does not handle.
  ::signal(SIGTERM, end_at_once);
  ::signal(SIGINT, end_at_once);
  ::signal(SIGALRM, end_at_once);
  ::signal(SIGPIPE, SIG_IGN);

  std::vector<Seat> seats;
  for (const NodeOptions& own : options_of_enclaves(*options)) {
    if (const auto why = seats.emplace_back(own).take()) return end(*why);
  }
  // Before any thread: all of them inherit the mask, the relays wait for the descriptor.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const UniqueFd stop(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  std::atomic<std::size_t> left = seats.size();
  const auto on_ending = [&left](const RelayEnd& why) {
    if (g_exit_code == 0) g_exit_code = static_cast<int>(why.code);
    if (--left == 0) (void)::alarm(kEndLimitS);
  };
  {
    std::vector<std::jthread> threads;
    for (Seat& seat : std::span(seats).subspan(1)) threads.emplace_back([&] { seat.serve(stop.get(), on_ending); });
    seats.front().serve(stop.get(), on_ending);
  }
  return g_exit_code;
}

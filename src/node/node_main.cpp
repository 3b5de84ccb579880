// brume-node: a container's entry point.
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "node/farewell.h"
#include "node/relay.h"

namespace {

using namespace brume;
using namespace brume::node;

constexpr int kEndLimitS = 2;  // engines kill after their own, longer limit

int g_exit_code = 0;

// What hangs while ending (a disk, a kernel call) is left behind.
void end_at_once(int) { ::_exit(g_exit_code); }

int end(const RelayEnd& why) {
  log_line((why.code == ExitCode::kAsked ? "ends: " : "failed: ") + why.what);
  return static_cast<int>(why.code);
}

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

  BlockStoreLimits limits;
  limits.size = options->scratch_limit;
  const auto store = BlockStore::open(options->scratch_path, limits);
  if (!store) return end({ExitCode::kHostFailed, store.error().what});
  const auto enclave = launch_on_platform(options->platform_path, options->tee, options->connect_limit_s);
  if (!enclave) {
    tell_master_of_failure(*options, enclave.error().what);
    return end({ExitCode::kPlatform, enclave.error().what});
  }

  // Before any thread: all of them inherit the mask, the relay waits for the descriptor.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const UniqueFd stop(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  Relay relay(*options, **enclave, **store);
  return end(relay.run(stop.get(), [](const RelayEnd& why) {
    g_exit_code = static_cast<int>(why.code);
    (void)::alarm(kEndLimitS);
  }));
}

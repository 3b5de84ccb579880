// Stands as /brume-node in the containers of platform_test.cpp: does what its arguments say, one
// after the other, as an honest node or as an attacker would, and says what came of it, one line
// each on standard output. Static, so that it needs nothing of the image.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include "abi/futex_wait.h"
#include "abi/ring.h"
#include "abi/testing/probe.h"
#include "tee/platform_client.h"
#include "tee/platform_protocol.h"
#include "tee/unix_socket.h"

namespace {

using namespace brume;
using namespace brume::tee;

std::optional<PlatformSession> session;
std::optional<LaunchedEnclave> launched_enclave;

void say(const std::string& line) {
  const std::string text = line + "\n";
  [[maybe_unused]] const ssize_t written = ::write(1, text.data(), text.size());
}

void launch(LaunchMode mode, bool debug) {
  auto connected = PlatformSession::connect();
  if (!connected) return say("no platform: " + connected.error().what);
  session = std::move(*connected);
  auto launched = session->launch(mode, debug);
  if (!launched) return say("refused: " + launched.error().what);
  launched_enclave = std::move(*launched);
  say("launched " + std::to_string(launched_enclave->protections) + " " + launched_enclave->image.hex());
}

void quote() {
  auto info = session->target_info();
  auto quoted = session->quote(Bytes(kReportSize, 7));
  say("quote " + std::to_string(info ? info->size() : 0) + " " +
      (quoted ? std::to_string(quoted->size()) : quoted.error().what));
}

// Lets the enclave (enclave/testdata) report to the quoting enclave, and says the quote.
void report() {
  if (!launched_enclave) return say("no enclave");
  const std::size_t size = abi::ring_file_size(abi::kRingCapacityDefault);
  auto* memory = static_cast<std::uint8_t*>(
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, launched_enclave->ring.get(), 0));
  if (memory == MAP_FAILED) return say("no ring");
  auto ring = abi::map_ring(memory, size);
  auto target = session->target_info();
  if (!ring || !target) return say("no ring or target");
  abi::FutexWait wait(launched_enclave->pidfd.get());
  abi::FrameWriter writer(ring->to_enclave, wait);
  abi::FrameReader reader(ring->to_host, wait);
  const Bytes data(64, 0x5A);
  abi::Frame frame;
  if (writer.write(static_cast<std::uint16_t>(abi::testing::Probe::kReport), 1, {*target, data}) !=
          abi::RingStep::kDone ||
      reader.next(frame) != abi::RingStep::kDone)
    return say("the enclave has ended");
  auto quoted = session->quote(frame.payload);
  say(quoted ? to_hex(*quoted) : "refused: " + quoted.error().what);
}

// Becomes /brume-node of a root at `to`, as a tampered image with a pristine copy inside would.
void pivot_to(const char* to) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(to, to, nullptr, MS_BIND | MS_REC, nullptr) != 0 || ::chdir(to) != 0 ||
      ::mount("/run/brume", "run/brume", nullptr, MS_BIND, nullptr) != 0 ||
      ::mount("/proc", "proc", nullptr, MS_BIND | MS_REC, nullptr) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0)
    say(std::string("cannot pivot: ") + std::strerror(errno));
}

void chroot_to(const char* to) {
  const std::string sockets = std::string(to) + "/run/brume";
  if (::mount("/run/brume", sockets.c_str(), nullptr, MS_BIND, nullptr) != 0 || ::chroot(to) != 0 || ::chdir("/") != 0)
    say(std::string("cannot chroot: ") + std::strerror(errno));
}

// Another process, in a mount namespace of its own, speaks over this process's connection.
void hand_on() {
  auto connected = connect_unix(std::string(kNodeSocketPath), 20'000);
  if (!connected) return say("no platform");
  if (::fork() == 0) {
    ::unshare(CLONE_NEWNS);
    const Bytes request = encode_request({1, LaunchRequest{LaunchMode::kSgxSim, false}});
    (void)send_message(connected->get(), request);
    auto answer = receive_message(connected->get(), kAnswerSizeLimit);
    if (answer && *answer) {
      const auto parsed = parse_answer((*answer)->bytes);
      const auto* refused = parsed ? std::get_if<Refused>(&parsed->body) : nullptr;
      say(refused ? "refused: " + refused->reason : "launched");
    } else {
      say("hung up");
    }
    ::_exit(0);
  }
  ::wait(nullptr);
}

// The container's first process ends; a child of it lives on and tries.
void outlive() {
  if (::fork() != 0) ::_exit(0);
  ::usleep(300'000);
  launch(LaunchMode::kSgxSim, false);
}

void flood() {
  int launched_count = 0;
  int refused_count = 0;
  for (int i = 0; i < 20; ++i) {
    auto connected = PlatformSession::connect();
    if (!connected) return say("no platform");
    auto launched = connected->launch(LaunchMode::kSgxSim);
    launched ? ++launched_count : ++refused_count;
  }
  say("flood " + std::to_string(launched_count) + " " + std::to_string(refused_count));
}

void status() {
  FILE* file = ::fopen("/proc/self/status", "r");
  char line[256];
  while (file && ::fgets(line, sizeof line, file)) {
    line[std::strcspn(line, "\n")] = 0;
    if (std::strncmp(line, "CapBnd", 6) == 0 || std::strncmp(line, "CapEff", 6) == 0 ||
        std::strncmp(line, "NoNewPrivs", 10) == 0 || std::strncmp(line, "Uid", 3) == 0)
      say(line);
  }
  say("pid " + std::to_string(::getpid()) + " write " +
      (::open("/brume-node", O_WRONLY) < 0 && ::open("/new", O_CREAT | O_WRONLY, 0600) < 0 ? "no" : "yes") +
      " old root " + (::access("/usr", F_OK) == 0 ? "yes" : "no"));
}

bool act(const std::string& action, const char* argument) {
  const auto ok = [&](bool done) {
    if (!done) say(action + ": " + std::strerror(errno));
  };
  if (action == "launch") launch(LaunchMode::kSgxSim, false);
  if (action == "debug") launch(LaunchMode::kSgxSim, true);
  if (action == "plain") launch(LaunchMode::kPlain, false);
  if (action == "quote") quote();
  if (action == "report") report();
  if (action == "hand-on") hand_on();
  if (action == "outlive") outlive();
  if (action == "flood") flood();
  if (action == "status") status();
  if (action == "new-user") ok(::unshare(CLONE_NEWUSER) == 0);
  if (action == "sleep") {
    ::signal(SIGTERM, [](int) { ::_exit(3); });
    for (;;) ::pause();
  }
  if (!argument) return false;
  if (action == "pivot") pivot_to(argument);
  if (action == "chroot") chroot_to(argument);
  if (action == "cover") ok(::mount("/tmp", argument, nullptr, MS_BIND, nullptr) == 0);
  if (action == "cover-file") ok(::mount("/brume-node", argument, nullptr, MS_BIND, nullptr) == 0);
  if (action == "write") {
    const int fd = ::open(argument, O_WRONLY | O_CREAT | O_APPEND, 0755);
    ok(fd >= 0 && ::write(fd, "x", 1) == 1);
  }
  return action == "pivot" || action == "chroot" || action == "cover" || action == "cover-file" || action == "write";
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string action = argv[i];
    // "exec PROGRAM" goes on there with the rest of the actions.
    if (action == "exec" && i + 1 < argc) {
      ::execv(argv[i + 1], argv + i + 1);
      say("exec: " + std::string(std::strerror(errno)));
      return 1;
    }
    if (act(action, i + 1 < argc ? argv[i + 1] : nullptr)) ++i;
  }
  return 0;
}

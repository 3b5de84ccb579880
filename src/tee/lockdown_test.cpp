// What a locked-down enclave cannot do, and what root's ordinary tools cannot do to it.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <filesystem>
#include <random>
#include <thread>

#include "tee/testing/probe_enclave.h"

namespace brume::tee {
namespace {

using std::chrono::milliseconds;
using testing::Probe;
using testing::ProbeEnclave;

constexpr std::uint32_t kAllOfTheLoader = 0xF;  // code-sealed, secret-memory, guardian, seccomp
constexpr std::string_view kCanary = "canary-4a1f9c77";
constexpr std::string_view kKept = "canary-4a1f9c77-kept";  // never crosses the ring

class LockdownTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = ProbeEnclave::start();
    if (!started) GTEST_SKIP() << started.error().what;
    probe_ = std::move(*started);
    if ((probe_->process().protections().bits & kAllOfTheLoader) != kAllOfTheLoader)
      GTEST_SKIP() << "this machine gives only: " << evidence::protection_list(probe_->process().protections());
  }

  pid_t pid() { return probe_->process().pid(); }
  std::string proc(const std::string& file) { return "/proc/" + std::to_string(pid()) + "/" + file; }
  std::string read_proc(const std::string& file) {
    std::ifstream in(proc(file));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::uint64_t keep_canary() {
    auto answer = probe_->ask(Probe::kKeepCanary, as_bytes(kCanary));
    std::uint64_t at = 0;
    if (answer && answer->size() == sizeof at) std::memcpy(&at, answer->data(), sizeof at);
    return at;
  }
  bool still_works() { return probe_->ask_text(Probe::kEcho, as_bytes("here")) == "here"; }

  struct Mapping {
    std::uint64_t start, end;
    std::string permissions, name;
  };
  std::vector<Mapping> mappings() {
    std::vector<Mapping> out;
    std::ifstream in(proc("maps"));
    for (std::string line; std::getline(in, line);) {
      Mapping mapping;
      char permissions[5] = {};
      int name_at = 0;
      std::sscanf(line.c_str(), "%lx-%lx %4s %*s %*s %*s %n", &mapping.start, &mapping.end, permissions, &name_at);
      mapping.permissions = permissions;
      mapping.name = line.substr(static_cast<std::size_t>(name_at));
      out.push_back(mapping);
    }
    return out;
  }
  std::uint64_t code_address() {
    for (const Mapping& mapping : mappings()) {
      if (mapping.permissions == "r-xs" && mapping.end - mapping.start > 4096) return mapping.start;
    }
    return 0;
  }

  std::unique_ptr<ProbeEnclave> probe_;
};

bool contains(const std::string& haystack, std::string_view needle) {
  return haystack.find(needle) != std::string::npos;
}

class ForbiddenCallTest : public LockdownTest, public ::testing::WithParamInterface<int> {};
TEST_P(ForbiddenCallTest, EndsTheEnclave) {
  const Bytes which = {static_cast<std::uint8_t>(GetParam())};
  EXPECT_EQ(probe_->ask_text(Probe::kForbidden, which), "ended: code 0, signal " + std::to_string(SIGSYS));
}
INSTANTIATE_TEST_SUITE_P(OpenSocketMmapPtraceForkAndOthers, ForbiddenCallTest, ::testing::Range(0, 13));

// A program of tee none comes from a container that was not measured: it gets no rights either.
TEST_P(ForbiddenCallTest, EndsAProgramWithoutATee) {
  auto started = ProbeEnclave::start({.mode = abi::Tee::kNone});
  ASSERT_TRUE(started) << started.error().what;
  const Bytes which = {static_cast<std::uint8_t>(GetParam())};
  EXPECT_EQ((*started)->ask_text(Probe::kForbidden, which), "ended: code 0, signal " + std::to_string(SIGSYS));
}

TEST_F(LockdownTest, HoldsNothingOfItsParent) {
  EXPECT_TRUE(still_works());
  EXPECT_TRUE(std::filesystem::is_empty(proc("fd"))) << "an open descriptor can be taken by pidfd_getfd";
  const std::string status = read_proc("status");
  EXPECT_TRUE(contains(status, "Seccomp:\t2\n"));
  EXPECT_TRUE(contains(status, "NoNewPrivs:\t1\n"));
  EXPECT_TRUE(contains(status, "CapEff:\t0000000000000000\n"));
  EXPECT_TRUE(contains(status, "CapPrm:\t0000000000000000\n"));
  EXPECT_TRUE(contains(status, "Threads:\t1\n"));
  EXPECT_TRUE(geteuid() != 0 || !contains(status, "Uid:\t0\t"));
  for (const Mapping& mapping : mappings()) {
    if (mapping.permissions == "---p") continue;  // reserved, nothing there
    EXPECT_TRUE(contains(mapping.name, "secretmem") || contains(mapping.name, "memfd:brume-") ||
                contains(mapping.name, "[vsyscall]"))
        << mapping.name;
    EXPECT_FALSE(contains(mapping.permissions, "wx")) << mapping.name;
    EXPECT_FALSE(contains(mapping.name, "brume-enclave-code") && contains(mapping.permissions, "w"));
  }
}

// The readers below do find it where nothing protects it.
TEST_F(LockdownTest, TheCanaryIsThereToBeFoundInOrdinaryMemory) {
  auto started = ProbeEnclave::start({.mode = abi::Tee::kNone});
  ASSERT_TRUE(started);
  probe_ = std::move(*started);
  const std::uint64_t at = keep_canary();
  const int mem = open(proc("mem").c_str(), O_RDONLY);
  if (mem < 0) GTEST_SKIP() << "cannot even open /proc/PID/mem here";
  char text[8] = {};  // a std::string begins with where its characters lie
  ASSERT_EQ(pread(mem, text, 8, static_cast<off_t>(at)), 8);
  std::uint64_t characters = 0;
  std::memcpy(&characters, text, 8);
  char buffer[64] = {};
  EXPECT_GT(pread(mem, buffer, kKept.size(), static_cast<off_t>(characters)), 0);
  EXPECT_EQ(std::string_view(buffer, kKept.size()), kKept);
  close(mem);
}

TEST_F(LockdownTest, AnIdleEnclaveTouchesItsHeapAhead) {
  const auto resident = [&] {
    const std::string statm = read_proc("statm");
    return std::strtoul(statm.c_str() + statm.find(' '), nullptr, 10);
  };
  EXPECT_TRUE(still_works());
  const unsigned long before = resident();
  unsigned long after = before;
  for (int i = 0; i < 200 && after < before + 8000; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    after = resident();
  }
  EXPECT_GE(after, before + 8000) << "32 MiB are 8192 pages";
  EXPECT_EQ(probe_->ask_text(Probe::kHeap, {}), "ok");
}

TEST_F(LockdownTest, ProcMemYieldsNoCanary) {
  const std::uint64_t at = keep_canary();
  ASSERT_NE(at, 0u);
  const int mem = open(proc("mem").c_str(), O_RDONLY);
  if (mem < 0) GTEST_SKIP() << "cannot even open /proc/PID/mem here";
  char buffer[4096];
  EXPECT_LT(pread(mem, buffer, 16, static_cast<off_t>(at)), 0);
  std::size_t readable = 0;
  for (const Mapping& mapping : mappings()) {
    if (mapping.permissions[0] != 'r') continue;
    for (std::uint64_t page = mapping.start; page < mapping.end; page += sizeof buffer) {
      const ssize_t size = pread(mem, buffer, sizeof buffer, static_cast<off_t>(page));
      if (size <= 0) break;  // secret memory refuses from its first page on
      ++readable;
      ASSERT_FALSE(contains(std::string(buffer, static_cast<std::size_t>(size)), kKept)) << mapping.name;
    }
  }
  close(mem);
  EXPECT_GT(readable, 100u) << "the code and the ring are readable, or this test reads nothing";
  EXPECT_TRUE(still_works());
}

TEST_F(LockdownTest, ProcessVmReadYieldsNothing) {
  const std::uint64_t at = keep_canary();
  char buffer[64];
  iovec local{buffer, sizeof buffer};
  iovec remote{reinterpret_cast<void*>(at), sizeof buffer};
  EXPECT_EQ(process_vm_readv(pid(), &local, 1, &remote, 1, 0), -1);
  EXPECT_EQ(process_vm_writev(pid(), &local, 1, &remote, 1, 0), -1);
  EXPECT_TRUE(still_works());
}

TEST_F(LockdownTest, OtherTracersAreKeptOut) {
  keep_canary();
  EXPECT_EQ(ptrace(PTRACE_ATTACH, pid(), nullptr, nullptr), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ptrace(PTRACE_SEIZE, pid(), nullptr, nullptr), -1);
  EXPECT_TRUE(still_works());
}

TEST_F(LockdownTest, MapFilesYieldNoCanary) {
  keep_canary();
  std::size_t opened = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(proc("map_files"), ignored)) {
    const int fd = open(entry.path().c_str(), O_RDONLY);
    if (fd < 0) continue;
    ++opened;
    std::string content(1u << 20, '\0');
    for (off_t at = 0;; at += static_cast<off_t>(content.size())) {
      const ssize_t size = pread(fd, content.data(), content.size(), at);
      if (size <= 0) break;
      EXPECT_FALSE(contains(content, kKept)) << entry.path();
    }
    close(fd);
  }
  if (opened == 0) GTEST_SKIP() << "map_files cannot be opened here";
  EXPECT_TRUE(still_works());
}

TEST_F(LockdownTest, CodeCannotBeWritten) {
  const std::uint64_t at = code_address();
  ASSERT_NE(at, 0u);
  const int mem = open(proc("mem").c_str(), O_RDWR);
  if (mem >= 0) {
    EXPECT_LT(pwrite(mem, "\xCC", 1, static_cast<off_t>(at)), 0);
    close(mem);
  }
  char byte = '\xCC';
  iovec local{&byte, 1};
  iovec remote{reinterpret_cast<void*>(at), 1};
  EXPECT_EQ(process_vm_writev(pid(), &local, 1, &remote, 1, 0), -1);
  for (const Mapping& mapping : mappings()) {
    if (!contains(mapping.name, "brume-enclave-code")) continue;
    char path[64];
    std::snprintf(path, sizeof path, "map_files/%lx-%lx", mapping.start, mapping.end);
    const int fd = open(proc(path).c_str(), O_RDWR);
    if (fd < 0) continue;
    EXPECT_LT(pwrite(fd, "\xCC", 1, 0), 0) << "sealed against writing";
    EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    close(fd);
  }
  EXPECT_TRUE(still_works());
}

TEST_F(LockdownTest, FaultsLeaveNoCoreDump) {
  const auto directory = std::filesystem::temp_directory_path() / ("brume-core-" + std::to_string(getpid()));
  std::filesystem::create_directory(directory);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory);
  std::string outcome;
  if (auto probe = ProbeEnclave::start()) {
    (*probe)->ask(Probe::kKeepCanary, as_bytes(kCanary));
    outcome = (*probe)->ask_text(Probe::kWriteCode, {});
  }
  std::filesystem::current_path(before);
  EXPECT_EQ(outcome, "ended: code 0, signal " + std::to_string(SIGSEGV));
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  std::filesystem::remove_all(directory);
}

TEST_F(LockdownTest, AnAbortEndsItWithoutACall) {
  const std::string outcome = probe_->ask_text(Probe::kAbort, {});
  EXPECT_TRUE(contains(outcome, "ended: code 0, signal")) << outcome;
}

TEST_F(LockdownTest, SignalsEitherKillOrDoNothing) {
  for (int signal : {SIGSTOP, SIGTSTP, SIGTERM, SIGUSR1, SIGCONT, SIGHUP}) {
    ASSERT_EQ(::kill(pid(), signal), 0);
    EXPECT_TRUE(still_works()) << signal;
  }
  ::kill(pid(), SIGSEGV);
  EXPECT_EQ(probe_->describe_end(), "ended: code 0, signal " + std::to_string(SIGSEGV));
}

TEST_F(LockdownTest, AHostileRingEndsTheProgramInOrder) {
  std::uint64_t bad = 1u << 30;
  std::memcpy(probe_->ring_memory(), &bad, sizeof bad);  // head of the ring to the enclave
  probe_->process();
  abi::FutexWait().wake(reinterpret_cast<std::uint32_t*>(probe_->ring_memory() + 128));
  EXPECT_EQ(probe_->describe_end(), "ended: code " + std::to_string(abi::testing::kProbeBrokenRing) + ", signal 0");
}

TEST_F(LockdownTest, RandomRingIndicesNeverFaultTheProgram) {
  std::minstd_rand random(7);
  for (int round = 0; round < 8; ++round) {
    auto started = ProbeEnclave::start();
    ASSERT_TRUE(started) << started.error().what;
    ProbeEnclave& probe = **started;
    for (int i = 0; i < 2000 && !probe.process().wait(milliseconds(0)); ++i) {
      const std::size_t at = random() % 2 == 0 ? random() % 2048 : random() % (1u << 20);
      probe.ring_memory()[at] = static_cast<std::uint8_t>(random());
      if (i % 16 == 0) abi::FutexWait().wake(reinterpret_cast<std::uint32_t*>(probe.ring_memory() + 128));
    }
    if (auto end = probe.process().wait(milliseconds(50))) {
      EXPECT_EQ(end->signal, 0) << "round " << round;
    }
  }
}

TEST_F(LockdownTest, AHostWithAFullRingNoticesTheEnd) {
  ASSERT_EQ(probe_->to_enclave().write(static_cast<std::uint16_t>(Probe::kSpin), 1, {}), abi::RingStep::kDone);
  std::thread killer([&] {
    std::this_thread::sleep_for(milliseconds(100));
    probe_->process().kill();
  });
  const Bytes payload(abi::kFramePayloadLimit);
  abi::RingStep step = abi::RingStep::kDone;
  for (int i = 0; i < 100 && step == abi::RingStep::kDone; ++i)
    step = probe_->to_enclave().write(static_cast<std::uint16_t>(Probe::kEcho), 1, {payload});
  killer.join();
  EXPECT_EQ(step, abi::RingStep::kPeerGone);
}

TEST_F(LockdownTest, ItDiesWithThePlatform) {
  int report[2];
  ASSERT_EQ(pipe(report), 0);
  const pid_t platform = fork();
  if (platform == 0) {
    auto probe = ProbeEnclave::start();
    const pid_t enclave = probe ? (*probe)->process().pid() : 0;
    if (write(report[1], &enclave, sizeof enclave) != sizeof enclave) _exit(1);
    for (;;) pause();
  }
  pid_t enclave = 0;
  ASSERT_EQ(read(report[0], &enclave, sizeof enclave), static_cast<ssize_t>(sizeof enclave));
  close(report[0]);
  close(report[1]);
  ASSERT_NE(enclave, 0);
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, enclave, 0));
  ASSERT_GE(pidfd, 0);
  ::kill(platform, SIGKILL);
  waitpid(platform, nullptr, 0);
  pollfd gone{.fd = pidfd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&gone, 1, 5000), 1);
  close(pidfd);
}

}  // namespace
}  // namespace brume::tee

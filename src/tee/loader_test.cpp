// The loader, the lock-down and the guardian, with a real enclave program. What it takes root or a
// kernel feature to see is skipped, and says so, where that is missing.
#include "tee/loader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "abi/futex_wait.h"
#include "crypto/random.h"
#include "enclave/testdata/probe.h"
#include "measure/mrenclave.h"
#include "tee/testing/probe_enclave.h"

namespace brume::tee {
namespace {

using enclave::Probe;
using std::chrono::milliseconds;
using testing::ProbeEnclave;
using testing::ProbeOptions;

#define START_OR_SKIP(name, ...)                                            \
  auto name##_started = ProbeEnclave::start(ProbeOptions{__VA_ARGS__});      \
  if (!name##_started) GTEST_SKIP() << name##_started.error().what;         \
  ProbeEnclave& name = **name##_started

class LoaderModeTest : public ::testing::TestWithParam<abi::Tee> {};

TEST_P(LoaderModeTest, EchoesFrames) {
  START_OR_SKIP(probe, .mode = GetParam());
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{70'000}, abi::kFramePayloadLimit}) {
    const Bytes payload(size, 0x5A);
    auto answer = probe.ask(Probe::kEcho, payload);
    ASSERT_TRUE(answer) << probe.describe_end();
    EXPECT_EQ(*answer, payload);
  }
}

TEST_P(LoaderModeTest, HasAHeapWithoutAKernel) {
  START_OR_SKIP(probe, .mode = GetParam());
  EXPECT_EQ(probe.ask_text(Probe::kHeap, {}), "ok");
}

TEST_P(LoaderModeTest, RunsOpenSslWithTheProcessorsRandomness) {
  START_OR_SKIP(probe, .mode = GetParam());
  EXPECT_EQ(probe.ask_text(Probe::kCrypto, {}), "ok");
}

INSTANTIATE_TEST_SUITE_P(Loader, LoaderModeTest, ::testing::Values(abi::Tee::kNone, abi::Tee::kSgxSim),
                         [](const auto& info) { return info.param == abi::Tee::kNone ? "none" : "sgx_sim"; });

}  // namespace
}  // namespace brume::tee

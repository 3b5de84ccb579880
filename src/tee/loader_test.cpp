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
#include "abi/testing/probe.h"
#include "crypto/random.h"
#include "measure/mrenclave.h"
#include "tee/testing/probe_enclave.h"

namespace brume::tee {
namespace {

using abi::testing::Probe;
using std::chrono::milliseconds;
using testing::ProbeEnclave;
using testing::ProbeOptions;

#define START_OR_SKIP(name, ...)                                        \
  auto name##_started = ProbeEnclave::start(ProbeOptions{__VA_ARGS__}); \
  if (!name##_started) GTEST_SKIP() << name##_started.error().what;     \
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

ReportData some_report_data() {
  ReportData data;
  data.bytes.fill(0x77);
  return data;
}

// A report that the enclave made for itself.
Result<evidence::Report> own_report(ProbeEnclave& probe) {
  Bytes payload = encode_target_info(target_info_of(probe.process().secs()));
  append(payload, some_report_data().view());
  auto answer = probe.ask(Probe::kReport, payload);
  if (!answer) return fail(ErrorCode::kUnavailable, probe.describe_end());
  return evidence::parse_report(*answer);
}

Bytes seal_key(ProbeEnclave& probe, std::uint16_t policy, std::uint16_t isv_svn = 1) {
  KeyRequest request;
  request.name = static_cast<std::uint16_t>(KeyName::kSeal);
  request.policy = policy;
  request.isv_svn = isv_svn;
  return probe.ask(Probe::kGetKey, encode_key_request(request)).value_or(Bytes{});
}

TEST(Loader, ReportsWhatItLoaded) {
  START_OR_SKIP(probe, );
  auto report = own_report(probe);
  ASSERT_TRUE(report) << report.error().what;
  const Secs& secs = probe.process().secs();
  EXPECT_TRUE(testing::test_processor().verify_report(target_info_of(secs), *report));
  EXPECT_EQ(report->body.report_data, some_report_data());
  EXPECT_EQ(report->body.mr_enclave, secs.measurement);
  EXPECT_EQ(report->body.mr_signer, measure::signer_id(testing::test_signer().modulus_le()));
  EXPECT_EQ(report->body.config_id[0], 0xC1);
  EXPECT_EQ(report->body.isv_prod_id, 7);
  EXPECT_FALSE(report->body.debug());
  EXPECT_EQ(evidence::protections_from(report->body.cpu_svn), probe.process().protections());
}

TEST(Loader, SaysDebugInTheReport) {
  START_OR_SKIP(probe, .debug = true);
  auto report = own_report(probe);
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_TRUE(report->body.debug());
}

TEST(Loader, RefusesRequestsThatTheProcessorWouldFaultOn) {
  START_OR_SKIP(probe, );
  EXPECT_EQ(probe.ask_text(Probe::kReport, Bytes(abi::kTargetInfoSize + abi::kReportDataSize, 0xFF)),
            "processor: error 1");
  EXPECT_EQ(probe.ask_text(Probe::kGetKey, Bytes(abi::kKeyRequestSize, 0)), "processor: error 256");
  EXPECT_EQ(probe.ask_text(Probe::kEcho, as_bytes("still here")), "still here");
}

TEST(Loader, SealingKeysFollowTheProgramOrItsSigner) {
  START_OR_SKIP(first, );
  START_OR_SKIP(again, );
  START_OR_SKIP(other, .heap_size = 32u << 20);
  ASSERT_NE(first.process().secs().measurement, other.process().secs().measurement);
  const Bytes key = seal_key(first, kPolicyMrEnclave);
  ASSERT_EQ(key.size(), abi::kKeySize);
  EXPECT_EQ(seal_key(again, kPolicyMrEnclave), key) << "the same program, started again";
  EXPECT_NE(seal_key(other, kPolicyMrEnclave), key) << "another program";
  EXPECT_EQ(seal_key(other, kPolicyMrSigner), seal_key(first, kPolicyMrSigner)) << "the same signer";
  EXPECT_NE(seal_key(first, kPolicyMrSigner), key);
  EXPECT_EQ(as_chars(seal_key(first, kPolicyMrEnclave, 2)), "processor: error 64") << "a later version's key";
}

TEST(Loader, NoneHasNoProcessor) {
  START_OR_SKIP(probe, .mode = abi::Tee::kNone);
  EXPECT_EQ(probe.ask_text(Probe::kGetKey, Bytes(abi::kKeyRequestSize, 0)), "processor: this tee has none");
  EXPECT_EQ(probe.process().protections().bits, 0u);
}

TEST(Loader, RefusesAProgramThatWasNotSigned) {
  Bytes program = testing::probe_program();
  if (program.empty()) GTEST_SKIP() << "the test enclave is not built";
  const Bytes sigstruct = testing::sign_program(program);
  program[0x3000] ^= 1;
  LoadRequest request;
  request.program = program;
  request.sigstruct = sigstruct;
  request.processor = &testing::test_processor();
  auto process = spawn_enclave(request);
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, ErrorCode::kAuthFailed);
}

TEST(Loader, AttachSeesTheChildAndCanRefuseIt) {
  pid_t seen = 0;
  START_OR_SKIP(
      probe, .attach = [&](pid_t pid) -> Status {
        seen = pid;
        return {};
      });
  EXPECT_EQ(seen, probe.process().pid());
  auto refused = ProbeEnclave::start({.attach = [&](pid_t pid) -> Status {
    seen = pid;
    return fail(ErrorCode::kIo, "no cgroup");
  }});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "no cgroup");
  EXPECT_NE(::kill(seen, 0), 0) << "the child of a failed start is gone";
}

}  // namespace
}  // namespace brume::tee

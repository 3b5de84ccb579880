// From the simulated processor's report to the verdict: what the simulator makes is accepted under the
// policy that `brume up` writes, and what is wrong with a platform is refused by its own rule.
#include <gtest/gtest.h>

#include "appraisal/appraise.h"
#include "crypto/random.h"
#include "evidence/cmw.h"
#include "evidence/protections.h"
#include "master/default_policy.h"
#include "tee/quoting_enclave.h"

namespace brume::master {
namespace {

constexpr UnixMs kNow = 1'790'000'000'000;
constexpr UnixMs kDay = 86'400'000;

struct SimulatedEvidence : testing::Test {
  crypto::SystemRandom random;
  tee::SimRoot root = tee::SimRoot::create(random, kNow - 30 * kDay);
  tee::Secs secs;
  DefaultPolicy allowed;
  appraisal::Expected expected;

  void SetUp() override {
    secs.cpu_svn = evidence::protections_to_cpu_svn(evidence::kAllProtections);
    secs.attributes.flags = evidence::kAttributeInit | evidence::kAttributeMode64 | evidence::kAttributeKss;
    secs.measurement.bytes.fill(0xe1);
    secs.signer.bytes.fill(0x51);
    std::fill_n(secs.config_id.begin(), 32, 0x1d);
    allowed.measurement = secs.measurement;
    allowed.signer = secs.signer;
    allowed.image.bytes.fill(0x1d);
    allowed.root = root.root_spki();
    expected.report_data.bytes.fill(0xda);
    expected.now_ms = kNow;
    expected.role = "worker";
  }

  Bytes evidence_of(const tee::PlatformKeys& keys) {
    tee::Processor processor(keys.fuse_secret, random);
    tee::QuotingEnclave quoter(keys, processor, random);
    auto target = tee::parse_target_info(quoter.target_info());
    auto report = processor.ereport(secs, *target, expected.report_data);
    auto quote = quoter.quote(evidence::encode_report(report));
    EXPECT_TRUE(quote.has_value());
    return evidence::encode_cmw(evidence::kTypeSgxQuote, *quote);
  }

  // The rule that refused, or nothing.
  std::string rule(const tee::PlatformRequest& platform, const tee::CollateralRequest& collateral,
                   bool revoke = false) {
    auto keys = root.issue_platform(random, platform).value();
    if (revoke) root.revoke(keys.pck_certificate());
    auto policy = appraisal::parse_policy_toml(default_policy_toml(allowed));
    EXPECT_TRUE(policy.has_value()) << policy.error().what;
    auto verdict = appraisal::appraise(evidence_of(keys), root.collateral(collateral), *policy, expected);
    if (verdict.has_value()) return "";
    EXPECT_EQ(verdict.error().size(), 1u);
    return verdict.error().front().rule;
  }
  std::string rule() { return rule({.now_ms = kNow}, {.now_ms = kNow}); }
};

TEST_F(SimulatedEvidence, IsAcceptedUnderTheDefaultPolicy) { EXPECT_EQ(rule(), ""); }

TEST_F(SimulatedEvidence, OfAnotherRootIsRefused) {
  allowed.root = tee::SimRoot::create(random, kNow).root_spki();
  EXPECT_EQ(rule(), "sgx.root.unknown");
}

TEST_F(SimulatedEvidence, OfARevokedPlatformIsRefused) {
  EXPECT_EQ(rule({.now_ms = kNow}, {.now_ms = kNow}, true), "sgx.pck.revoked");
}

TEST_F(SimulatedEvidence, OfAnExpiredPlatformIsRefused) {
  EXPECT_EQ(rule({.now_ms = kNow - 2 * kDay, .not_after_ms = kNow - kDay}, {.now_ms = kNow}), "sgx.pck.expired");
}

TEST_F(SimulatedEvidence, OfAnOldPlatformIsRefused) {
  EXPECT_EQ(rule({.now_ms = kNow, .svn = 1}, {.now_ms = kNow}), "sgx.tcb.status");
  EXPECT_EQ(rule({.now_ms = kNow, .svn = 0}, {.now_ms = kNow}), "sgx.tcb.level");
}

TEST_F(SimulatedEvidence, OfATcbThatIsNoLongerCurrentIsRefused) {
  EXPECT_EQ(rule({.now_ms = kNow}, {.now_ms = kNow, .current_status = evidence::TcbStatus::kSwHardeningNeeded}),
            "sgx.tcb.status");
  EXPECT_EQ(rule({.now_ms = kNow}, {.now_ms = kNow, .current_qe_status = evidence::TcbStatus::kRevoked}),
            "sgx.tcb.status");
}

TEST_F(SimulatedEvidence, UnderARevokedCaOrSignerIsRefused) {
  EXPECT_EQ(rule({.now_ms = kNow}, {.now_ms = kNow, .revoke_pck_ca = true}), "sgx.pck-ca.revoked");
  EXPECT_EQ(rule({.now_ms = kNow}, {.now_ms = kNow, .revoke_tcb_signing = true}), "sgx.tcb-signing.revoked");
}

TEST_F(SimulatedEvidence, OfAnotherProgramImageOrSignerIsRefused) {
  secs.measurement.bytes[0] ^= 1;
  EXPECT_EQ(rule(), "policy.measurement");
  secs.measurement.bytes[0] ^= 1;
  secs.signer.bytes[0] ^= 1;
  EXPECT_EQ(rule(), "policy.signer");
  secs.signer.bytes[0] ^= 1;
  secs.config_id[0] ^= 1;
  EXPECT_EQ(rule(), "policy.image");
}

TEST_F(SimulatedEvidence, OfDebugOrALackingHostIsRefused) {
  secs.attributes.flags |= evidence::kAttributeDebug;
  EXPECT_EQ(rule(), "policy.debug");
  secs.attributes.flags &= ~evidence::kAttributeDebug;
  secs.cpu_svn[1] = 0;
  EXPECT_EQ(rule(), "policy.protection");
}

}  // namespace
}  // namespace brume::master

// What is kept between appraisals is never what depends on time or revocation.
#include <gtest/gtest.h>

#include "appraisal/test_platform.h"

namespace brume::appraisal {
namespace {

TEST(VerifierCache, HitsDoNotSkipExpiry) {
  TestPlatform platform;
  platform.issue();
  Verifier verifier;
  verifier.add_collateral(platform.collateral());
  auto policy = platform.policy();
  Expected expected = platform.expected();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(verifier.appraise(platform.evidence(), policy, expected).has_value());
  expected.now_ms = platform.tcb_next + 1000;
  EXPECT_FALSE(verifier.appraise(platform.evidence(), policy, expected).has_value());
  expected.now_ms = platform.now;
  EXPECT_TRUE(verifier.appraise(platform.evidence(), policy, expected).has_value());
}

TEST(VerifierCache, NewerCollateralCanRevoke) {
  TestPlatform platform;
  platform.issue();
  Verifier verifier;
  verifier.add_collateral(platform.collateral());
  auto policy = platform.policy();
  EXPECT_TRUE(verifier.appraise(platform.evidence(), policy, platform.expected()).has_value());
  platform.pck_revoked = true;
  verifier.add_collateral(platform.collateral());
  auto verdict = verifier.appraise(platform.evidence(), policy, platform.expected());
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().front().rule, "sgx.pck.revoked");
}

TEST(VerifierCache, PicksTheBundleOfThePlatform) {
  TestPlatform platform;
  platform.issue();
  TestPlatform other;
  other.platform.fmspc[5] = 9;
  other.tcb_fmspc = "00606A000009";
  other.issue();
  Verifier verifier;
  verifier.add_collateral(platform.collateral());
  verifier.add_collateral(other.collateral());
  EXPECT_TRUE(verifier.appraise(platform.evidence(), platform.policy(), platform.expected()).has_value());
  EXPECT_TRUE(verifier.appraise(other.evidence(), other.policy(), other.expected()).has_value());
  EXPECT_TRUE(verifier.appraise(platform.evidence(), platform.policy(), platform.expected()).has_value());
}

// A policy may stop naming a root: what was kept under it does not live on.
TEST(VerifierCache, PolicyIsAskedEveryTime) {
  TestPlatform platform;
  platform.issue();
  Verifier verifier;
  verifier.add_collateral(platform.collateral());
  EXPECT_TRUE(verifier.appraise(platform.evidence(), platform.policy(), platform.expected()).has_value());
  EXPECT_FALSE(verifier.appraise(platform.evidence(), Policy{}, platform.expected()).has_value());
}

}  // namespace
}  // namespace brume::appraisal

#include "evidence/none.h"

#include <gtest/gtest.h>

#include "appraisal/test_platform.h"

namespace brume::appraisal {
namespace {

evidence::NoneEvidence claims() {
  evidence::NoneEvidence out;
  out.claimed_measurement.bytes.fill(0xe1);
  out.claimed_image.bytes.fill(0x1d);
  out.claimed_signer.bytes.fill(0x51);
  out.report_data.bytes.fill(0xda);
  return out;
}

std::string rule(const evidence::NoneEvidence& claims, const std::string& policy_text) {
  TestPlatform platform;
  auto policy = parse_policy_toml(policy_text);
  EXPECT_TRUE(policy.has_value()) << policy.error().what;
  auto evidence = evidence::encode_cmw(evidence::kTypeNone, evidence::encode_none_evidence(claims));
  Verdict verdict = Verifier().appraise(evidence, *policy, platform.expected());
  if (verdict.has_value()) {
    EXPECT_EQ(verdict->tee(), Tee::kNone);
  }
  return verdict.has_value() ? "" : verdict.error().front().rule;
}

const std::string kAllowNone =
    "version = 1\nepoch = 1\n[[allow]]\ntee = \"none\"\nmeasurement = \"any\"\nimage = \"any\"\nsigner = \"any\"\n";

TEST(TeeNone, IsRefusedUnlessPolicyNamesIt) {
  EXPECT_EQ(rule(claims(), kAllowNone), "");
  EXPECT_EQ(rule(claims(), ""), "policy.tee");
  EXPECT_EQ(rule(claims(), TestPlatform().policy_text()), "policy.tee");
}

TEST(TeeNone, RefusesOtherReportDataAndClaims) {
  auto other = claims();
  other.report_data.bytes[0] ^= 1;
  EXPECT_EQ(rule(other, kAllowNone), "join.report-data");
  auto named = kAllowNone;
  named.replace(named.find("\"any\""), 5, "[\"" + TestPlatform::repeated("e1") + "\"]");
  EXPECT_EQ(rule(claims(), named), "");
  other = claims();
  other.claimed_measurement.bytes[0] ^= 1;
  EXPECT_EQ(rule(other, named), "policy.measurement");
}

}  // namespace
}  // namespace brume::appraisal

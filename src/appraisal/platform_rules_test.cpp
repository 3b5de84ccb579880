// What entries of every tee may ask of the platform: for every rule one platform that it accepts, and one that differs
// in just that.
#include "appraisal/platform_rules.h"

#include <gtest/gtest.h>

#include "appraisal/test_platform.h"
#include "appraisal/test_snp_platform.h"

namespace brume::appraisal {
namespace {

constexpr UnixMs kDay = TestPlatform::kDay;

std::string rules_of(const Refusals& refusals) {
  std::string out;
  for (const Refusal& refusal : refusals) out += (out.empty() ? "" : " ") + refusal.rule;
  return out;
}

Findings examine(TestPlatform& platform, const std::string& more, const Expected& expected) {
  platform.issue();
  Verifier verifier;
  verifier.add_collateral(platform.collateral());
  return verifier.examine(platform.evidence(), platform.policy(more), expected);
}

std::string refused(TestPlatform& platform, const std::string& more) {
  return rules_of(examine(platform, more, platform.expected()).refusals);
}

// A level below the current one, of which the collateral says TEST-SA-1.
TestPlatform old_platform() {
  TestPlatform out;
  out.platform.pce_svn = 1;
  return out;
}

const std::string kOld = "tcb_status = [\"OutOfDate\"]\n";

TEST(PlatformRules, AdvisoriesMustBeOnTheList) {
  TestPlatform platform = old_platform();
  EXPECT_EQ(refused(platform, kOld), "");
  EXPECT_EQ(refused(platform, kOld + "advisories = [\"TEST-SA-1\", \"TEST-SA-9\"]\n"), "");
  EXPECT_EQ(refused(platform, kOld + "advisories = [\"TEST-SA-9\"]\n"), "policy.advisory");
  EXPECT_EQ(refused(platform, kOld + "advisories = []\n"), "policy.advisory");
}

TEST(PlatformRules, RefusedAdvisoriesMustNotBeThere) {
  TestPlatform platform = old_platform();
  EXPECT_EQ(refused(platform, kOld + "refused_advisories = [\"TEST-SA-9\"]\n"), "");
  EXPECT_EQ(refused(platform, kOld + "refused_advisories = [\"TEST-SA-1\"]\n"), "policy.advisory");
}

TEST(PlatformRules, PlatformsMustBeOnTheList) {
  TestPlatform platform;
  const std::string id = examine(platform, "", platform.expected()).facts_unverified.platform.hex();
  EXPECT_EQ(refused(platform, "platforms = [\"" + id + "\"]\n"), "");
  EXPECT_EQ(refused(platform, "platforms = [\"" + TestPlatform::repeated("ab") + "\"]\n"), "policy.platform");
}

TEST(PlatformRules, CollateralMustBeOfTheAskedNumberAndAge) {
  TestPlatform platform;  // number 17, a day old
  EXPECT_EQ(refused(platform, "min_tcb_evaluation_data_number = 17\n"), "");
  EXPECT_EQ(refused(platform, "min_tcb_evaluation_data_number = 18\n"), "policy.tcb-evaluation");
  EXPECT_EQ(refused(platform, "collateral_max_age_days = 1\n"), "");
  platform.qe_issued -= 1000;
  EXPECT_EQ(refused(platform, "collateral_max_age_days = 1\n"), "policy.collateral-age");
}

TEST(PlatformRules, EvidenceMustBeOfARecentChallenge) {
  TestPlatform platform;
  const std::string policy = "evidence_max_age_s = 60\n";
  EXPECT_EQ(refused(platform, policy), "policy.evidence-age") << "nobody says when";
  Expected expected = platform.expected();
  for (const auto& [age_ms, rule] :
       {std::pair{UnixMs{60'000}, ""}, {60'001, "policy.evidence-age"}, {-1, "policy.evidence-age"}}) {
    expected.challenged_ms = expected.now_ms - age_ms;
    EXPECT_EQ(rules_of(examine(platform, policy, expected).refusals), rule) << age_ms;
  }
}

// The level above stands since 2022-01-01: the dates of TestPlatform are by SVN.
TEST(PlatformRules, GraceEndsSoManyDaysAfterTheBetterLevel) {
  TestPlatform platform = old_platform();
  const UnixMs since = evidence::parse_time("2022-01-01T00:00:00Z").value();
  const auto days = static_cast<int>((platform.now - since) / kDay) + 1;
  const Findings inside = examine(platform, "grace_days = " + std::to_string(days) + "\n", platform.expected());
  EXPECT_EQ(rules_of(inside.refusals), "");
  EXPECT_EQ(inside.facts_unverified.tcb_superseded_ms, since);
  EXPECT_EQ(inside.facts_unverified.tcb_grace_until_ms, since + days * kDay);
  EXPECT_EQ(refused(platform, "grace_days = " + std::to_string(days - 1) + "\n"), "policy.grace");
  EXPECT_EQ(refused(platform, ""), "sgx.tcb.status");
}

TEST(PlatformRules, GraceIsNotForWhatIsToBeConfigured) {
  TestPlatform platform = old_platform();
  platform.tcb_levels[1].status = "OutOfDateConfigurationNeeded";
  EXPECT_EQ(refused(platform, "grace_days = 3650\n"), "sgx.tcb.status");
  EXPECT_EQ(refused(platform, "grace_days = 3650\ntcb_status = [\"UpToDate\", \"ConfigurationNeeded\"]\n"), "");
  platform.tcb_levels[1].status = "ConfigurationNeeded";
  EXPECT_EQ(refused(platform, "grace_days = 3650\n"), "sgx.tcb.status");
}

TEST(PlatformRules, GraceCountsFromTheFirstPartThatBecameOld) {
  TestPlatform platform = old_platform();
  platform.tcb_levels = {{3, "UpToDate", ""}, {2, "OutOfDate", ""}, {1, "OutOfDate", "TEST-SA-1"}};
  platform.qe_report.isv_svn = 2;
  EXPECT_EQ(examine(platform, "", platform.expected()).facts_unverified.tcb_superseded_ms,
            evidence::parse_time("2022-01-01T00:00:00Z"))
      << "the next better level, not the best";
  platform.qe_levels = {{9, "UpToDate", ""}, {2, "OutOfDate", "TEST-SA-2"}};
  platform.platform.pce_svn = 3;
  platform.platform.component_svns[0] = platform.platform.component_svns[1] = 3;
  EXPECT_EQ(examine(platform, "", platform.expected()).facts_unverified.tcb_superseded_ms,
            evidence::parse_time("2029-01-01T00:00:00Z"))
      << "the QE alone is old";
}

TEST(PlatformRules, GraceNeedsADateOfEveryOldPart) {
  TestPlatform platform = old_platform();
  // The better level is not younger: nothing says since when this one is old.
  platform.tcb_levels = {{2, "UpToDate", ""}, {1, "OutOfDate", ""}};
  Findings findings = examine(platform, "grace_days = 3650\n", platform.expected());
  EXPECT_TRUE(findings.facts_unverified.tcb_superseded_ms.has_value());
  platform.tcb_levels = {{1, "OutOfDate", ""}};
  findings = examine(platform, "grace_days = 3650\n", platform.expected());
  EXPECT_FALSE(findings.facts_unverified.tcb_superseded_ms.has_value());
  EXPECT_EQ(rules_of(findings.refusals), "sgx.tcb.status");
}

TEST(PlatformRules, AMissingListIsNoRefusalOnlyWherePolicySaysSo) {
  TestPlatform platform;
  platform.issue();
  evidence::Collateral collateral = platform.collateral();
  const auto examine_with = [&](const evidence::Collateral& parts, const std::string& more) {
    Verifier verifier;
    verifier.add_collateral(parts);
    return verifier.examine(platform.evidence(), platform.policy(more), platform.expected());
  };
  collateral.root_crl.clear();
  EXPECT_EQ(rules_of(examine_with(collateral, "").refusals), "sgx.root-crl.missing");
  const Findings without = examine_with(collateral, "crl = \"optional\"\n");
  EXPECT_EQ(rules_of(without.refusals), "");
  EXPECT_TRUE(without.facts_unverified.revocation_unchecked);
  // One that is there must hold.
  platform.root_crl.next_update = platform.now - 1000;
  EXPECT_EQ(rules_of(examine_with(platform.collateral(), "crl = \"optional\"\n").refusals), "sgx.root-crl.expired");
}

class BadPlatformRule : public testing::TestWithParam<std::string> {};
TEST_P(BadPlatformRule, IsRefused) {
  EXPECT_FALSE(parse_policy_toml(TestPlatform().policy_text() + GetParam()).has_value());
}
INSTANTIATE_TEST_SUITE_P(Each, BadPlatformRule,
                         testing::Values("platforms = []\n", "platforms = [\"12\"]\n", "grace_days = -1\n",
                                         "grace_days = 3651\n", "crl = \"never\"\n", "crl = false\n",
                                         "advisories = \"TEST-SA-1\"\n", "refused_advisories = [\"Test-SA-1\"]\n",
                                         "refused_advisories = [\"TEST-SA-1 \"]\n", "advisories = [\"\"]\n",
                                         "refused_advisories = [\"TEST\\u2010SA-1\"]\n",
                                         "collateral_max_age_days = \"1\"\n"));

TEST(PlatformRules, WhatOnlyIntelsTcbInfoTellsIsUnknownElsewhere) {
  for (const char* more : {"advisories = []\n", "grace_days = 1\n", "min_tcb_evaluation_data_number = 1\n",
                           "collateral_max_age_days = 1\n"}) {
    const std::string text = "version = 1\n[[allow]]\ntee = \"sev-snp\"\nroot = \"" + TestPlatform::repeated("ab") +
                             "\"\n" + TestSnpPlatform::identity_keys();
    EXPECT_TRUE(parse_policy_toml(text).has_value());
    EXPECT_FALSE(parse_policy_toml(text + more).has_value()) << more;
  }
}

TEST(PolicyJson, IsTheSameSchema) {
  const std::string digest = TestPlatform::repeated("e1");
  const auto toml = parse_policy("version = 1\nepoch = 3\n[[allow]]\ntee = \"sgx\"\nmeasurement = [\"" + digest +
                                 "\"]\nimage = \"any\"\nsigner = \"any\"\ndebug = true\ngrace_days = 7\n");
  const auto json = parse_policy(R"( {"version": 1, "epoch": 3, "allow": [{"tee": "sgx", "measurement": [")" + digest +
                                 R"("], "image": "any", "signer": "any", "debug": true, "grace_days": 7}]})");
  ASSERT_TRUE(toml && json) << (json ? "" : json.error().what);
  EXPECT_EQ(json->epoch, toml->epoch);
  ASSERT_EQ(json->allow.size(), 1u);
  EXPECT_EQ(json->allow[0].measurements, toml->allow[0].measurements);
  EXPECT_EQ(json->allow[0].roots, toml->allow[0].roots);
  EXPECT_TRUE(json->allow[0].debug_allowed);
  EXPECT_EQ(json->allow[0].platform.grace_days, 7u);
  EXPECT_NE(json->hash, toml->hash);
}

class BadPolicyJson : public testing::TestWithParam<std::string> {};
TEST_P(BadPolicyJson, IsRefused) {
  const auto policy = parse_policy_json(GetParam());
  ASSERT_FALSE(policy.has_value());
  EXPECT_EQ(policy.error().code, ErrorCode::kUsage);
}
INSTANTIATE_TEST_SUITE_P(Each, BadPolicyJson,
                         testing::Values("", "[]", "{\"version\":1", "{\"version\":1}x", "{\"version\":2}",
                                         "{\"version\":1,\"version\":1}", "{\"version\":1,\"unknown\":1}",
                                         "{\"version\":1.0}", "{\"version\":-1}", "{\"version\":\"1\"}",
                                         "{\"version\":1,\"allow\":[1]}", "{\"version\":1,\"allow\":null}",
                                         "{\"version\":1,\"allow\":[{}]}", "{\"ver\\u0073ion\":1}",
                                         std::string(100, '[') + std::string(100, ']'),
                                         "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"));

}  // namespace
}  // namespace brume::appraisal

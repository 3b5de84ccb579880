// The policy's keys of tee "tdx".
#include <gtest/gtest.h>

#include "appraisal/test_platform.h"

namespace brume::appraisal {
namespace {

std::string hex48(const std::string& byte) { return "\"" + TestPlatform::repeated(byte, 48) + "\""; }

const std::string kHead = "version = 1\n[[allow]]\ntee = \"tdx\"\n";
const std::string kMeasurement = "measurement = [" + hex48("e1") + "]\n";
const std::string kGood = kHead + kMeasurement + "image = \"any\"\n";

TEST(PolicyTdx, ReadsEverything) {
  auto policy = parse_policy_toml(
      kHead + kMeasurement + "image = [\"" + TestPlatform::repeated("1d") + "\"]\n" + "rtmr0 = [" + hex48("a0") +
      "]\nrtmr1 = [" + hex48("a1") + "]\nrtmr2 = [" + hex48("a2") + "]\nrtmr3 = [" + hex48("00") + ", " + hex48("a3") +
      "]\nmr_config_id = [" + hex48("0a") + "]\nmr_owner = [" + hex48("0b") + "]\nmr_owner_config = [" + hex48("0c") +
      "]\nmr_seam = [" + hex48("5e") + "]\nmr_signer_seam = [" + hex48("00") + "]\nmr_service_td = [" + hex48("07") +
      "]\nmin_tee_tcb_svn = \"0401060000000000000000000000000a\"\n"
      "sept_ve_disable = false\nmigratable = true\nreserved_attributes = true\n"
      "tcb_status = [\"UpToDate\", \"TDRelaunchAdvised\"]\n");
  ASSERT_TRUE(policy.has_value()) << policy.error().what;
  const AllowEntry& entry = policy->allow.front();
  EXPECT_EQ(entry.roots, std::vector{kIntelSgxRoot});
  EXPECT_EQ(entry.images.size(), 1u);
  const TdxRules& rules = entry.tdx;
  EXPECT_EQ(rules.measurements.front().bytes[47], 0xe1);
  EXPECT_EQ(rules.rtmrs[2].front().bytes[0], 0xa2);
  EXPECT_EQ(rules.rtmrs[3].size(), 2u);
  EXPECT_EQ(rules.mr_config_ids.front().bytes[0], 0x0a);
  EXPECT_EQ(rules.mr_owners.front().bytes[0], 0x0b);
  EXPECT_EQ(rules.mr_owner_configs.front().bytes[0], 0x0c);
  EXPECT_EQ(rules.mr_seams.front().bytes[0], 0x5e);
  EXPECT_EQ(rules.mr_signer_seams.front(), evidence::TdRegister{});
  EXPECT_EQ(rules.service_tds.front().bytes[0], 7);
  EXPECT_EQ(rules.min_tee_tcb_svn[0], 4);
  EXPECT_EQ(rules.min_tee_tcb_svn[15], 0x0a);
  EXPECT_FALSE(rules.sept_ve_disable);
  EXPECT_TRUE(rules.migratable && rules.reserved_attributes);
  EXPECT_EQ(entry.tcb_statuses.back(), evidence::TcbStatus::kTdRelaunchAdvised);
}

TEST(PolicyTdx, HasStrictDefaults) {
  auto policy = parse_policy_toml(kGood);
  ASSERT_TRUE(policy.has_value()) << policy.error().what;
  const AllowEntry& entry = policy->allow.front();
  EXPECT_TRUE(entry.tdx.sept_ve_disable);
  EXPECT_FALSE(entry.tdx.migratable || entry.tdx.reserved_attributes || entry.tdx.any_service_td);
  EXPECT_TRUE(entry.tdx.service_tds.empty() && entry.tdx.rtmrs[0].empty());
  EXPECT_FALSE(entry.debug_allowed);
  EXPECT_EQ(entry.tcb_statuses, std::vector{evidence::TcbStatus::kUpToDate});
}

TEST(PolicyTdx, AnyNeedsAnotherName) {
  const std::string any = kHead + "measurement = \"any\"\nimage = \"any\"\n";
  EXPECT_FALSE(parse_policy_toml(any).has_value());
  EXPECT_TRUE(parse_policy_toml(any + "rtmr2 = [" + hex48("a2") + "]\n").has_value());
  EXPECT_TRUE(parse_policy_toml(any + "mr_owner = [" + hex48("0b") + "]\n").has_value());
  EXPECT_FALSE(parse_policy_toml(any + "mr_seam = [" + hex48("5e") + "]\n").has_value());
}

class BadTdxPolicy : public testing::TestWithParam<std::string> {};

TEST_P(BadTdxPolicy, IsRefused) {
  auto policy = parse_policy_toml(GetParam());
  ASSERT_FALSE(policy.has_value());
  EXPECT_EQ(policy.error().code, ErrorCode::kUsage);
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadTdxPolicy,
    testing::Values(kHead, kHead + kMeasurement, kHead + "image = \"any\"\n", kGood + "signer = \"any\"\n",
                    kGood + "min_isv_svn = 1\n", kGood + "protections = []\n",
                    kGood + "rtmr4 = [" + hex48("00") + "]\n", kGood + "rtmr0 = []\n", kGood + "rtmr0 = \"any\"\n",
                    kGood + "rtmr0 = [\"00\"]\n", kGood + "mr_owner = [\"" + TestPlatform::repeated("zz", 48) + "\"]\n",
                    kGood + "min_tee_tcb_svn = \"04\"\n", kGood + "min_tee_tcb_svn = 4\n",
                    kGood + "sept_ve_disable = 1\n", kGood + "mr_service_td = \"none\"\n",
                    kGood + "mr_service_td = []\n", kGood + "mr_service_td = [1]\n", kGood + "mr_service_td = 1\n",
                    kGood + "tcb_status = [\"TDRelaunch\"]\n",
                    kHead + "image = \"any\"\nmeasurement = [\"" + TestPlatform::repeated("e1") + "\"]\n",
                    kHead + "image = \"any\"\nmeasurement = [" + hex48("00") + "]\n"));

}  // namespace
}  // namespace brume::appraisal

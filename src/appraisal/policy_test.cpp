#include <gtest/gtest.h>

#include "appraisal/test_platform.h"

namespace brume::appraisal {
namespace {

const std::string kHead = "version = 1\nepoch = 7\n";
const std::string kSim = "[[allow]]\ntee = \"sgx-sim\"\nroot = \"" + TestPlatform::repeated("ab") + "\"\n";
const std::string kIdentity =
    "measurement = [\"" + TestPlatform::repeated("e1") + "\"]\nimage = \"any\"\nsigner = \"any\"\n";

TEST(PolicyToml, ReadsEverything) {
  auto policy = parse_policy_toml(
      kHead + kSim + kIdentity +
      "min_isv_svn = 4\nproduct_id = 9\ntcb_status = [\"UpToDate\", \"SWHardeningNeeded\"]\ndebug = true\n"
      "protections = [\"seccomp\"]\nroles = [\"mapper\"]\n");
  ASSERT_TRUE(policy.has_value()) << policy.error().what;
  EXPECT_EQ(policy->epoch, 7u);
  ASSERT_EQ(policy->allow.size(), 1u);
  const AllowEntry& entry = policy->allow.front();
  EXPECT_EQ(entry.tee, Tee::kSgxSim);
  EXPECT_EQ(entry.roots.at(0).hex(), TestPlatform::repeated("ab"));
  EXPECT_EQ(entry.measurements.front().hex(), TestPlatform::repeated("e1"));
  EXPECT_TRUE(entry.any_image && entry.any_signer && !entry.any_measurement);
  EXPECT_EQ(entry.min_isv_svn, 4);
  EXPECT_EQ(entry.product_id, 9);
  EXPECT_EQ(entry.tcb_statuses.size(), 2u);
  EXPECT_TRUE(entry.debug_allowed);
  EXPECT_EQ(evidence::protection_list(entry.required_protections), "seccomp");
  EXPECT_EQ(entry.roles, std::vector<std::string>{"mapper"});
}

TEST(PolicyToml, HasStrictDefaults) {
  auto policy = parse_policy_toml(kHead + kSim + kIdentity);
  ASSERT_TRUE(policy.has_value());
  const AllowEntry& entry = policy->allow.front();
  EXPECT_FALSE(entry.debug_allowed);
  EXPECT_EQ(entry.tcb_statuses, std::vector{evidence::TcbStatus::kUpToDate});
  EXPECT_EQ(entry.required_protections, evidence::kAllProtections);
  EXPECT_EQ(entry.roles, (std::vector<std::string>{"worker", "mapper", "reducer"}));
}

TEST(PolicyToml, EmptyPolicyNamesNobody) {
  auto policy = parse_policy_toml("");
  ASSERT_TRUE(policy.has_value());
  EXPECT_TRUE(policy->allow.empty());
  EXPECT_EQ(policy->hash, crypto::sha256({}));
}

// Each dot is a table in a table, and the reader's stack has an end. No string on the way hides them.
TEST(PolicyToml, RefusesTablesThatAreNestedWithoutEnd) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "a.";
  deep += "a";
  const std::string names[] = {deep,
                               "[" + deep + "]",
                               "[[allow]]\n[[" + deep + "]]",
                               R"(x = {b = "\"\\", )" + deep,
                               R"(x = {b = '\', )" + deep,
                               "x = {b = \"\"\"a\"b\n\\\"\"\"\"\"\", " + deep,
                               "x = {b = '''a'b\n''''', " + deep,
                               "x = {\"#\" = 1, " + deep};
  for (const std::string& text : names) {
    const auto policy = parse_policy_toml(text + " = 1\n");
    ASSERT_FALSE(policy.has_value());
    EXPECT_NE(policy.error().what.find("nested too deeply"), std::string::npos) << text.substr(0, 40);
  }
  EXPECT_TRUE(parse_policy_toml("# " + deep + "\n" + kHead).has_value());
  const std::string tpm = kHead + "[[allow]]\ntee = \"tpm\"\nak = [\"" + std::string(64, '1') + "\"]\n";
  EXPECT_TRUE(parse_policy_toml(tpm + "command_line = [\"/" + deep + "\", '" + deep + "']\n").has_value());
}

TEST(PolicyToml, HasAMostOfEntries) {
  std::string text = kHead;
  for (std::size_t i = 0; i < kPolicyEntriesLimit; ++i) text += kSim + kIdentity;
  EXPECT_TRUE(parse_policy_toml(text).has_value());
  const auto more = parse_policy_toml(text + kSim + kIdentity);
  ASSERT_FALSE(more.has_value());
  EXPECT_NE(more.error().what.find("over 1024 entries"), std::string::npos) << more.error().what;
}

TEST(PolicyToml, HasIntelsRootForSgxOnly) {
  auto policy = parse_policy_toml(kHead + "[[allow]]\ntee = \"sgx\"\n" + kIdentity);
  ASSERT_TRUE(policy.has_value()) << policy.error().what;
  EXPECT_EQ(policy->allow.front().roots, std::vector{kIntelSgxRoot});
  EXPECT_TRUE(policy->names_root(Tee::kSgx, kIntelSgxRoot));
  EXPECT_FALSE(policy->names_root(Tee::kTdx, kIntelSgxRoot));
  EXPECT_FALSE(policy->names_root(Tee::kSgx, SpkiHash{}));
}

TEST(PolicyToml, CommentsMayHaveAnyLettersAndNothingElseMay) {
  EXPECT_TRUE(parse_policy_toml("# r\xc3\xa8gles\n" + kHead + kSim + kIdentity).has_value());
  EXPECT_FALSE(parse_policy_toml(kHead + "r\xc3\xa8gles = 1\n").has_value());
  EXPECT_FALSE(parse_policy_toml(kHead + kSim + kIdentity + "roles = [\"r\xc3\xa8gles\"]\n").has_value());
  // A key whose texts may be any: read with '?' for each, the line would be another one.
  const std::string tpm = kHead + "[[allow]]\ntee = \"tpm\"\nak = [\"" + std::string(64, '1') + "\"]\n";
  EXPECT_TRUE(parse_policy_toml(tpm + "command_line = [\"/vmlinuz a=?\"] # r\xc3\xa8gles\n").has_value());
  EXPECT_FALSE(parse_policy_toml(tpm + "command_line = [\"/vmlinuz r\xc3\xa8gles\"]\n").has_value());
  EXPECT_FALSE(parse_policy_toml(tpm + "pcrs = { \"sha256.7\xc3\xa8\" = [] }\n").has_value());
}

TEST(PolicyToml, RefusesATcbStatusWhereThereIsNone) {
  const std::string status = "tcb_status = [\"UpToDate\"]\n";
  const std::string tpm = kHead + "[[allow]]\ntee = \"tpm\"\nak = [\"" + std::string(64, '1') + "\"]\n";
  EXPECT_TRUE(parse_policy_toml(tpm).has_value());
  EXPECT_FALSE(parse_policy_toml(tpm + status).has_value());
  const std::string none = kHead + "[[allow]]\ntee = \"none\"\n" + kIdentity;
  EXPECT_TRUE(parse_policy_toml(none).has_value());
  EXPECT_FALSE(parse_policy_toml(none + status).has_value());
}

// toml++ 3.3.0 asserts here that a key follows.
TEST(PolicyToml, RefusesTableHeadersWithoutAKey) {
  for (const char* text : {"[[\x1c\\x]]\n", "[[[x}]\n", "[[]]\n", "[[", "[[?"}) {
    EXPECT_FALSE(parse_policy_toml(text).has_value()) << text;
  }
}

TEST(PolicyToml, HashIsOverTheBytes) {
  EXPECT_NE(parse_policy_toml(kHead)->hash, parse_policy_toml(kHead + "\n")->hash);
}

class BadPolicy : public testing::TestWithParam<std::string> {};

TEST_P(BadPolicy, IsRefused) {
  auto policy = parse_policy_toml(GetParam());
  ASSERT_FALSE(policy.has_value());
  EXPECT_EQ(policy.error().code, ErrorCode::kUsage);
}

const std::string kGood = kHead + kSim + kIdentity;
INSTANTIATE_TEST_SUITE_P(
    Each, BadPolicy,
    testing::Values("not toml", "epoch = 1\n", "version = 2\n", "version = 1\nepoch = -1\n",
                    "version = 1\nunknown = 1\n", kGood + "unknown = 1\n", kGood + "tcb_status = [\"Fine\"]\n",
                    kGood + "tcb_status = [\"Revoked\"]\n", kGood + "tcb_status = \"UpToDate\"\n",
                    kGood + "debug = \"no\"\n", kGood + "protections = [\"magic\"]\n", kGood + "roles = [\"\"]\n",
                    kGood + "roles = [\"A\"]\n", kGood + "min_isv_svn = 65536\n", kGood + "product_id = \"1\"\n",
                    kHead + "allow = 1\n", kHead + "allow = [1]\n", kHead + "[[allow]]\n" + kIdentity,
                    kHead + "[[allow]]\ntee = \"sev\"\n" + kIdentity,
                    kHead + "[[allow]]\ntee = \"sgx-sim\"\n" + kIdentity,
                    kHead + "[[allow]]\ntee = \"sgx-sim\"\nroot = \"" + kIntelSgxRoot.hex() + "\"\n" + kIdentity,
                    kHead + "[[allow]]\ntee = \"sgx\"\nroot = \"12\"\n" + kIdentity,
                    kHead + "[[allow]]\ntee = \"none\"\nroot = \"" + kIntelSgxRoot.hex() + "\"\n" + kIdentity,
                    kHead + "[[allow]]\ntee = \"sgx\"\nprotections = []\n" + kIdentity, kHead + kSim,
                    kHead + kSim + "measurement = []\nimage = \"any\"\nsigner = \"any\"\n",
                    kHead + kSim + "measurement = \"any\"\nimage = \"any\"\nsigner = \"any\"\n",
                    kHead + kSim + "measurement = [\"" + std::string(64, '0') +
                        "\"]\nimage = \"any\"\nsigner = \"any\"\n",
                    kHead + kSim + "measurement = [\"e1\"]\nimage = \"any\"\nsigner = \"any\"\n",
                    kGood + "[[allow]]\ntee = \"sgx\"\nroot = \"" + TestPlatform::repeated("ab") + "\"\n" + kIdentity));

TEST(PolicyToml, RolesAndStatusesWidenWhatIsAccepted) {
  TestPlatform platform;
  platform.platform.pce_svn = 1;
  platform.issue();
  auto good = [&](const std::string& more, const std::string& role) {
    Expected expected = platform.expected();
    expected.role = role;
    return appraise(platform.evidence(), platform.collateral(), platform.policy(more), expected).has_value();
  };
  EXPECT_FALSE(good("", "worker"));
  EXPECT_TRUE(good("tcb_status = [\"OutOfDate\"]\n", "worker"));
  EXPECT_FALSE(good("tcb_status = [\"OutOfDate\"]\n", "verifier"));
  EXPECT_TRUE(good("tcb_status = [\"OutOfDate\"]\nroles = [\"verifier\"]\n", "verifier"));
}

TEST(PolicyToml, DebugAndProtectionsOnlyWhereAllowed) {
  TestPlatform platform;
  platform.report.attribute_flags |= evidence::kAttributeDebug;
  platform.report.cpu_svn[1] = 0;
  platform.issue();
  auto good = [&](const std::string& more) {
    return appraise(platform.evidence(), platform.collateral(), platform.policy(more), platform.expected()).has_value();
  };
  EXPECT_FALSE(good(""));
  EXPECT_FALSE(good("debug = true\n"));
  EXPECT_TRUE(good("debug = true\nprotections = [\"code-sealed\", \"guardian\"]\n"));
}

}  // namespace
}  // namespace brume::appraisal

// The policy's keys for tee "sev-snp": each accepts what it names and refuses what differs in just that.
#include <gtest/gtest.h>

#include "appraisal/snp_names.h"
#include "appraisal/test_snp_platform.h"

namespace brume::appraisal {
namespace {

using P = TestSnpPlatform;

std::string rules_with(const std::string& more, P platform = P()) {
  platform.issue();
  Verifier verifier;
  verifier.add_snp_endorsements(platform.endorsements());
  std::string out;
  for (const Refusal& refusal : verifier.examine(platform.evidence(), P::policy(more), platform.expected()).refusals) {
    out += (out.empty() ? "" : " ") + refusal.rule;
  }
  return out;
}

struct Case {
  const char* name;
  std::string accepted;  // keys that fit the platform
  std::string refused;
  std::string rule;
};

class SnpPolicyKey : public testing::TestWithParam<Case> {};

TEST_P(SnpPolicyKey, AcceptsAndRefuses) {
  EXPECT_EQ(rules_with(GetParam().accepted + "\n"), "");
  EXPECT_EQ(rules_with(GetParam().refused + "\n"), GetParam().rule);
}

std::string list(const std::string& key, const std::string& byte, int count) {
  return key + " = [\"" + P::repeated(byte, count) + "\"]";
}

const Case kCases[] = {
    {"id_key", list("id_key_digest", "1e", 48), list("id_key_digest", "1f", 48), "policy.id-key"},
    {"author_key", list("author_key_digest", "a0", 48), list("author_key_digest", "a1", 48), "policy.author-key"},
    {"family_id", list("family_id", "fa", 16), list("family_id", "fb", 16), "policy.family-id"},
    {"image_id", list("image_id", "1a", 16), list("image_id", "1b", 16), "policy.image-id"},
    {"chip_id", list("chip_id", "c1", 64), list("chip_id", "c2", 64), "policy.chip"},
    {"product", "product = [\"Genoa\", \"Milan\"]", "product = [\"Turin\"]", "policy.product"},
    {"guest_svn", "min_guest_svn = 4", "min_guest_svn = 5", "policy.guest-svn"},
    {"boot_loader", "min_tcb = { boot_loader = 3 }", "min_tcb = { boot_loader = 4 }", "policy.tcb"},
    {"tee", "min_tcb = { tee = 0 }", "min_tcb = { tee = 1 }", "policy.tcb"},
    {"snp", "min_tcb = { snp = 22 }", "min_tcb = { snp = 23 }", "policy.tcb"},
    {"microcode", "min_tcb = { microcode = 209 }", "min_tcb = { microcode = 210 }", "policy.tcb"},
    {"fmc", "min_tcb = { fmc = 0 }", "min_tcb = { fmc = 1 }", "policy.tcb"},
    {"launch_tcb", "min_launch_tcb = { microcode = 208 }", "min_launch_tcb = { microcode = 209 }", "policy.launch-tcb"},
    {"firmware_build", "min_firmware = \"1.55.28\"", "min_firmware = \"1.55.29\"", "policy.firmware"},
    {"firmware_minor", "min_firmware = \"1.54.255\"", "min_firmware = \"1.56.0\"", "policy.firmware"},
    {"firmware_major", "min_firmware = \"0.255.255\"", "min_firmware = \"2.0.0\"", "policy.firmware"},
    {"provisional", "provisional = true", "provisional = false", "policy.provisional"},
    {"smt", "smt = true", "smt = false", "policy.smt"},
    {"require_platform", "require = [\"ecc\", \"alias-check\"]", "require = [\"ecc\", \"tsme\"]", "policy.require"},
    {"endorsement", "endorsement = \"vcek\"", "endorsement = \"vlek\"", "policy.endorsement"},
    {"role", "roles = [\"worker\"]", "roles = [\"mapper\"]", "policy.role"},
};

INSTANTIATE_TEST_SUITE_P(Snp, SnpPolicyKey, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(SnpPolicy, AllowsWhatIsRefusedByDefaultOnlyWhereItSaysSo) {
  P debug;
  debug.report.policy.bits |= 1 << 19;
  EXPECT_EQ(rules_with("debug = true\n", debug), "");
  P migration;
  migration.report.policy.bits |= 1 << 18;
  EXPECT_EQ(rules_with("migration = true\n", migration), "");
  P cxl;
  cxl.report.policy.bits |= 1 << 21;
  EXPECT_EQ(rules_with("cxl = true\n", cxl), "");
  P vmpl;
  vmpl.report.vmpl = 2;
  EXPECT_EQ(rules_with("vmpl = 2\n", vmpl), "");
  EXPECT_EQ(rules_with("vmpl = 1\n", vmpl), "policy.vmpl");
  vmpl.report.vmpl = evidence::kSnpVmplHost;
  EXPECT_EQ(rules_with("vmpl = 3\n", vmpl), "policy.vmpl");
  P vlek;
  vlek.become_vlek();
  EXPECT_EQ(rules_with("endorsement = \"vlek\"\n", vlek), "");
  EXPECT_EQ(rules_with("endorsement = \"vcek\"\n", vlek), "policy.endorsement");
}

// What runs may differ from what is committed in TCB or in version.
TEST(SnpPolicy, ProvisionalFirmwareIsEitherOne) {
  const std::string committed = "provisional = false\n";
  P same;
  same.report.committed_tcb = same.report.current_tcb;
  same.report.committed_firmware = same.report.current_firmware;
  EXPECT_EQ(rules_with(committed, same), "");
  P tcb = same;
  --tcb.report.committed_tcb[7];
  EXPECT_EQ(rules_with(committed, tcb), "policy.provisional");
  for (auto part : {&evidence::SnpFirmware::build, &evidence::SnpFirmware::minor}) {
    P version = same;
    --(version.report.committed_firmware.*part);
    EXPECT_EQ(rules_with(committed, version), "policy.provisional");
  }
}

// A list of chips admits nobody who hides his.
TEST(SnpPolicy, MaskedChipIsOnNoList) {
  P masked;
  masked.report.chip_id = {};
  EXPECT_EQ(rules_with(list("chip_id", "c1", 64) + "\n", masked), "policy.chip");
}

TEST(SnpPolicy, TurinsChipIdsMayBeShort) {
  P turin;
  turin.become("Turin");
  EXPECT_EQ(rules_with(list("chip_id", "c1", 8) + "\n", turin), "");
  EXPECT_EQ(rules_with(list("chip_id", "c2", 8) + "\n", turin), "policy.chip");
}

TEST(SnpPolicy, RequiresEachBitByName) {
  struct Bit {
    const char* name;
    unsigned policy_bit, platform_bit;
  };
  constexpr unsigned kNo = 63;
  constexpr Bit kBits[] = {{"single-socket", 20, kNo},
                           {"aes-256-xts", 22, kNo},
                           {"rapl-disabled", 23, kNo},
                           {"ciphertext-hiding", 24, kNo},
                           {"page-swap-disabled", 25, kNo},
                           {"ecc", kNo, 2},
                           {"tsme", kNo, 1},
                           {"alias-check", kNo, 5}};
  for (const Bit& bit : kBits) {
    P platform;
    platform.report.platform_info.bits = 0;
    const std::string key = "require = [\"" + std::string(bit.name) + "\"]\n";
    EXPECT_EQ(rules_with(key, platform), "policy.require") << bit.name;
    if (bit.policy_bit != kNo) platform.report.policy.bits |= 1ull << bit.policy_bit;
    if (bit.platform_bit != kNo) platform.report.platform_info.bits |= 1ull << bit.platform_bit;
    EXPECT_EQ(rules_with(key, platform), "") << bit.name;
  }
}

TEST(SnpPolicy, MitigationVectorsMustHoldTheNamedBits) {
  P turin;
  turin.become("Turin");  // launch 3, current 7
  EXPECT_EQ(rules_with("launch_mitigations = 3\ncurrent_mitigations = 7\n", turin), "");
  EXPECT_EQ(rules_with("launch_mitigations = 4\n", turin), "policy.mitigations");
  EXPECT_EQ(rules_with("current_mitigations = 8\n", turin), "policy.mitigations");
  EXPECT_EQ(rules_with("current_mitigations = 1\n"), "policy.mitigations");  // version 3 has none
}

TEST(SnpPolicy, StatusIsWhatTheMinimaSay) {
  P platform;
  platform.issue();
  Verifier verifier;
  verifier.add_snp_endorsements(platform.endorsements());
  const auto status = [&](const std::string& more) {
    Findings findings = verifier.examine(platform.evidence(), P::policy(more), platform.expected());
    EXPECT_TRUE(findings.tcb_known);
    return findings.facts_unverified.tcb_status;
  };
  EXPECT_EQ(status(""), evidence::TcbStatus::kUpToDate);
  EXPECT_EQ(status("min_tcb = { snp = 22 }\n"), evidence::TcbStatus::kUpToDate);
  EXPECT_EQ(status("min_tcb = { snp = 23 }\n"), evidence::TcbStatus::kOutOfDate);
  EXPECT_EQ(status("product = [\"Turin\"]\n"), evidence::TcbStatus::kOutOfDate);
}

TEST(SnpPolicy, RefusesWhatItDoesNotUnderstand) {
  const auto reads = [](const std::string& more, const std::string& identity = P::identity_keys()) {
    return parse_policy_toml("version = 1\n[[allow]]\ntee = \"sev-snp\"\n" + identity + more).has_value();
  };
  EXPECT_TRUE(reads(""));
  const std::string any = "measurement = \"any\"\nimage = \"any\"\n";
  EXPECT_FALSE(reads("", any));
  EXPECT_TRUE(reads(list("id_key_digest", "1e", 48) + "\n", any));
  EXPECT_TRUE(reads(list("author_key_digest", "1e", 48) + "\n", any));
  EXPECT_FALSE(reads("", "image = \"any\"\n"));
  EXPECT_FALSE(reads("", list("measurement", "3e", 32) + "\nimage = \"any\"\n"));
  for (const char* bad :
       {"min_isv_svn = 1", "signer = \"any\"", "vmpl = 4", "min_tcb = { snp = 256 }", "min_tcb = { spl4 = 1 }",
        "min_tcb = 3", "min_firmware = \"1.55\"", "min_firmware = \"1.55.256\"", "min_firmware = \"1.55.2 \"",
        "require = [\"luck\"]", "product = [\"Naples\"]", "product = []", "chip_id = []", "chip_id = [\"c1\"]",
        "chip_id = [\"0000000000000000\"]", "crl = \"never\"", "endorsement = \"vcec\"", "smt = 1"}) {
    EXPECT_FALSE(reads(std::string(bad) + "\n")) << bad;
  }
}

}  // namespace
}  // namespace brume::appraisal

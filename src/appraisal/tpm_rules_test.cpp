// What a policy may ask of a TPM: for each key one quote that satisfies it and one that differs in just that.
#include <gtest/gtest.h>

#include "appraisal/test_tpm.h"

namespace brume::appraisal {
namespace {

using crypto::HashAlgorithm;
using evidence::TpmAlgorithm;

Bytes sha256_of(std::string_view text) { return crypto::hash(HashAlgorithm::kSha256, evidence::text_bytes(text)); }

// The quote as it stands, under its own policy with one change.
template <typename Change>
std::string under(const TestTpm& tpm, Change change) {
  AllowEntry entry = tpm.entry();
  change(entry.tpm);
  return refused(tpm.examine(entry));
}

struct TpmPolicy : testing::Test {
  TestTpm tpm;
  void SetUp() override { tpm.quote(); }
};

TEST_F(TpmPolicy, NamesTheKey) {
  EXPECT_EQ(under(tpm, [](TpmRules&) {}), "");
  EXPECT_EQ(under(tpm, [](TpmRules& rules) { rules.ak_names[0][5] ^= 1; }), "policy.ak");
  EXPECT_EQ(under(tpm, [&](TpmRules& rules) { rules.ak_names.clear(), rules.aks = {tpm.ak.public_key().spki_hash()}; }),
            "");
}

TEST_F(TpmPolicy, Registers) {
  const Bytes seven = evidence::find_pcr(tpm.evidence.pcrs, TpmAlgorithm::kSha256, 7)->value;
  const auto rule = [](TpmAlgorithm bank, std::uint32_t index, std::vector<Bytes> values) {
    return [=](TpmRules& rules) { rules.pcrs = {{bank, index, values}}; };
  };
  EXPECT_EQ(under(tpm, rule(TpmAlgorithm::kSha256, 7, {Bytes(32, 1), seven})), "");
  EXPECT_EQ(under(tpm, rule(TpmAlgorithm::kSha256, 7, {Bytes(32, 1)})), "policy.pcr");
  EXPECT_EQ(under(tpm, rule(TpmAlgorithm::kSha256, 7, {})), "");
  EXPECT_EQ(under(tpm, rule(TpmAlgorithm::kSha256, 16, {})), "policy.pcr") << "not selected";
  EXPECT_EQ(under(tpm, rule(TpmAlgorithm::kSha1, 7, {})), "policy.pcr");
}

TEST_F(TpmPolicy, SecureBoot) {
  const auto on = [](TpmRules& rules) { rules.secure_boot = true; };
  EXPECT_EQ(under(tpm, on), "");
  TestTpm off;
  off.log = evidence::TestEventLog();
  off.log.variable(7, evidence::kEfiGlobalVariable.bytes, "SecureBoot", Bytes{0}).separator(7);
  off.quote();
  EXPECT_EQ(under(off, on), "policy.secure-boot");
  TestTpm without = tpm;
  without.evidence.event_log.clear();
  EXPECT_EQ(under(without, on), "policy.event-log");
  EXPECT_EQ(under(without, [](TpmRules& rules) { rules.log_required = true; }), "policy.event-log");
  TestTpm unselected = tpm;
  unselected.attest.selections[0].mask &= ~(1u << 7);
  unselected.quote();
  EXPECT_EQ(under(unselected, on), "policy.secure-boot");
}

// A machine without secure boot, whose operating system goes on extending PCR 7 and rewrites the types of the log.
TEST_F(TpmPolicy, SecureBootCannotBeSaidLater) {
  TestTpm off;
  off.log = evidence::TestEventLog();
  off.log.add(7, evidence::kEvIpl, evidence::efi_variable(evidence::kEfiGlobalVariable.bytes, "SecureBoot", Bytes{0}));
  off.log.add(7, evidence::kEvIpl, Bytes(4));  // firmware's own separator
  off.log.variable(7, evidence::kEfiGlobalVariable.bytes, "SecureBoot", Bytes{1}).separator(7);
  off.quote();
  EXPECT_EQ(under(off, [](TpmRules& rules) { rules.secure_boot = true; }),
            "log.separator.data log.separator.twice policy.secure-boot");
}

TEST_F(TpmPolicy, ABootImageCannotBeRenamed) {
  TestTpm other;
  other.log.add(4, evidence::kEvIpl, Bytes(32), evidence::text_bytes("evil loader"));
  other.quote();
  EXPECT_EQ(under(other, [](TpmRules& rules) { rules.boot_images = {sha256_of("boot loader")}; }), "policy.boot-image");
}

TEST_F(TpmPolicy, WhatWasBooted) {
  EXPECT_EQ(under(tpm, [](TpmRules& rules) { rules.boot_images = {sha256_of("boot loader")}; }), "");
  EXPECT_EQ(under(tpm, [](TpmRules& rules) { rules.boot_images = {sha256_of("other")}; }), "policy.boot-image");
  EXPECT_EQ(under(tpm, [](TpmRules& rules) { rules.kernels = {sha256_of("kernel")}; }), "");
  EXPECT_EQ(under(tpm, [](TpmRules& rules) { rules.kernels = {sha256_of("other")}; }), "policy.kernel");
  EXPECT_EQ(under(tpm, [](TpmRules& rules) { rules.initrds = {sha256_of("initrd")}; }), "");
  EXPECT_EQ(under(tpm, [](TpmRules& rules) { rules.initrds = {sha256_of("other")}; }), "policy.initrd");
  EXPECT_EQ(under(tpm, [](TpmRules& rules) { rules.command_lines = {"/vmlinuz quiet"}; }), "");
  EXPECT_EQ(under(tpm, [](TpmRules& rules) { rules.command_lines = {"/vmlinuz"}; }), "policy.command-line");
}

TEST_F(TpmPolicy, WhatIsAddedLaterCountsToo) {
  TestTpm later;
  later.log.add(9, evidence::kEvIpl, evidence::text_bytes("/initrd.img"), evidence::text_bytes("another initrd"));
  later.quote();
  EXPECT_EQ(under(later, [](TpmRules& rules) { rules.initrds = {sha256_of("initrd")}; }), "policy.initrd");
}

TEST_F(TpmPolicy, ACommandLineThatIsNotBoundCouldBeAny) {
  TestTpm lie;
  lie.log.add(8, evidence::kEvIpl, evidence::text_bytes("kernel_cmdline: /vmlinuz quiet"),
              evidence::text_bytes("/vmlinuz init=/bin/sh", false));
  lie.quote();
  EXPECT_EQ(under(lie, [](TpmRules& rules) { rules.command_lines = {"/vmlinuz quiet"}; }), "policy.command-line");
}

TEST_F(TpmPolicy, BootRulesNeedTheirEvents) {
  TestTpm bare;
  bare.log = evidence::TestEventLog();
  bare.log.separator(7);
  bare.quote();
  EXPECT_EQ(under(bare, [](TpmRules& rules) { rules.boot_images = {Bytes(32, 1)}; }), "policy.boot-image");
  EXPECT_EQ(under(bare, [](TpmRules& rules) { rules.kernels = {Bytes(32, 1)}; }), "policy.kernel");
  EXPECT_EQ(under(bare, [](TpmRules& rules) { rules.initrds = {Bytes(32, 1)}; }), "policy.initrd");
  EXPECT_EQ(under(bare, [](TpmRules& rules) { rules.command_lines = {"x"}; }), "policy.command-line");
}

TEST_F(TpmPolicy, ClockAndCounters) {
  const auto with = [&](auto change) { return under(tpm, change); };
  EXPECT_EQ(with([](TpmRules& rules) { rules.min_clock_ms = 1'000'000; }), "");
  EXPECT_EQ(with([](TpmRules& rules) { rules.min_clock_ms = 1'000'001; }), "policy.clock");
  EXPECT_EQ(with([](TpmRules& rules) { rules.min_reset_count = 5; }), "");
  EXPECT_EQ(with([](TpmRules& rules) { rules.min_reset_count = 6; }), "policy.reset-count");
  EXPECT_EQ(with([](TpmRules& rules) { rules.reset_count = 5; }), "");
  EXPECT_EQ(with([](TpmRules& rules) { rules.reset_count = 4; }), "policy.reset-count");
  EXPECT_EQ(with([](TpmRules& rules) { rules.min_firmware = 0x10; }), "");
  EXPECT_EQ(with([](TpmRules& rules) { rules.min_firmware = 0x11; }), "policy.firmware");
  EXPECT_EQ(with([](TpmRules& rules) { rules.safe_required = true; }), "");
  tpm.attest.safe = false;
  tpm.sign_attest();
  EXPECT_EQ(with([](TpmRules& rules) { rules.safe_required = true; }), "policy.safe");
  EXPECT_EQ(with([](TpmRules&) {}), "");
}

TEST_F(TpmPolicy, Sha1) {
  TestTpm old;
  old.ak = crypto::testing::TestKey::rsa(2048);
  old.scheme = crypto::SignatureScheme::kRsaPkcs1;
  old.hash = HashAlgorithm::kSha1;
  old.quote();
  EXPECT_EQ(under(old, [](TpmRules&) {}), "policy.sha1");
  EXPECT_EQ(under(old, [](TpmRules& rules) { rules.sha1_allowed = true; }), "");
  TestTpm bank;
  bank.attest.selections = {{TpmAlgorithm::kSha1, 3, 0xffff}};
  bank.quote();
  EXPECT_EQ(under(bank, [](TpmRules&) {}), "policy.sha1");
  EXPECT_EQ(under(bank, [](TpmRules& rules) { rules.sha1_allowed = true; }), "");
}

TEST_F(TpmPolicy, ImaAllowList) {
  const std::vector<ImaDigest> both = {{"sha256", Bytes(32, 0x11)}, {"sha256", Bytes(32, 0x22)}};
  EXPECT_EQ(under(tpm, [&](TpmRules& rules) { rules.ima_allowed = both; }), "");
  EXPECT_EQ(under(tpm, [&](TpmRules& rules) { rules.ima_allowed = {both[0]}; }), "ima.not-allowed");
  EXPECT_EQ(under(tpm, [&](TpmRules& rules) { rules.ima_allowed = {both[0], {"sha1", Bytes(32, 0x22)}}; }),
            "ima.not-allowed");
  EXPECT_EQ(under(tpm,
                  [&](TpmRules& rules) {
                    rules.ima_allowed = {both[0]};
                    rules.ima_excluded = {"/usr/"};
                  }),
            "");
  // What the kernel measured after the quote is the next appraisal's business.
  append(tpm.ima_list, evidence::ima_ng("/usr/bin/later", 0x33));
  tpm.quote();
  EXPECT_EQ(under(tpm, [&](TpmRules& rules) { rules.ima_allowed = both; }), "");
}

TEST_F(TpmPolicy, ImaCoveredBySha1OnlyHasToBeAllowed) {
  const auto needed = [](TpmRules& rules) { rules.ima_required = true; };
  const auto allowed = [](TpmRules& rules) { rules.ima_required = rules.sha1_allowed = true; };
  TestTpm bank;  // registers of the log in both banks, PCR 10 in SHA-1's only
  bank.attest.selections = {{TpmAlgorithm::kSha256, 3, 0xffff & ~(1u << 10)}, {TpmAlgorithm::kSha1, 3, 1u << 10}};
  bank.quote();
  EXPECT_EQ(under(bank, needed), "policy.sha1");
  EXPECT_EQ(under(bank, allowed), "");
  TestTpm padded;  // a kernel before 5.8
  padded.quote();
  const auto list = evidence::read_ima_log(padded.ima_quoted).value();
  for (evidence::PcrValue& value : padded.evidence.pcrs) {
    if (value.bank != TpmAlgorithm::kSha256 || value.index != evidence::kImaPcr) continue;
    value.value = evidence::replay_ima(list, value.bank, evidence::ImaStyle::kPaddedSha1);
  }
  padded.quote_values();
  EXPECT_EQ(under(padded, needed), "policy.sha1");
  EXPECT_EQ(under(padded, allowed), "");
}

TEST_F(TpmPolicy, NoFileIsABootAggregateByItsName) {
  const auto list = [](const Bytes& later) {
    TestTpm out;
    out.ima_list = evidence::ima_ng("boot_aggregate", 0xb0);
    append(out.ima_list, evidence::ima_ng("/init", 0x11));
    append(out.ima_list, later);
    out.ima_quoted = out.ima_list;
    out.log = evidence::TestEventLog();
    out.log.separator(0);
    out.attest.selections[0].mask = 1u << 10 | 1u;
    return out.quote();
  };
  const auto allow = [](TpmRules& rules) { rules.ima_allowed = {{"sha256", Bytes(32, 0x11)}}; };
  EXPECT_EQ(under(list(evidence::ima_ng("boot_aggregate", 0xb0)), allow), "") << "after a kexec";
  EXPECT_EQ(under(list(evidence::ima_ng("boot_aggregate", 0x66)), allow), "ima.not-allowed");
}

TEST_F(TpmPolicy, ImaNeedsAListThatTheQuoteCovers) {
  const auto needed = [](TpmRules& rules) { rules.ima_required = true; };
  EXPECT_EQ(under(tpm, needed), "");
  TestTpm without = tpm;
  without.evidence.ima_log.clear();
  EXPECT_EQ(under(without, needed), "ima.missing");
  TestTpm unselected = tpm;
  unselected.attest.selections[0].mask &= ~(1u << 10);
  unselected.quote();
  EXPECT_EQ(under(unselected, needed), "ima.missing");
  TestTpm nothing;
  nothing.ima_quoted = {};
  nothing.quote();
  EXPECT_EQ(under(nothing, needed), "ima.missing") << "a prefix of no entry";
}

TEST_F(TpmPolicy, ImaViolations) {
  append(tpm.ima_list, evidence::ima_record("ima-ng", evidence::ima_ng_data("sha256", Bytes(32), "/tmp/x"), Bytes(20)));
  tpm.ima_quoted = tpm.ima_list;
  tpm.quote();
  EXPECT_EQ(under(tpm, [](TpmRules& rules) { rules.ima_required = true; }), "ima.violation");
  EXPECT_EQ(under(tpm,
                  [](TpmRules& rules) {
                    rules.ima_required = true;
                    rules.ima_violations_allowed = true;
                  }),
            "");
}

constexpr std::string_view kName = "000b0101010101010101010101010101010101010101010101010101010101010101";

std::string policy_with(std::string_view lines) {
  return "version = 1\n[[allow]]\ntee = \"tpm\"\n" + std::string(lines);
}

TEST(TpmPolicyFile, ReadsEveryKey) {
  const std::string digest(64, 'a');
  const auto policy = parse_policy_toml(policy_with(
      "ak = [\"" + std::string(kName) + "\", \"" + digest + "\"]\nek = [\"" + digest + "\"]\nroot = \"" + digest +
      "\"\ncrl = \"optional\"\nsha1 = true\npcrs = { \"sha256.7\" = [\"" + digest +
      "\"], \"sha1.0\" = [\"0000000000000000000000000000000000000000\"] }\nrequired_pcrs = [\"sha256.10\"]\n"
      "event_log = true\nsecure_boot = true\nboot_image = [\"" +
      digest + "\"]\nkernel = [\"" + digest + "\"]\ninitrd = [\"" + digest +
      "\"]\ncommand_line = [\"quiet\"]\nmin_clock_ms = 1\nmin_reset_count = 2\n"
      "reset_count = 3\nmin_firmware = 4\nsafe = true\nima = true\nima_allow = [\"sha256:" +
      digest + "\"]\nima_exclude = [\"/run/\"]\nima_violations = true\n"));
  ASSERT_TRUE(policy.has_value()) << policy.error().what;
  const TpmRules& rules = policy->allow[0].tpm;
  EXPECT_EQ(rules.ak_names.size(), 1u);
  EXPECT_EQ(rules.aks.size(), 1u);
  EXPECT_EQ(rules.eks.size(), 1u);
  EXPECT_TRUE(rules.crl_optional && rules.sha1_allowed && rules.log_required && rules.secure_boot);
  ASSERT_EQ(rules.pcrs.size(), 3u);
  EXPECT_EQ(rules.pcrs[2].index, 10u);
  EXPECT_TRUE(rules.pcrs[2].values.empty());
  EXPECT_EQ(rules.boot_images.size() + rules.kernels.size() + rules.initrds.size() + rules.command_lines.size(), 4u);
  EXPECT_EQ(rules.min_clock_ms + rules.min_reset_count + *rules.reset_count + rules.min_firmware, 10u);
  EXPECT_TRUE(rules.safe_required && rules.ima_required && rules.ima_violations_allowed);
  EXPECT_EQ(rules.ima_allowed.size(), 1u);
  EXPECT_EQ(rules.ima_excluded.size(), 1u);
  EXPECT_FALSE(rules.any_ak);
}

TEST(TpmPolicyFile, RefusesWhatTrustsNobodyOrIsUnknown) {
  const std::string ak = "ak = [\"" + std::string(kName) + "\"]\n";
  ASSERT_TRUE(parse_policy_toml(policy_with(ak)).has_value());
  for (const std::string& lines : {std::string(""),
                                   std::string("ak = []\n"),
                                   std::string("ak = [\"00\"]\n"),
                                   std::string("ak = \"any\"\n"),
                                   std::string("ak = [\"000b00\"]\n"),
                                   ak + "ek = []\n",
                                   ak + "crl = \"never\"\n",
                                   ak + "measurement = \"any\"\n",
                                   ak + "pcrs = { \"sha256.24\" = [] }\n",
                                   ak + "pcrs = { \"md5.1\" = [\"00\"] }\n",
                                   ak + "pcrs = { \"sha256.1\" = [\"00\"] }\n",
                                   ak + "pcrs = { \"sha256.1\" = [] }\n",
                                   ak + "required_pcrs = [\"sha256\"]\n",
                                   ak + "required_pcrs = [\"sha256.x\"]\n",
                                   ak + "kernel = [\"00\"]\n",
                                   ak + "kernel = []\n",
                                   ak + "command_line = []\n",
                                   ak + "ima_allow = []\n",
                                   ak + "ima_allow = [\"00\"]\n",
                                   ak + "ima_allow = [\"sha256:00\"]\n",
                                   ak + "ima_exclude = [\"run/\"]\n",
                                   ak + "secure_boot = 1\n"}) {
    EXPECT_FALSE(parse_policy_toml(policy_with(lines))) << lines;
  }
}

}  // namespace
}  // namespace brume::appraisal

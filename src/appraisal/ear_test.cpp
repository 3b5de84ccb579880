#include "appraisal/ear.h"

#include <gtest/gtest.h>

#include "appraisal/test_platform.h"
#include "appraisal/test_tpm.h"

namespace brume::appraisal {
namespace {

Ear ear_of(TestPlatform& platform, const std::string& more = "") {
  platform.issue();
  Verifier verifier;
  verifier.add_collateral(platform.collateral());
  const Policy policy = platform.policy(more);
  return make_ear(verifier.examine(platform.evidence(), policy, platform.expected()), policy);
}

int claim(const Ear& ear, std::string_view name) {
  for (const EarClaim& claim : ear.claims) {
    if (claim.name == name) return claim.value;
  }
  return -1;
}

TEST(Ear, TiersFollowTheValues) {
  EXPECT_EQ(ear_tier(0), EarTier::kNone);
  EXPECT_EQ(ear_tier(1), EarTier::kNone);
  EXPECT_EQ(ear_tier(2), EarTier::kAffirming);
  EXPECT_EQ(ear_tier(31), EarTier::kAffirming);
  EXPECT_EQ(ear_tier(32), EarTier::kWarning);
  EXPECT_EQ(ear_tier(95), EarTier::kWarning);
  EXPECT_EQ(ear_tier(96), EarTier::kContraindicated);
  EXPECT_EQ(ear_tier_name(EarTier::kContraindicated), "contraindicated");
}

TEST(Ear, AffirmsWhatWasAcceptedAndSaysNothingOfTheRest) {
  TestPlatform platform;
  const Ear ear = ear_of(platform, "protections = []\n");
  EXPECT_EQ(ear.claims.size(), 8u);
  EXPECT_EQ(claim(ear, "hardware"), kEarGenuineHardware);
  EXPECT_EQ(claim(ear, "configuration"), kEarNoConfigurationVulnerabilities);
  EXPECT_EQ(claim(ear, "executables"), kEarApprovedRuntime);
  EXPECT_EQ(claim(ear, "instance-identity"), kEarNoClaim) << "no platform is named";
  EXPECT_EQ(claim(ear, "file-system"), kEarNoClaim);
  EXPECT_EQ(claim(ear, "storage-opaque"), kEarNoClaim);
  EXPECT_EQ(claim(ear, "sourced-data"), kEarNoClaim);
  EXPECT_EQ(claim(ear, "runtime-opaque"), kEarIsolatedMemory) << "a simulated platform";
  EXPECT_EQ(ear.status, EarTier::kWarning);
}

TEST(Ear, OutOfDateIsUnsafeHardwareWhetherAcceptedOrNot) {
  TestPlatform platform;
  platform.platform.pce_svn = 1;
  EXPECT_EQ(claim(ear_of(platform), "hardware"), kEarUnsafeHardware);
  const Ear accepted = ear_of(platform, "tcb_status = [\"OutOfDate\"]\n");
  EXPECT_EQ(claim(accepted, "hardware"), kEarUnsafeHardware);
  EXPECT_EQ(accepted.status, EarTier::kWarning);
}

TEST(Ear, ASignatureThatDoesNotVerifyIsACryptographicFailure) {
  TestPlatform platform;
  platform.quote_signer = &platform.stranger;
  const Ear ear = ear_of(platform);
  EXPECT_EQ(claim(ear, "hardware"), kEarCryptographicFailure);
  EXPECT_EQ(claim(ear, "executables"), kEarNoClaim) << "nothing is affirmed of what was refused";
  EXPECT_EQ(ear.status, EarTier::kContraindicated);
}

TEST(Ear, EachRuleSpoilsItsClaim) {
  TestPlatform debug;
  debug.report.attribute_flags |= evidence::kAttributeDebug;
  EXPECT_EQ(claim(ear_of(debug), "runtime-opaque"), kEarVisibleMemory);
  TestPlatform program;
  program.report.mr_enclave.bytes.fill(0x99);
  EXPECT_EQ(claim(ear_of(program), "executables"), kEarUnrecognizedRuntime);
  TestPlatform version;
  version.report.isv_svn = 2;
  EXPECT_EQ(claim(ear_of(version), "executables"), kEarUnsafeRuntime);
  TestPlatform revoked;
  revoked.pck_revoked = true;
  EXPECT_EQ(claim(ear_of(revoked), "hardware"), kEarContraindicatedHardware);
  TestPlatform bound;
  bound.report.report_data.bytes.fill(1);
  EXPECT_EQ(claim(ear_of(bound), "instance-identity"), kEarUnrecognizedInstance);
  TestPlatform configuration;
  configuration.tcb_levels[0].status = "ConfigurationNeeded";
  EXPECT_EQ(claim(ear_of(configuration), "configuration"), kEarUnsafeConfiguration);
}

// What a log calls a kernel, no digest covers; what is an image of firmware's, the register says.
TEST(Ear, AffirmsABootByImagesAndRegistersOnly) {
  TestTpm tpm;
  tpm.quote();
  const auto executables = [&](auto change) {
    Policy policy;
    policy.allow = {tpm.entry()};
    change(policy.allow[0].tpm);
    const Findings findings = tpm.examine(policy.allow[0]);
    EXPECT_TRUE(findings.refusals.empty());
    return claim(make_ear(findings, policy), "executables");
  };
  const auto sha256_of = [](std::string_view text) {
    return crypto::hash(crypto::HashAlgorithm::kSha256, evidence::text_bytes(text));
  };
  EXPECT_EQ(executables([&](TpmRules& rules) { rules.kernels = {sha256_of("kernel")}; }), kEarNoClaim);
  EXPECT_EQ(executables([&](TpmRules& rules) { rules.boot_images = {sha256_of("boot loader")}; }), kEarApprovedBoot);
}

TEST(Ear, ARuleThatNobodyKnowsIsHeldAgainstTheHardware) {
  Findings findings;
  refuse(findings.refusals, "some.new-rule", "", "", "");
  const Ear ear = make_ear(findings, {});
  EXPECT_EQ(claim(ear, "hardware"), kEarContraindicatedHardware);
}

}  // namespace
}  // namespace brume::appraisal

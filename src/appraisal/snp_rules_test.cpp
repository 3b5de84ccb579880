// For every rule of SEV-SNP: the good platform is accepted, and one that differs in just that is refused by it.
#include <gtest/gtest.h>

#include <algorithm>

#include "appraisal/snp_appraiser.h"
#include "appraisal/test_snp_platform.h"

namespace brume::appraisal {
namespace {

using P = TestSnpPlatform;
using Rules = std::vector<std::string>;
constexpr UnixMs kDay = P::kDay;

Rules rules_of(const Refusals& refusals) {
  Rules out;
  for (const Refusal& refusal : refusals) out.push_back(refusal.rule);
  return out;
}

Rules rules_for(P& platform, const Policy& policy) {
  platform.issue();
  Verifier verifier;
  verifier.add_snp_endorsements(platform.endorsements());
  return rules_of(verifier.examine(platform.evidence(), policy, platform.expected()).refusals);
}

Rules rules_for(P& platform, const std::string& more_policy = "") {
  return rules_for(platform, P::policy(more_policy));
}

TEST(SnpRules, AcceptsGoodPlatformAndTellsItsFacts) {
  P platform;
  platform.issue();
  Verifier verifier;
  verifier.add_snp_endorsements(platform.endorsements());
  Verdict verdict = verifier.appraise(platform.evidence(), P::policy(), platform.expected());
  ASSERT_TRUE(verdict.has_value()) << verdict.error().front().rule << ": " << verdict.error().front().got;
  const PeerFacts& facts = verdict->facts();
  EXPECT_EQ(facts.tee, Tee::kSevSnp);
  EXPECT_EQ(facts.image.hex(), P::repeated("1d", 32));
  EXPECT_EQ(facts.tcb_status, evidence::TcbStatus::kUpToDate);
  EXPECT_EQ(facts.root.hex(), P::root_hex());
  EXPECT_FALSE(facts.debug);
  EXPECT_NE(facts.platform, PlatformId{});
  ASSERT_TRUE(facts.snp.has_value());
  EXPECT_EQ(facts.snp->report.measurement.hex(), P::repeated("3e", 48));
  EXPECT_EQ(facts.snp->product, evidence::SnpProduct::kMilan);
  EXPECT_EQ(facts.snp->product_name, "Milan-B0");
  EXPECT_EQ(facts.snp->revocation, SnpRevocation::kChecked);
  EXPECT_FALSE(facts.snp->vlek);
}

TEST(SnpRules, AcceptsEveryProductVersionAndKey) {
  for (std::uint32_t version = 2; version <= 5; ++version) {
    P platform;
    platform.report.version = version;
    if (version == 2) platform.report.cpuid.reset();
    if (version == 5) platform.report.mitigations.emplace();
    EXPECT_EQ(rules_for(platform), Rules{}) << version;
  }
  P genoa;
  EXPECT_EQ(rules_for(genoa.become("Genoa")), Rules{});
  P turin;
  EXPECT_EQ(rules_for(turin.become("Turin")), Rules{});
  P vlek;
  EXPECT_EQ(rules_for(vlek.become_vlek()), Rules{});
  P masked;
  masked.report.chip_id = {};
  EXPECT_EQ(rules_for(masked), Rules{});
}

struct Case {
  const char* name;
  void (*change)(P&);
  Rules rules;
};

class SnpRule : public testing::TestWithParam<Case> {};

TEST_P(SnpRule, Refuses) {
  P platform;
  GetParam().change(platform);
  EXPECT_EQ(rules_for(platform), GetParam().rules);
}

const Case kCertificateCases[] = {
    {"ek_expired", [](P& p) { p.ek.not_after = p.now - kDay; }, {"snp.ek.expired"}},
    {"ek_from_the_future", [](P& p) { p.ek.not_before = p.now + kDay; }, {"snp.ek.not-yet-valid"}},
    {"ask_expired", [](P& p) { p.ask.not_after = p.now - kDay; }, {"snp.ask.expired"}},
    {"ask_from_the_future", [](P& p) { p.ask.not_before = p.now + kDay; }, {"snp.ask.not-yet-valid"}},
    {"ark_expired", [](P& p) { p.ark.not_after = p.now - kDay; }, {"snp.ark.expired"}},
    {"ark_from_the_future", [](P& p) { p.ark.not_before = p.now + kDay; }, {"snp.ark.not-yet-valid"}},
    {"ek_missing", [](P& p) { p.left_out = {"ek"}; }, {"snp.ek.missing"}},
    {"ask_missing", [](P& p) { p.left_out = {"ask"}; }, {"snp.ask.missing"}},
    {"ark_missing", [](P& p) { p.left_out = {"ark"}; }, {"snp.ark.missing"}},
    {"all_missing", [](P& p) { p.left_out = {"ark", "ask", "ek", "crl"}; }, {"snp.ek.missing"}},
    {"ek_names_another_ask", [](P& p) { p.ek.issuer = "SEV-Genoa"; }, {"snp.ask.missing"}},
    {"ask_names_another_ark", [](P& p) { p.ask.issuer = "ARK-Genoa"; }, {"snp.ark.missing"}},
    {"ek_by_a_stranger", [](P& p) { p.ek_signer = &P::keys().stranger; }, {"snp.ek.signature"}},
    {"ek_by_the_ark", [](P& p) { p.ek_signer = &P::keys().ark; }, {"snp.ek.signature"}},
    {"ask_by_a_stranger", [](P& p) { p.ask_signer = &P::keys().stranger; }, {"snp.ask.signature"}},
    {"ark_by_a_stranger", [](P& p) { p.ark_signer = &P::keys().stranger; }, {"snp.ark.signature"}},
    {"ark_that_names_another_issuer", [](P& p) { p.ark.issuer = "ARK-Root"; }, {"snp.ark.signature"}},
    {"ek_that_is_a_ca", [](P& p) { p.ek.ca = true; }, {"snp.ek.profile"}},
    {"ask_that_is_no_ca", [](P& p) { p.ask.ca = false; }, {"snp.ask.profile"}},
    {"ark_that_is_no_ca", [](P& p) { p.ark.ca = false; }, {"snp.ark.profile"}},
    {"ek_of_rsa", [](P& p) { p.ek_key = &P::keys().stranger; }, {"snp.ek.profile", "snp.signature"}},
    {"vcek_without_chip", [](P& p) { p.extensions.hw_id.reset(); }, {"snp.ek.profile"}},
    {"vcek_with_half_a_chip", [](P& p) { p.extensions.hw_id = Bytes(8, 0xc1); }, {"snp.ek.profile", "snp.chip"}},
    {"vcek_of_a_cloud", [](P& p) { p.extensions.csp_id = "cloud"; }, {"snp.ek.profile"}},
    {"vlek_by_a_stranger", [](P& p) { p.become_vlek().ek_signer = &P::keys().stranger; }, {"snp.ek.signature"}},
    {"vlek_with_chip", [](P& p) { p.become_vlek().extensions.hw_id = Bytes(64, 1); }, {"snp.ek.profile"}},
    {"vlek_without_cloud", [](P& p) { p.become_vlek().extensions.csp_id.reset(); }, {"snp.ek.profile"}},
    {"vlek_under_the_ask", [](P& p) { p.become_vlek(), p.ask.subject = p.ek.issuer = "SEV-Milan"; }, {"snp.ek.issuer"}},
    {"vcek_under_the_asvk", [](P& p) { p.ask.subject = p.ek.issuer = "SEV-VLEK-Milan"; }, {"snp.ek.issuer"}},
    {"vlek_for_a_vcek_report",
     [](P& p) { p.become_vlek().report.key_info.signing_key = evidence::SnpSigningKey::kVcek; },
     {"snp.ek.type"}},
    {"vcek_for_a_vlek_report",
     [](P& p) { p.report.key_info.signing_key = evidence::SnpSigningKey::kVlek; },
     {"snp.ek.type"}},
    {"ek_of_another_product", [](P& p) { p.extensions.product_name = "Genoa"; }, {"snp.ek.product", "snp.product"}},
    {"ek_of_no_known_product", [](P& p) { p.extensions.product_name = "Naples"; }, {"snp.ek.product", "snp.product"}},
    {"ask_of_another_product", [](P& p) { p.ask.subject = p.ek.issuer = "SEV-Genoa"; }, {"snp.ask.product"}},
    {"ask_revoked", [](P& p) { p.crl.revoked = {0x10001}; }, {"snp.ask.revoked"}},
    {"ark_revoked", [](P& p) { p.crl.revoked = {0x10000}; }, {"snp.ark.revoked"}},
    {"ek_revoked", [](P& p) { p.ek.serial = 0x55, p.crl.revoked = {0x55}; }, {"snp.ek.revoked"}},
    {"crl_missing", [](P& p) { p.left_out = {"crl"}; }, {"snp.crl.missing"}},
    {"crl_of_another_issuer", [](P& p) { p.crl.issuer = "ARK-Genoa"; }, {"snp.crl.missing"}},
    {"crl_expired", [](P& p) { p.crl.next_update = p.now - kDay / 2; }, {"snp.crl.expired"}},
    {"crl_from_the_future",
     [](P& p) { p.crl.this_update = p.now + kDay; },
     {"snp.crl.not-yet-valid", "snp.crl.missing"}},
    {"crl_by_a_stranger", [](P& p) { p.crl_signer = &P::keys().stranger; }, {"snp.crl.signature", "snp.crl.missing"}},
    {"crl_by_the_ask", [](P& p) { p.crl_signer = &P::keys().ask; }, {"snp.crl.signature", "snp.crl.missing"}},
};

const Case kReportCases[] = {
    {"signed_by_another_key", [](P& p) { p.report_signer = &P::keys().strange_ek; }, {"snp.signature"}},
    {"not_signed", [](P& p) { p.report.key_info.signing_key = evidence::SnpSigningKey::kNone; }, {"snp.signing-key"}},
    {"other_report_data", [](P& p) { p.bound = false; }, {"join.report-data"}},
    {"another_chip", [](P& p) { p.report.chip_id.bytes[63] ^= 1; }, {"snp.chip"}},
    {"turin_chip_with_a_tail", [](P& p) { p.become("Turin").report.chip_id.bytes[8] = 1; }, {"snp.chip"}},
    {"cpuid_of_genoa", [](P& p) { p.report.cpuid->model = 0x11; }, {"snp.product"}},
    {"cpuid_that_nobody_knows", [](P& p) { p.report.cpuid->family = 0x1b; }, {"snp.product"}},
    {"reported_above_committed", [](P& p) { p.report.committed_tcb[6] = 21; }, {"snp.tcb.order"}},
    {"committed_above_current", [](P& p) { p.report.current_tcb[7] = 209; }, {"snp.tcb.order"}},
    {"committed_firmware_above_current", [](P& p) { p.report.committed_firmware.build = 30; }, {"snp.firmware.order"}},
    {"debug", [](P& p) { p.report.policy.bits |= 1 << 19; }, {"policy.debug"}},
    {"migration", [](P& p) { p.report.policy.bits |= 1 << 18; }, {"policy.migration"}},
    {"cxl", [](P& p) { p.report.policy.bits |= 1 << 21; }, {"policy.cxl"}},
    {"vmpl", [](P& p) { p.report.vmpl = 1; }, {"policy.vmpl"}},
    {"asked_for_by_the_host", [](P& p) { p.report.vmpl = evidence::kSnpVmplHost; }, {"policy.vmpl"}},
    {"unknown_platform_info", [](P& p) { p.report.platform_info.bits |= 1 << 8; }, {"policy.platform-info"}},
    {"another_measurement", [](P& p) { p.report.measurement.bytes[0] ^= 1; }, {"policy.measurement"}},
    {"another_image", [](P& p) { p.report.host_data.bytes[0] ^= 1; }, {"policy.image"}},
    {"vlek_of_another_tcb", [](P& p) { p.become_vlek().report.reported_tcb[7] = 208; }, {"snp.tcb.reported"}},
    {"vlek_report_by_another_key",
     [](P& p) { p.become_vlek().report_signer = &P::keys().strange_ek; },
     {"snp.signature"}},
    {"turin_without_fmc", [](P& p) { p.become("Turin").extensions.spl[8].reset(); }, {"snp.tcb.format"}},
    {"milan_with_fmc", [](P& p) { p.extensions.spl[8] = 0; }, {"snp.tcb.format"}},
};

INSTANTIATE_TEST_SUITE_P(Certificates, SnpRule, testing::ValuesIn(kCertificateCases),
                         [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(Report, SnpRule, testing::ValuesIn(kReportCases),
                         [](const auto& info) { return std::string(info.param.name); });

// 57230: the key is derived from every component; a certificate of another TCB is of another key.
TEST(SnpRules, EveryComponentOfTheReportedTcbCounts) {
  for (const char* product : {"Milan", "Turin"}) {
    for (std::size_t i = 0; i < 8; ++i) {
      P platform;
      if (std::string(product) == "Turin") platform.become("Turin");
      ++platform.report.reported_tcb[i];
      for (auto* higher : {&platform.report.committed_tcb, &platform.report.current_tcb}) ++(*higher)[i];
      EXPECT_EQ(rules_for(platform), Rules{"snp.tcb.reported"}) << product << " component " << i;
    }
  }
}

TEST(SnpRules, RootIsOneThatThePolicyNames) {
  P platform;
  platform.issue();
  Verifier verifier;
  verifier.add_snp_endorsements(platform.endorsements());
  const auto rules = [&](const Policy& policy) {
    return rules_of(verifier.examine(platform.evidence(), policy, platform.expected()).refusals);
  };
  EXPECT_EQ(rules(P::policy()), Rules{});
  EXPECT_EQ(rules(Policy{}), Rules{"snp.root.unknown"});
  auto amd = parse_policy_toml("version = 1\n[[allow]]\ntee = \"sev-snp\"\n" + P::identity_keys());
  ASSERT_TRUE(amd.has_value()) << amd.error().what;
  EXPECT_EQ(amd->allow.front().roots, amd_roots());
  EXPECT_EQ(rules(*amd), Rules{"snp.root.unknown"});
}

TEST(SnpRules, UnreadableCrlIsRefusedAsSuch) {
  P platform;
  platform.issue();
  evidence::SnpEndorsements endorsements = platform.endorsements();
  endorsements.crls.front().pop_back();
  Verifier verifier;
  verifier.add_snp_endorsements(endorsements);
  const auto rules = [&](const std::string& more) {
    return rules_of(verifier.examine(platform.evidence(), P::policy(more), platform.expected()).refusals);
  };
  EXPECT_EQ(rules(""), (Rules{"snp.crl.format", "snp.crl.missing"}));
  EXPECT_EQ(rules("crl = \"optional\"\n"), Rules{"snp.crl.format"});
}

TEST(SnpRules, ReportThatDoesNotParseIsRefusedAsSuch) {
  P platform;
  platform.issue();
  Verifier verifier;
  verifier.add_snp_endorsements(platform.endorsements());
  platform.report_bytes[0x4c] = 1;
  EXPECT_EQ(rules_of(verifier.examine(platform.evidence(), P::policy(), platform.expected()).refusals),
            Rules{"snp.report.format"});
}

// What is optional is the list, not what it says.
TEST(SnpRules, OptionalCrlsMayBeMissingOrStaleButStillRevoke) {
  const std::string optional = "crl = \"optional\"\n";
  P missing;
  missing.left_out = {"crl"};
  EXPECT_EQ(rules_for(missing, optional), Rules{});
  P stale;
  stale.crl.next_update = stale.now - kDay / 2;
  EXPECT_EQ(rules_for(stale, optional), Rules{});
  stale.crl.revoked = {0x10001};
  EXPECT_EQ(rules_for(stale, optional), Rules{"snp.ask.revoked"});
  P forged;
  forged.crl_signer = &P::keys().stranger;
  EXPECT_EQ(rules_for(forged, optional), Rules{"snp.crl.signature"});
}

TEST(SnpAuthority, SignerMustNameItsRoot) {
  P platform;
  platform.ask.issuer = "Somebody";
  auto ask = read_snp_ca_certificate(platform.ask_certificate());
  auto ark = read_snp_ca_certificate(platform.ark_certificate());
  ASSERT_TRUE(ask && ark);
  EXPECT_EQ(rules_of(check_snp_authority(*ask, *ark).refusals), Rules{"snp.ask.issuer"});
}

}  // namespace
}  // namespace brume::appraisal

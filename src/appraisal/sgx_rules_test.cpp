// For every rule: the good platform is accepted, and one that differs in just that is refused by it.
#include <gtest/gtest.h>

#include <algorithm>

#include "appraisal/test_platform.h"

namespace brume::appraisal {
namespace {

std::vector<std::string> rules_of(const Refusals& refusals) {
  std::vector<std::string> out;
  for (const Refusal& refusal : refusals) out.push_back(refusal.rule);
  return out;
}

using Rules = std::vector<std::string>;

Rules rules_for(TestPlatform& platform, const std::string& more_policy = "") {
  platform.issue();
  Verdict verdict =
      appraise(platform.evidence(), platform.collateral(), platform.policy(more_policy), platform.expected());
  return verdict ? Rules{} : rules_of(verdict.error());
}

TEST(SgxRules, AcceptsGoodPlatformAndTellsItsFacts) {
  TestPlatform platform;
  platform.issue();
  Verdict verdict = appraise(platform.evidence(), platform.collateral(), platform.policy(), platform.expected());
  ASSERT_TRUE(verdict.has_value()) << verdict.error().front().rule;
  EXPECT_EQ(verdict->tee(), Tee::kSgxSim);
  EXPECT_EQ(verdict->measurement(), platform.report.mr_enclave);
  EXPECT_EQ(verdict->image().hex(), TestPlatform::repeated("1d"));
  EXPECT_EQ(verdict->signer(), platform.report.mr_signer);
  EXPECT_EQ(verdict->isv_svn(), 3);
  EXPECT_FALSE(verdict->debug());
  EXPECT_EQ(verdict->protections(), evidence::kAllProtections);
  EXPECT_EQ(verdict->tcb_status(), evidence::TcbStatus::kUpToDate);
  EXPECT_EQ(verdict->facts().tcb_date_ms, evidence::parse_time("2022-01-01T00:00:00Z"));
  EXPECT_EQ(verdict->facts().tcb_evaluation_data_number, 17u);
  EXPECT_EQ(verdict->role(), "worker");
  EXPECT_EQ(verdict->appraised_at_ms(), platform.now);
}

struct Case {
  const char* name;
  void (*change)(TestPlatform&);
  Rules rules;
};

class SgxRule : public testing::TestWithParam<Case> {};

TEST_P(SgxRule, Refuses) {
  TestPlatform platform;
  GetParam().change(platform);
  EXPECT_EQ(rules_for(platform), GetParam().rules);
}

constexpr UnixMs kDay = TestPlatform::kDay;
using P = TestPlatform;

const Case kCases[] = {
    {"pck_expired", [](P& p) { p.pck.not_after = p.now - kDay; }, {"sgx.pck.expired"}},
    {"pck_from_the_future", [](P& p) { p.pck.not_before = p.now + kDay; }, {"sgx.pck.not-yet-valid"}},
    {"ca_expired", [](P& p) { p.ca.not_after = p.now - kDay; }, {"sgx.pck-ca.expired"}},
    {"ca_from_the_future", [](P& p) { p.ca.not_before = p.now + kDay; }, {"sgx.pck-ca.not-yet-valid"}},
    {"root_expired", [](P& p) { p.root.not_after = p.now - kDay; }, {"sgx.root.expired"}},
    {"root_from_the_future", [](P& p) { p.root.not_before = p.now + kDay; }, {"sgx.root.not-yet-valid"}},
    {"tcb_signing_expired", [](P& p) { p.tcb_signing.not_after = p.now - kDay; }, {"sgx.tcb-signing.expired"}},
    {"tcb_signing_future", [](P& p) { p.tcb_signing.not_before = p.now + kDay; }, {"sgx.tcb-signing.not-yet-valid"}},
    {"pck_name", [](P& p) { p.pck.name = "Somebody"; }, {"sgx.pck.name"}},
    {"ca_name", [](P& p) { p.ca.name = "Somebody"; }, {"sgx.pck-ca.name"}},
    {"root_name", [](P& p) { p.root.name = "Somebody"; }, {"sgx.root.name"}},
    {"tcb_signing_name", [](P& p) { p.tcb_signing.name = "SGX PCK Certificate"; }, {"sgx.tcb-signing.name"}},
    {"pck_that_is_a_ca", [](P& p) { p.pck.ca = true; }, {"sgx.pck.profile"}},
    {"ca_that_is_none", [](P& p) { p.ca.ca = false; }, {"sgx.pck-ca.profile"}},
    {"tcb_signing_that_is_a_ca", [](P& p) { p.tcb_signing.ca = true; }, {"sgx.tcb-signing.profile"}},
    {"no_crl_distribution_point",
     [](P& p) { p.crl_url = ""; },
     {"sgx.pck.profile", "sgx.pck-ca.profile", "sgx.root.profile", "sgx.tcb-signing.profile"}},
    {"pck_of_another_ca", [](P& p) { p.pck_issuer = &p.stranger; }, {"sgx.pck.signature"}},
    {"ca_of_another_root", [](P& p) { p.ca_issuer = &p.stranger; }, {"sgx.pck-ca.signature"}},
    {"tcb_signing_of_another_root", [](P& p) { p.tcb_issuer = &p.stranger; }, {"sgx.tcb-signing.signature"}},
    {"root_crl_expired", [](P& p) { p.root_crl.next_update = p.now - 1000; }, {"sgx.root-crl.expired"}},
    {"root_crl_future", [](P& p) { p.root_crl.this_update = p.now + 1000; }, {"sgx.root-crl.not-yet-valid"}},
    {"root_crl_of_another", [](P& p) { p.root_crl.signer = &p.stranger; }, {"sgx.root-crl.signature"}},
    {"pck_crl_expired", [](P& p) { p.pck_crl.next_update = p.now - 1000; }, {"sgx.pck-crl.expired"}},
    {"pck_crl_future", [](P& p) { p.pck_crl.this_update = p.now + 1000; }, {"sgx.pck-crl.not-yet-valid"}},
    {"pck_crl_of_another", [](P& p) { p.pck_crl.signer = &p.stranger; }, {"sgx.pck-crl.signature"}},
    {"root_revoked", [](P& p) { p.root_revoked = true; }, {"sgx.root.revoked"}},
    {"ca_revoked", [](P& p) { p.ca_revoked = true; }, {"sgx.pck-ca.revoked"}},
    {"tcb_signing_revoked", [](P& p) { p.tcb_revoked = true; }, {"sgx.tcb-signing.revoked"}},
    {"pck_revoked", [](P& p) { p.pck_revoked = true; }, {"sgx.pck.revoked"}},
    {"tcb_info_of_another", [](P& p) { p.tcb_signer = &p.stranger; }, {"sgx.tcb-info.signature"}},
    {"tcb_info_by_pck", [](P& p) { p.tcb_signer = &p.pck_key; }, {"sgx.tcb-info.signature"}},
    {"tcb_info_expired", [](P& p) { p.tcb_next = p.now - 1000; }, {"sgx.tcb-info.expired"}},
    {"tcb_info_future", [](P& p) { p.tcb_issued = p.now + 1000; }, {"sgx.tcb-info.not-yet-valid"}},
    {"tcb_info_fmspc", [](P& p) { p.tcb_fmspc = "00606A000001"; }, {"sgx.tcb-info.fmspc"}},
    {"tcb_info_pceid", [](P& p) { p.tcb_pce_id = "0001"; }, {"sgx.tcb-info.pceid"}},
    {"tcb_info_unknown_id", [](P& p) { p.tcb_id = "XYZ"; }, {"sgx.tcb-info.format"}},
    {"tcb_info_unknown_status", [](P& p) { p.tcb_levels[1].status = "Fine"; }, {"sgx.tcb-info.format"}},
    {"tcb_info_no_levels", [](P& p) { p.tcb_levels.clear(); }, {"sgx.tcb-info.format"}},
    {"qe_identity_of_another", [](P& p) { p.qe_identity_signer = &p.stranger; }, {"sgx.qe-identity.signature"}},
    {"qe_identity_expired", [](P& p) { p.qe_next = p.now - 1000; }, {"sgx.qe-identity.expired"}},
    {"qe_identity_future", [](P& p) { p.qe_issued = p.now + 1000; }, {"sgx.qe-identity.not-yet-valid"}},
    {"qe_identity_of_td_qe", [](P& p) { p.qe_id = "TD_QE"; }, {"sgx.qe-identity.id"}},
    {"qe_signer", [](P& p) { p.qe_report.mr_signer.bytes[5] ^= 1; }, {"sgx.qe.signer"}},
    {"qe_product", [](P& p) { p.qe_report.isv_prod_id = 2; }, {"sgx.qe.product"}},
    {"qe_misc_select", [](P& p) { p.qe_report.misc_select = 1; }, {"sgx.qe.misc-select"}},
    {"qe_attributes",
     [](P& p) { p.qe_report.attribute_flags &= ~evidence::kAttributeProvisionKey; },
     {"sgx.qe.attributes"}},
    {"qe_debug",
     [](P& p) { p.qe_report.attribute_flags |= evidence::kAttributeDebug; },
     {"sgx.qe.attributes", "sgx.qe.debug"}},
    {"qe_debug_outside_mask",
     [](P& p) {
       p.qe_report.attribute_flags |= evidence::kAttributeDebug;
       p.qe_attributes_mask = "F9FFFFFFFFFFFFFF0000000000000000";
     },
     {"sgx.qe.debug"}},
    {"qe_svn_below_all", [](P& p) { p.qe_report.isv_svn = 0; }, {"sgx.qe.svn"}},
    {"qe_report_of_another", [](P& p) { p.qe_report_signer = &p.stranger; }, {"sgx.qe.signature"}},
    {"qe_report_data", [](P& p) { p.bind_attestation_key = false; }, {"sgx.qe.report-data"}},
    {"qe_report_data_tail", [](P& p) { p.qe_report.report_data.bytes[63] = 1; }, {"sgx.qe.report-data"}},
    {"quote_of_another", [](P& p) { p.quote_signer = &p.stranger; }, {"sgx.quote.signature"}},
    {"quote_version", [](P& p) { p.header.version = 6; }, {"sgx.quote.format"}},
    {"quote_key_type", [](P& p) { p.header.attestation_key_type = 3; }, {"sgx.quote.format"}},
    {"quote_vendor", [](P& p) { p.header.qe_vendor_id[3] ^= 1; }, {"sgx.quote.format"}},
    {"certification_type_3",
     [](P& p) { p.certification_type = evidence::CertificationType::kPpidRsa3072; },
     {"sgx.pck.missing"}},
    {"certification_type_4",
     [](P& p) { p.certification_type = evidence::CertificationType::kPckLeaf; },
     {"sgx.pck.missing"}},
    {"certification_type_6",
     [](P& p) { p.certification_type = evidence::CertificationType::kQeReport; },
     {"sgx.quote.format"}},
    {"chain_with_other_text", [](P& p) { p.chain_tail = "x"; }, {"sgx.pck.format"}},
    {"tcb_out_of_date", [](P& p) { p.platform.component_svns[1] = 1; }, {"sgx.tcb.status"}},
    {"tcb_out_of_date_by_pce", [](P& p) { p.platform.pce_svn = 1; }, {"sgx.tcb.status"}},
    {"tcb_below_all", [](P& p) { p.platform.pce_svn = 0; }, {"sgx.tcb.level"}},
    {"tcb_revoked", [](P& p) { p.tcb_levels[0].status = "Revoked"; }, {"sgx.tcb.status"}},
    {"qe_out_of_date", [](P& p) { p.qe_report.isv_svn = 1; }, {"sgx.tcb.status"}},
    {"measurement", [](P& p) { p.report.mr_enclave.bytes[31] ^= 1; }, {"policy.measurement"}},
    {"signer", [](P& p) { p.report.mr_signer.bytes[0] ^= 1; }, {"policy.signer"}},
    {"image", [](P& p) { p.report.config_id[0] ^= 1; }, {"policy.image"}},
    {"image_with_tail", [](P& p) { p.report.config_id[63] = 1; }, {"policy.image"}},
    {"image_with_config_svn", [](P& p) { p.report.config_svn = 1; }, {"policy.image"}},
    {"isv_svn", [](P& p) { p.report.isv_svn = 2; }, {"policy.isv-svn"}},
    {"product", [](P& p) { p.report.isv_prod_id = 8; }, {"policy.product"}},
    {"debug", [](P& p) { p.report.attribute_flags |= evidence::kAttributeDebug; }, {"policy.debug"}},
    {"protection", [](P& p) { p.report.cpu_svn[2] = 0; }, {"policy.protection"}},
    {"unknown_protection", [](P& p) { p.report.cpu_svn[15] = 1; }, {"policy.protection"}},
    {"report_data", [](P& p) { p.report.report_data.bytes[63] ^= 1; }, {"join.report-data"}},
    {"two_reasons",
     [](P& p) {
       p.pck_revoked = true;
       p.report.mr_enclave.bytes[0] ^= 1;
     },
     {"sgx.pck.revoked", "policy.measurement"}},
};

INSTANTIATE_TEST_SUITE_P(One, SgxRule, testing::ValuesIn(kCases), [](const auto& info) { return info.param.name; });

TEST(SgxRules, AcceptsRealQuirks) {
  TestPlatform root_in_the_middle;
  root_in_the_middle.root_before_ca = true;
  EXPECT_EQ(rules_for(root_in_the_middle), Rules{});
  TestPlatform nul_after_the_chain;
  nul_after_the_chain.chain_tail = std::string(1, '\0');
  EXPECT_EQ(rules_for(nul_after_the_chain), Rules{});
  TestPlatform no_auth_data;
  no_auth_data.qe_auth_data.clear();
  EXPECT_EQ(rules_for(no_auth_data), Rules{});
  TestPlatform extension;
  extension.pck_extra = crypto::Extension{"1.3.6.1.4.1.99999.1", false, Bytes{5, 0}};
  EXPECT_EQ(rules_for(extension), Rules{});
  TestPlatform instance;
  instance.platform.platform_instance_id = ByteArray<16>{1};
  instance.platform.configuration = evidence::PckConfiguration{true, false, true};
  EXPECT_EQ(rules_for(instance), Rules{});
}

TEST(SgxRules, TakesBothEndsOfEveryWindow) {
  TestPlatform platform;
  platform.issue();
  auto policy = platform.policy();
  auto collateral = platform.collateral();
  auto at = [&](UnixMs now) {
    Expected expected = platform.expected();
    expected.now_ms = now;
    return appraise(platform.evidence(), collateral, policy, expected).has_value();
  };
  EXPECT_TRUE(at(platform.tcb_next));
  EXPECT_TRUE(at(platform.tcb_next + 999));
  EXPECT_FALSE(at(platform.tcb_next + 1000));
  EXPECT_TRUE(at(platform.tcb_issued));
  EXPECT_FALSE(at(platform.tcb_issued - 1));
}

TEST(SgxRules, RefusesRootThatPolicyDoesNotName) {
  TestPlatform platform;
  TestPlatform other;
  platform.issue();
  Verdict verdict = appraise(platform.evidence(), platform.collateral(), other.policy(), platform.expected());
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(rules_of(verdict.error()), Rules{"sgx.root.unknown"});
}

// Two [[allow]] entries with two roots: each admits what it names, under its own root only.
TEST(SgxRules, DoesNotMixEntriesOfTwoRoots) {
  TestPlatform platform;
  TestPlatform other;
  platform.issue();
  std::string second = other.policy_text();
  second = second.substr(second.find("[[allow]]"));
  second.replace(second.find(TestPlatform::repeated("e1")), 64, TestPlatform::repeated("aa"));
  platform.report.mr_enclave.bytes.fill(0xaa);
  Verdict verdict = appraise(platform.evidence(), platform.collateral(), platform.policy(second), platform.expected());
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().size(), 1u);
}

TEST(SgxRules, NamesEachMissingPartOfCollateral) {
  TestPlatform platform;
  platform.issue();
  struct Part {
    std::string evidence::Collateral::* field;
    const char* rule;
  };
  const Part parts[] = {{&evidence::Collateral::root_crl, "sgx.root-crl.missing"},
                        {&evidence::Collateral::pck_crl, "sgx.pck-crl.missing"},
                        {&evidence::Collateral::tcb_info, "sgx.tcb-info.missing"},
                        {&evidence::Collateral::tcb_info_issuer_chain, "sgx.tcb-info-chain.missing"},
                        {&evidence::Collateral::qe_identity, "sgx.qe-identity.missing"},
                        {&evidence::Collateral::qe_identity_issuer_chain, "sgx.qe-identity-chain.missing"}};
  for (const Part& part : parts) {
    auto collateral = platform.collateral();
    (collateral.*part.field).clear();
    Verdict verdict = appraise(platform.evidence(), collateral, platform.policy(), platform.expected());
    ASSERT_FALSE(verdict.has_value()) << part.rule;
    EXPECT_EQ(rules_of(verdict.error()), Rules{part.rule});
  }
  Verdict none = Verifier().appraise(platform.evidence(), platform.policy(), platform.expected());
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(rules_of(none.error()), Rules{"sgx.collateral.missing"});
}

TEST(SgxRules, RefusesAllFlippedPartsOfCollateral) {
  TestPlatform platform;
  platform.issue();
  const auto good = platform.collateral();
  std::string evidence::Collateral::* const fields[] = {&evidence::Collateral::root_crl, &evidence::Collateral::pck_crl,
                                                        &evidence::Collateral::tcb_info,
                                                        &evidence::Collateral::qe_identity};
  for (auto field : fields) {
    for (std::size_t at = 0; at < (good.*field).size(); at += 13) {
      auto collateral = good;
      (collateral.*field)[at] = static_cast<char>((collateral.*field)[at] ^ (1 << at % 8));
      Verdict verdict = appraise(platform.evidence(), collateral, platform.policy(), platform.expected());
      // Hex digits of a signature may change their case and stay the same number.
      bool same = std::ranges::equal(good.*field, collateral.*field,
                                     [](char a, char b) { return std::tolower(a) == std::tolower(b); });
      EXPECT_TRUE(!verdict.has_value() || same) << at;
    }
  }
}

}  // namespace
}  // namespace brume::appraisal

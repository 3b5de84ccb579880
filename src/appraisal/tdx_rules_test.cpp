// For every rule that only TDs have: the good platform is accepted, and one that differs in just that is refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "appraisal/test_td_platform.h"

namespace brume::appraisal {
namespace {

using Rules = std::vector<std::string>;
using P = TestTdPlatform;
using evidence::TcbStatus;

Findings findings_of(TestTdPlatform& platform, const std::string& more_policy = "") {
  platform.issue();
  Verifier verifier;
  verifier.add_collateral(platform.collateral());
  return verifier.examine(platform.evidence(), platform.policy(more_policy), platform.expected());
}

Rules rules_of(const Refusals& refusals) {
  Rules out;
  for (const Refusal& refusal : refusals) out.push_back(refusal.rule);
  return out;
}

Rules rules_for(TestTdPlatform& platform, const std::string& more_policy = "") {
  return rules_of(findings_of(platform, more_policy).refusals);
}

TEST(TdxRules, AcceptsGoodPlatformAndTellsItsFacts) {
  TestTdPlatform platform;
  platform.issue();
  Verdict verdict = appraise(platform.evidence(), platform.collateral(), platform.policy(), platform.expected());
  ASSERT_TRUE(verdict.has_value()) << verdict.error().front().rule;
  EXPECT_EQ(verdict->tee(), Tee::kTdx);
  EXPECT_EQ(verdict->image().hex(), TestPlatform::repeated("1d"));
  EXPECT_FALSE(verdict->debug());
  EXPECT_EQ(verdict->tcb_status(), TcbStatus::kUpToDate);
  const PeerFacts& facts = verdict->facts();
  EXPECT_EQ(facts.tdx->report, *platform.td);
  EXPECT_EQ(facts.dcap->quote_version, 5);
  EXPECT_EQ(facts.dcap->pck, platform.platform);
  EXPECT_EQ(facts.tdx->module_tcb->status, TcbStatus::kUpToDate);
  EXPECT_EQ(facts.tdx->launch_status, TcbStatus::kUpToDate);
  EXPECT_EQ(facts.tdx->current_status, TcbStatus::kUpToDate);
  EXPECT_EQ(facts.tcb_date_ms, evidence::parse_time("2022-01-01T00:00:00Z"));
  EXPECT_EQ(facts.advisories, Rules{});
}

TEST(TdxRules, AcceptsEveryFormOfQuote) {
  TestTdPlatform version_4;
  version_4.version_4();
  EXPECT_EQ(rules_for(version_4), Rules{});
  TestTdPlatform old_body;
  old_body.td->v15.reset();
  EXPECT_EQ(rules_for(old_body), Rules{});
  TestTdPlatform new_body;
  new_body.td->v15_ex.emplace();
  EXPECT_EQ(rules_for(new_body), Rules{});
  TestTdPlatform module_0;
  module_0.set_svns({9, 0, 6});
  module_0.tcb_levels[0].tdx_svns = {9, 0, 6};
  EXPECT_EQ(rules_for(module_0, ""), Rules{"policy.tee-tcb-svn"});
}

struct Case {
  const char* name;
  void (*change)(TestTdPlatform&);
  Rules rules;
};

class TdxRule : public testing::TestWithParam<Case> {};

TEST_P(TdxRule, Refuses) {
  TestTdPlatform platform;
  GetParam().change(platform);
  EXPECT_EQ(rules_for(platform), GetParam().rules);
}

evidence::TdRegister register_of(std::uint8_t byte) {
  evidence::TdRegister out;
  out.bytes.fill(byte);
  return out;
}

const Case kCases[] = {
    {"module_without_identity", [](P& p) { p.tdx_modules.pop_back(); }, {"tdx.module.identity"}},
    {"module_of_another_signer", [](P& p) { p.tdx_modules[1].mr_signer.bytes[47] = 1; }, {"tdx.module.signer"}},
    {"module_0_of_another_signer",
     [](P& p) {
       p.set_svns({9, 0, 6});
       p.tcb_levels[0].tdx_svns = {9, 0, 6};
       p.tdx_module.mr_signer.bytes[0] = 1;
     },
     {"tdx.module.signer", "policy.tee-tcb-svn"}},
    {"module_attributes", [](P& p) { p.td->seam_attributes = 1; }, {"tdx.module.attributes"}},
    {"module_attributes_of_identity",
     [](P& p) { p.tdx_modules[1].attributes = "0100000000000000"; },
     {"tdx.module.attributes"}},
    {"module_attributes_of_both",
     [](P& p) {
       p.td->seam_attributes = 1;
       p.tdx_modules[1].attributes = "0100000000000000";
     },
     {"tdx.module.attributes"}},
    {"module_svn_below_all", [](P& p) { p.tdx_modules[1].levels = {{5, "UpToDate", ""}}; }, {"tdx.module.svn"}},
    {"module_out_of_date", [](P& p) { p.tdx_modules[1].levels[0].svn = 5; }, {"sgx.tcb.status"}},
    {"module_revoked", [](P& p) { p.tdx_modules[1].levels[0].status = "Revoked"; }, {"sgx.tcb.status"}},
    {"module_status_that_none_has",
     [](P& p) { p.tdx_modules[1].levels[1].status = "ConfigurationNeeded"; },
     {"sgx.tcb-info.format"}},
    {"module_without_levels", [](P& p) { p.tdx_modules[0].levels.clear(); }, {"sgx.tcb-info.format"}},
    {"tcb_of_microcode", [](P& p) { p.tcb_levels[0].tdx_svns[2] = 7; }, {"sgx.tcb.status"}},
    {"tcb_below_all", [](P& p) { p.tcb_levels = {{2, "UpToDate", "", {0, 0, 7}}}; }, {"sgx.tcb.level"}},
    {"tcb_of_platform", [](P& p) { p.platform.component_svns[1] = 1; }, {"sgx.tcb.status"}},
    {"tcb_of_pce", [](P& p) { p.platform.pce_svn = 0; }, {"sgx.tcb.level"}},
    {"tcb_revoked_though_module_is_current", [](P& p) { p.tcb_levels[0].status = "Revoked"; }, {"sgx.tcb.status"}},
    {"tcb_of_module_0_counts_all_components",
     [](P& p) {
       p.set_svns({8, 0, 6});
       p.tcb_levels = {{2, "UpToDate", "", {9, 0, 6}}};
     },
     {"sgx.tcb.level", "policy.tee-tcb-svn"}},
    {"tcb_current_below_all", [](P& p) { p.td->v15->tee_tcb_svn2 = {4, 1, 4}; }, {"tdx.tcb.current-level"}},
    {"tcb_current_module_unknown", [](P& p) { p.td->v15->tee_tcb_svn2 = {4, 2, 6}; }, {"tdx.tcb.current-level"}},
    {"tcb_info_of_sgx", [](P& p) { p.tcb_id = "SGX"; }, {"sgx.tcb-info.id"}},
    {"qe_identity_of_sgx", [](P& p) { p.qe_id = "QE"; }, {"sgx.qe-identity.id"}},
    {"qe_identity_of_qve", [](P& p) { p.qe_id = "QVE"; }, {"sgx.qe-identity.id"}},
    {"qe_of_sgx", [](P& p) { p.qe_report.isv_prod_id = 1; }, {"sgx.qe.product"}},
    {"qe_signer", [](P& p) { p.qe_report.mr_signer.bytes[0] ^= 1; }, {"sgx.qe.signer"}},
    {"qe_svn_below_all", [](P& p) { p.qe_report.isv_svn = 0; }, {"sgx.qe.svn"}},
    {"qe_out_of_date", [](P& p) { p.qe_report.isv_svn = 1; }, {"sgx.tcb.status"}},
    {"qe_report_of_another", [](P& p) { p.qe_report_signer = &p.stranger; }, {"sgx.qe.signature"}},
    {"qe_report_data", [](P& p) { p.bind_attestation_key = false; }, {"sgx.qe.report-data"}},
    {"quote_of_another", [](P& p) { p.quote_signer = &p.stranger; }, {"sgx.quote.signature"}},
    {"quote_version_3", [](P& p) { p.header.version = 3; }, {"sgx.quote.format"}},
    {"quote_version_4_with_body_1_5", [](P& p) { p.header.version = 4; }, {"sgx.quote.format"}},
    {"quote_of_an_enclave", [](P& p) { p.header.tee_type = evidence::TeeType::kSgx; }, {"sgx.quote.format"}},
    {"certification_type_3",
     [](P& p) { p.certification_type = evidence::CertificationType::kPpidRsa3072; },
     {"sgx.pck.missing"}},
    {"certification_type_7",
     [](P& p) { p.certification_type = evidence::CertificationType::kPlatformManifest; },
     {"sgx.pck.missing"}},
    {"pck_revoked", [](P& p) { p.pck_revoked = true; }, {"sgx.pck.revoked"}},
    {"tcb_info_expired", [](P& p) { p.tcb_next = p.now - 1000; }, {"sgx.tcb-info.expired"}},
    {"tcb_info_fmspc", [](P& p) { p.tcb_fmspc = "00606A000001"; }, {"sgx.tcb-info.fmspc"}},
    {"measurement", [](P& p) { p.td->mr_td.bytes[0] ^= 1; }, {"policy.measurement"}},
    {"image", [](P& p) { p.td->mr_config_id.bytes[0] ^= 1; }, {"policy.image"}},
    {"image_with_tail", [](P& p) { p.td->mr_config_id.bytes[47] = 1; }, {"policy.image"}},
    {"rtmr0", [](P& p) { p.td->rtmr[0].bytes[0] ^= 1; }, {"policy.rtmr0"}},
    {"rtmr1", [](P& p) { p.td->rtmr[1].bytes[0] ^= 1; }, {"policy.rtmr1"}},
    {"rtmr2", [](P& p) { p.td->rtmr[2].bytes[0] ^= 1; }, {"policy.rtmr2"}},
    {"rtmr3", [](P& p) { p.td->rtmr[3].bytes[0] ^= 1; }, {"policy.rtmr3"}},
    {"mr_owner", [](P& p) { p.td->mr_owner.bytes[0] ^= 1; }, {"policy.mr-owner"}},
    {"mr_owner_config", [](P& p) { p.td->mr_owner_config.bytes[0] ^= 1; }, {"policy.mr-owner-config"}},
    {"mr_seam", [](P& p) { p.td->mr_seam.bytes[0] ^= 1; }, {"policy.mr-seam"}},
    {"mr_signer_seam",
     [](P& p) { p.td->mr_signer_seam = p.tdx_modules[1].mr_signer = register_of(7); },
     {"policy.mr-signer-seam"}},
    {"min_tee_tcb_svn",
     [](P& p) {
       p.set_svns({4, 1, 5});
       p.tcb_levels[0].tdx_svns[2] = 5;
     },
     {"policy.tee-tcb-svn"}},
    {"sept_ve_disable", [](P& p) { p.td->td_attributes = 0; }, {"policy.sept-ve-disable"}},
    {"migratable", [](P& p) { p.td->td_attributes |= evidence::kTdAttributeMigratable; }, {"policy.migratable"}},
    {"reserved_attribute", [](P& p) { p.td->td_attributes |= 1u << 8; }, {"policy.td-attributes"}},
    {"debug", [](P& p) { p.td->td_attributes |= evidence::kTdAttributeDebug; }, {"policy.debug"}},
    {"under_debug", [](P& p) { p.td->td_attributes |= 1u << 4; }, {"policy.debug"}},
    {"service_td", [](P& p) { p.td->v15->mr_service_td.bytes[0] = 1; }, {"policy.service-td"}},
    {"service_td_at_first",
     [](P& p) { p.td->v15_ex.emplace().init_service_td_hash.bytes[0] = 1; },
     {"policy.service-td"}},
    {"service_td_now",
     [](P& p) { p.td->v15_ex.emplace().current_service_td_hash.bytes[0] = 1; },
     {"policy.service-td"}},
    {"report_data", [](P& p) { p.td->report_data.bytes[63] ^= 1; }, {"join.report-data"}},
};

INSTANTIATE_TEST_SUITE_P(One, TdxRule, testing::ValuesIn(kCases), [](const auto& info) { return info.param.name; });

// What each key of the policy lets in, and nothing else.
TEST(TdxRules, PolicyWidensWhatIsAccepted) {
  struct Widening {
    void (*change)(TestTdPlatform&);
    const char* more;
  };
  const std::string named = "mr_service_td = [\"" + TestPlatform::repeated("07", 48) + "\"]\n";
  const Widening cases[] = {
      {[](P& p) { p.td->td_attributes = 0; }, "sept_ve_disable = false\n"},
      {[](P& p) { p.td->td_attributes |= evidence::kTdAttributeMigratable; }, "migratable = true\n"},
      {[](P& p) { p.td->td_attributes |= 1ull << 40; }, "reserved_attributes = true\n"},
      {[](P& p) { p.td->td_attributes |= evidence::kTdAttributeDebug; }, "debug = true\n"},
      {[](P& p) { p.td->v15->mr_service_td = register_of(7); }, "mr_service_td = \"any\"\n"},
      {[](P& p) { p.td->v15->mr_service_td = register_of(7); }, named.c_str()},
      {[](P& p) { p.qe_report.isv_svn = 1; }, "tcb_status = [\"OutOfDate\"]\n"},
  };
  for (const Widening& widening : cases) {
    TestTdPlatform platform;
    widening.change(platform);
    EXPECT_EQ(rules_for(platform).size(), 1u) << widening.more;
    EXPECT_EQ(rules_for(platform, widening.more), Rules{}) << widening.more;
  }
}

TEST(TdxRules, GenuineAsksForNothingElse) {
  TestTdPlatform platform;
  platform.td->td_attributes = evidence::kTdAttributeMigratable | 1u << 8;
  platform.td->v15->mr_service_td.bytes[0] = 1;
  platform.issue();
  Policy policy = platform.policy();
  policy.allow[0].any_image = true;
  EXPECT_FALSE(appraise(platform.evidence(), platform.collateral(), policy, platform.expected()).has_value());
  policy.allow[0].tdx = genuine_tdx();
  EXPECT_TRUE(appraise(platform.evidence(), platform.collateral(), policy, platform.expected()).has_value());
}

// One verifier holds collateral of both TEEs of one platform: each quote gets its own.
TEST(TdxRules, PicksTheBundleOfItsTee) {
  TestTdPlatform td;
  td.issue();
  TestPlatform& enclave = td;
  Verifier verifier;
  const Bytes td_evidence = td.evidence();
  const Policy td_policy = td.policy();
  verifier.add_collateral(td.collateral());
  td.td.reset();
  td.header = {};
  td.tcb_id = "SGX";
  td.qe_id = "QE";
  td.qe_product = 1;
  td.qe_report.isv_prod_id = 1;
  verifier.add_collateral(enclave.collateral());
  EXPECT_TRUE(verifier.appraise(enclave.evidence(), enclave.policy(), enclave.expected()).has_value());
  EXPECT_TRUE(verifier.appraise(td_evidence, td_policy, td.expected()).has_value());
}

// Enclaves may be quoted in versions 4 and 5, too.
TEST(SgxRules, AcceptsEveryVersionOfQuote) {
  for (std::uint16_t version : std::array<std::uint16_t, 3>{3, 4, 5}) {
    TestPlatform platform;
    platform.header.version = version;
    platform.issue();
    EXPECT_TRUE(
        appraise(platform.evidence(), platform.collateral(), platform.policy(), platform.expected()).has_value())
        << version;
  }
}

TEST(EvidenceType, RefusesAQuoteOfTheOtherTee) {
  TestTdPlatform platform;
  platform.issue();
  auto rules = [&](std::string_view type, const Bytes& quote) {
    Verdict verdict =
        appraise(evidence::encode_cmw(type, quote), platform.collateral(), platform.policy(), platform.expected());
    return verdict ? Rules{} : rules_of(verdict.error());
  };
  EXPECT_EQ(rules(evidence::kTypeSgxQuote, platform.quote()), Rules{"sgx.quote.tee"});
  EXPECT_EQ(rules(evidence::kTypeTdxQuote, TestPlatform().issue().quote()), Rules{"sgx.quote.tee"});
}

}  // namespace
}  // namespace brume::appraisal

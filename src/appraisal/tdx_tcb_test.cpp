// What platform, QE and TDX module amount to together, and what a TD that outlived an update amounts to.
#include <gtest/gtest.h>

#include "appraisal/test_td_platform.h"

namespace brume::appraisal {
namespace {

using Rules = std::vector<std::string>;
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

struct Tcb {
  const char* platform;
  const char* qe;
  const char* module;
  TcbStatus status;
};

// Intel QVL, EvaluateTcb: any component that is out of date or revoked pulls the platform down.
TEST(TdxTcb, ConvergesPlatformQeAndModule) {
  using enum TcbStatus;
  const Tcb cases[] = {
      {"UpToDate", "UpToDate", "UpToDate", kUpToDate},
      {"UpToDate", "OutOfDate", "UpToDate", kOutOfDate},
      {"UpToDate", "UpToDate", "OutOfDate", kOutOfDate},
      {"SWHardeningNeeded", "UpToDate", "OutOfDate", kOutOfDate},
      {"SWHardeningNeeded", "UpToDate", "UpToDate", kSwHardeningNeeded},
      {"ConfigurationNeeded", "UpToDate", "OutOfDate", kOutOfDateConfigurationNeeded},
      {"ConfigurationAndSWHardeningNeeded", "OutOfDate", "UpToDate", kOutOfDateConfigurationNeeded},
      {"OutOfDate", "UpToDate", "UpToDate", kOutOfDate},
      {"OutOfDateConfigurationNeeded", "OutOfDate", "OutOfDate", kOutOfDateConfigurationNeeded},
      {"UpToDate", "UpToDate", "Revoked", kRevoked},
      {"UpToDate", "Revoked", "OutOfDate", kRevoked},
      {"Revoked", "UpToDate", "UpToDate", kRevoked},
  };
  for (const Tcb& tcb : cases) {
    TestTdPlatform platform;
    platform.version_4();
    platform.tcb_levels[0].status = tcb.platform;
    platform.qe_levels[0].status = tcb.qe;
    platform.tdx_modules[1].levels[0].status = tcb.module;
    Findings findings = findings_of(platform);
    EXPECT_TRUE(findings.tcb_known);
    EXPECT_EQ(findings.facts_unverified.tcb_status, tcb.status) << tcb.platform << " " << tcb.qe << " " << tcb.module;
  }
}

TEST(TdxTcb, GathersAdvisoriesAndTheEarliestDateOfAllComponents) {
  TestTdPlatform platform;
  platform.version_4();
  platform.td->tee_tcb_svn = {2, 1, 5};
  platform.qe_report.isv_svn = 1;
  platform.tdx_modules[1].levels[1].advisory = "TEST-SA-1";  // the platform's, too: named once
  Findings findings = findings_of(platform);
  ASSERT_TRUE(findings.tcb_known);
  EXPECT_EQ(findings.facts_unverified.advisories, (Rules{"TEST-SA-1", "TEST-SA-2"}));
  EXPECT_EQ(findings.facts_unverified.tcb_date_ms, evidence::parse_time("2021-01-01T00:00:00Z"));
  EXPECT_EQ(findings.facts_unverified.tdx->module_tcb->date_ms, evidence::parse_time("2022-01-01T00:00:00Z"));
}

struct Relaunch {
  evidence::TeeTcbSvn launch;
  evidence::TeeTcbSvn current;
  const char* newest;  // status of the platform's newest level
  TcbStatus status;
};

// Intel QVL, TDRelaunchCheck (2026): both TCBs are evaluated in full, and only an old launch on what is current
// now asks for a relaunch.
TEST(TdxTcb, AdvisesRelaunch) {
  using enum TcbStatus;
  const Relaunch cases[] = {
      {{4, 1, 6}, {4, 1, 6}, "UpToDate", kUpToDate},
      {{2, 1, 6}, {4, 1, 6}, "UpToDate", kTdRelaunchAdvised},  // module
      {{4, 1, 5}, {4, 1, 6}, "UpToDate", kTdRelaunchAdvised},  // microcode
      {{2, 1, 5}, {4, 1, 6}, "SWHardeningNeeded", kTdRelaunchAdvised},
      {{4, 1, 5}, {4, 1, 6}, "ConfigurationNeeded", kTdRelaunchAdvisedConfigurationNeeded},
      {{2, 1, 6}, {4, 1, 6}, "ConfigurationNeeded", kTdRelaunchAdvisedConfigurationNeeded},
      {{2, 1, 6}, {4, 1, 6}, "ConfigurationAndSWHardeningNeeded", kTdRelaunchAdvisedConfigurationNeeded},
      {{2, 1, 6}, {2, 1, 6}, "UpToDate", kOutOfDate},
      {{2, 1, 6}, {4, 1, 5}, "UpToDate", kOutOfDate},
      {{4, 1, 6}, {2, 1, 6}, "UpToDate", kUpToDate},
      {{2, 1, 6}, {1, 3, 6}, "UpToDate", kTdRelaunchAdvised},  // another version of the module
      {{2, 1, 6}, {4, 1, 6}, "Revoked", kRevoked},
  };
  for (const Relaunch& relaunch : cases) {
    TestTdPlatform platform;
    platform.set_svns(relaunch.launch, relaunch.current);
    platform.tcb_levels[0].status = relaunch.newest;
    Findings findings = findings_of(platform);
    EXPECT_TRUE(findings.tcb_known);
    EXPECT_EQ(findings.facts_unverified.tcb_status, relaunch.status)
        << to_hex(relaunch.launch) << " " << to_hex(relaunch.current) << " " << relaunch.newest;
  }
}

// A QE that is out of date is so in both TCBs: starting the TD anew would not help.
TEST(TdxTcb, DoesNotAdviseRelaunchForAnOldQe) {
  TestTdPlatform platform;
  platform.set_svns({2, 1, 6}, {4, 1, 6});
  platform.qe_report.isv_svn = 1;
  EXPECT_EQ(findings_of(platform).facts_unverified.tcb_status, TcbStatus::kOutOfDate);
}

TEST(TdxTcb, RelaunchIsAcceptedOnlyByName) {
  TestTdPlatform platform;
  platform.set_svns({4, 1, 5}, {4, 1, 6});
  platform.issue();
  auto rules = [&](const std::string& more) {
    Policy policy = platform.policy(more);
    policy.allow[0].tdx.min_tee_tcb_svn = {};
    Verdict verdict = appraise(platform.evidence(), platform.collateral(), policy, platform.expected());
    return verdict ? Rules{} : rules_of(verdict.error());
  };
  EXPECT_EQ(rules(""), Rules{"sgx.tcb.status"});
  EXPECT_EQ(rules("tcb_status = [\"OutOfDate\"]\n"), Rules{"sgx.tcb.status"});
  EXPECT_EQ(rules("tcb_status = [\"TDRelaunchAdvised\"]\n"), Rules{});
}

}  // namespace
}  // namespace brume::appraisal

// A bundle of several platforms stands for each of their collaterals.
#include "evidence/bundle.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "appraisal/test_platform.h"

namespace brume::appraisal {
namespace {

using evidence::Bundle;
using evidence::PartKind;

void add(Bundle& bundle, const evidence::Collateral& collateral) {
  for (auto& part : evidence::parts_of(collateral)) bundle.parts.push_back(std::move(part));
}

// The rules that refuse the platform's evidence, given what the bundle holds.
std::vector<std::string> rules(const TestPlatform& platform, const Bundle& bundle) {
  Verifier verifier;
  auto carried = evidence::parse_bundle(evidence::encode_bundle(bundle));
  if (!carried) return {carried.error().what};
  for (auto& collateral : evidence::collateral_of(*carried)) verifier.add_collateral(std::move(collateral));
  std::vector<std::string> out;
  auto verdict = verifier.appraise(platform.evidence(), platform.policy(), platform.expected());
  if (!verdict) {
    for (const Refusal& refusal : verdict.error()) out.push_back(refusal.rule);
  }
  return out;
}
using Rules = std::vector<std::string>;

void remove(Bundle& bundle, PartKind kind) {
  std::erase_if(bundle.parts, [&](const evidence::Part& part) { return part.kind == kind; });
}

TEST(BundleCollateral, OfOnePlatformIsThatCollateral) {
  TestPlatform platform;
  auto collateral = platform.issue().collateral();
  Bundle bundle;
  add(bundle, collateral);
  EXPECT_EQ(evidence::collateral_of(bundle), std::vector{collateral});
}

TEST(BundleCollateral, ServesEachOfSeveralPlatforms) {
  TestPlatform one;
  TestPlatform other;
  TestPlatform third;  // another family under its own root
  other.ca.name = "Test SGX PCK Processor CA";
  third.platform.fmspc = {1, 2, 3, 4, 5, 6};
  third.tcb_fmspc = "010203040506";
  third.root.name = "Third SGX Root CA";
  Bundle bundle;
  for (TestPlatform* platform : {&one, &third}) add(bundle, platform->issue().collateral());
  EXPECT_EQ(rules(one, bundle), Rules{});
  EXPECT_EQ(rules(third, bundle), Rules{});
  EXPECT_NE(rules(other.issue(), bundle), Rules{});
}

TEST(BundleCollateral, LeavesWhatIsMissingToBeRefused) {
  TestPlatform platform;
  for (auto [kind, rule] :
       {std::pair{PartKind::kSgxRootCrl, "sgx.root-crl.missing"}, std::pair{PartKind::kPckCrl, "sgx.pck-crl.missing"},
        std::pair{PartKind::kTcbInfo, "sgx.tcb-info.missing"},
        std::pair{PartKind::kQeIdentity, "sgx.qe-identity.missing"}}) {
    Bundle bundle;
    add(bundle, platform.issue().collateral());
    remove(bundle, kind);
    EXPECT_TRUE(std::ranges::count(rules(platform, bundle), rule) == 1) << rule;
  }
}

TEST(BundleCollateral, TakesTheNewestRevocationListAndTcbInfo) {
  TestPlatform platform;
  Bundle bundle;
  add(bundle, platform.issue().collateral());
  EXPECT_EQ(rules(platform, bundle), Rules{});
  platform.pck_crl.this_update += 1000;
  platform.pck_revoked = true;
  add(bundle, platform.collateral());
  EXPECT_EQ(rules(platform, bundle), Rules{"sgx.pck.revoked"});
  platform.pck_crl.this_update += 1000;
  platform.pck_revoked = false;
  platform.tcb_issued += 1000;
  platform.tcb_levels[0].status = "OutOfDate";
  add(bundle, platform.collateral());
  EXPECT_EQ(rules(platform, bundle), Rules{"sgx.tcb.status"});
}

}  // namespace
}  // namespace brume::appraisal

// Names and keys of issuers, chains and parts of collateral: each of them exchanged for one of another platform, PKI or
// form, and refused by just that rule.
#include <gtest/gtest.h>

#include <algorithm>

#include "appraisal/test_platform.h"
#include "crypto/text.h"

namespace brume::appraisal {
namespace {

using Rules = std::vector<std::string>;
using evidence::CertificationType;
using evidence::Collateral;

Rules rules_of(const Refusals& refusals) {
  Rules out;
  for (const Refusal& refusal : refusals) out.push_back(refusal.rule);
  return out;
}

struct SgxIssuers : testing::Test {
  TestPlatform platform;
  TestPlatform twin = platform;  // the same keys; other names where a test gives them
  TestPlatform other;            // other keys
  Collateral collateral;

  void SetUp() override {
    platform.issue();
    other.issue();
    collateral = platform.collateral();
  }
  Rules rules() {
    Verdict verdict = appraise(platform.evidence(), collateral, platform.policy(), platform.expected());
    return verdict ? Rules{} : rules_of(verdict.error());
  }
};

TEST_F(SgxIssuers, AcceptsWhatBelongsTogether) { EXPECT_EQ(rules(), Rules{}); }

TEST_F(SgxIssuers, RefusesALeafThatNamesAnotherCa) {
  twin.ca.name = "Other SGX PCK Platform CA";
  twin.issue();
  platform.pck_certificate = twin.pck_certificate;
  EXPECT_EQ(rules(), Rules{"sgx.pck.issuer"});
}

TEST_F(SgxIssuers, RefusesACaThatNamesAnotherRoot) {
  twin.root.name = "Other SGX Root CA";
  twin.issue();
  platform.ca_certificate = twin.ca_certificate;
  EXPECT_EQ(rules(), Rules{"sgx.pck-ca.issuer"});
}

TEST_F(SgxIssuers, RefusesARootThatNamesAnotherIssuer) {
  twin.root.name = "Other SGX Root CA";
  twin.issue();
  platform.root_certificate =
      platform.make(platform.root, platform.root_key, &twin.root_certificate, platform.root_key);
  EXPECT_EQ(rules(), Rules{"sgx.root.issuer"});
}

TEST_F(SgxIssuers, RefusesARootThatDidNotSignItself) {
  platform.root_certificate =
      platform.make(platform.root, platform.root_key, &platform.root_certificate, platform.stranger);
  EXPECT_EQ(rules(), Rules{"sgx.root.signature"});
}

TEST_F(SgxIssuers, RefusesATcbSignerThatNamesAnotherRoot) {
  twin.root.name = "Other SGX Root CA";
  twin.issue();
  collateral.tcb_info_issuer_chain = collateral.qe_identity_issuer_chain =
      twin.tcb_certificate.pem() + platform.root_certificate.pem();
  EXPECT_EQ(rules(), Rules{"sgx.tcb-signing.issuer"});
}

TEST_F(SgxIssuers, RefusesATcbChainThatEndsInAnotherRoot) {
  collateral.tcb_info_issuer_chain = platform.tcb_certificate.pem() + other.root_certificate.pem();
  EXPECT_EQ(rules(), Rules{"sgx.tcb-signing.root"});
}

// A PCK is under the same root, too; it signs no collateral.
TEST_F(SgxIssuers, RefusesTcbInfoOfAPckChain) {
  platform.tcb_signer = &platform.pck_key;
  collateral.tcb_info = platform.collateral().tcb_info;
  collateral.tcb_info_issuer_chain = platform.pck_certificate.pem() + platform.ca_certificate.pem();
  const Rules found = rules();
  EXPECT_NE(std::ranges::find(found, "sgx.tcb-signing.name"), found.end());
  EXPECT_NE(std::ranges::find(found, "sgx.tcb-signing.issuer"), found.end());
  EXPECT_NE(std::ranges::find(found, "sgx.tcb-signing.signature"), found.end());
}

TEST_F(SgxIssuers, RefusesAPckCrlOfAnotherName) {
  twin.ca.name = "Other SGX PCK Platform CA";
  twin.issue();
  collateral.pck_crl = twin.collateral().pck_crl;
  EXPECT_EQ(rules(), Rules{"sgx.pck-crl.issuer"});
}

TEST_F(SgxIssuers, RefusesARootCrlOfAnotherName) {
  twin.root.name = "Other SGX Root CA";
  twin.issue();
  collateral.root_crl = twin.collateral().root_crl;
  EXPECT_EQ(rules(), Rules{"sgx.root-crl.issuer"});
}

TEST_F(SgxIssuers, RefusesACrlChainOfAnotherCa) {
  collateral.pck_crl_issuer_chain = other.ca_certificate.pem() + platform.root_certificate.pem();
  EXPECT_EQ(rules(), Rules{"sgx.pck-crl-chain.ca"});
  collateral.pck_crl_issuer_chain = platform.root_certificate.pem();
  EXPECT_EQ(rules(), Rules{"sgx.pck-crl-chain.ca"});
}

// Revocation lists are not exchangeable: each is its issuer's.
TEST_F(SgxIssuers, RefusesCrlsThatChangedPlaces) {
  std::swap(collateral.root_crl, collateral.pck_crl);
  EXPECT_EQ(rules(),
            (Rules{"sgx.root-crl.issuer", "sgx.root-crl.signature", "sgx.pck-crl.issuer", "sgx.pck-crl.signature"}));
}

TEST_F(SgxIssuers, ATcbChainMayLeaveOutItsRoot) {
  collateral.tcb_info_issuer_chain = platform.tcb_certificate.pem();
  EXPECT_EQ(rules(), Rules{});
}

TEST_F(SgxIssuers, RefusesAnAttestationKeyThatIsNoPoint) {
  Bytes quote = platform.quote();
  const std::size_t key_at = 432 + 4 + 64;
  std::fill_n(quote.begin() + static_cast<long>(key_at), 64, 0xee);
  Verdict verdict = appraise(evidence::encode_cmw(evidence::kTypeSgxQuote, quote), collateral, platform.policy(),
                             platform.expected());
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(rules_of(verdict.error()), (Rules{"sgx.quote.attestation-key", "sgx.qe.report-data"}));
}

// r and s of zero, and s that is not below the order: no signature of anything.
TEST_F(SgxIssuers, RefusesSignaturesOutOfRange) {
  for (int which = 0; which < 3; ++which) {
    Bytes quote = platform.quote();
    auto signature = quote.begin() + 432 + 4;
    std::fill_n(which == 0 ? signature : signature + 32, 32, which == 2 ? 0xff : 0);
    Verdict verdict = appraise(evidence::encode_cmw(evidence::kTypeSgxQuote, quote), collateral, platform.policy(),
                               platform.expected());
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(rules_of(verdict.error()), Rules{"sgx.quote.signature"});
  }
}

TEST_F(SgxIssuers, NamesEachPartThatIsMalformed) {
  struct Part {
    std::string Collateral::* field;
    const char* rule;
  };
  const Part parts[] = {{&Collateral::root_crl, "sgx.root-crl.format"},
                        {&Collateral::pck_crl, "sgx.pck-crl.format"},
                        {&Collateral::pck_crl_issuer_chain, "sgx.pck-crl-chain.format"},
                        {&Collateral::tcb_info, "sgx.tcb-info.format"},
                        {&Collateral::tcb_info_issuer_chain, "sgx.tcb-info-chain.format"},
                        {&Collateral::qe_identity, "sgx.qe-identity.format"},
                        {&Collateral::qe_identity_issuer_chain, "sgx.qe-identity-chain.format"}};
  for (const Part& part : parts) {
    const std::string good = collateral.*part.field;
    collateral.*part.field = good.substr(0, good.size() - good.size() / 3);  // inside the second certificate of a chain
    EXPECT_EQ(rules(), Rules{part.rule});
    collateral.*part.field = good;
  }
}

TEST_F(SgxIssuers, TakesCollateralInEveryFormInWhichItIsDelivered) {
  const std::string der = collateral.pck_crl;
  collateral.pck_crl = to_hex(as_bytes(der));
  EXPECT_EQ(rules(), Rules{});
  collateral.pck_crl += '\0';
  EXPECT_EQ(rules(), Rules{});
  collateral.pck_crl = crypto::to_pem("X509 CRL", as_bytes(der));
  EXPECT_EQ(rules(), Rules{});
  std::string encoded;
  for (char c : collateral.tcb_info_issuer_chain) {
    encoded += c == '\n' ? "%0A" : c == ' ' ? "%20" : c == '+' ? "%2B" : std::string(1, c);
  }
  collateral.tcb_info_issuer_chain = encoded;
  EXPECT_EQ(rules(), Rules{});
}

// White space in signed JSON is not what was signed.
TEST_F(SgxIssuers, RefusesJsonThatWasReformatted) {
  collateral.tcb_info.insert(collateral.tcb_info.find("\"version\""), " ");
  EXPECT_EQ(rules(), Rules{"sgx.tcb-info.signature"});
}

// A quote without its chain: the collateral may hold it, and of several it is the one whose key signed.
TEST_F(SgxIssuers, FindsThePckChainInTheCollateral) {
  for (CertificationType type : {CertificationType::kPpidPlain, CertificationType::kPpidRsa3072,
                                 CertificationType::kPckLeaf, CertificationType::kPlatformManifest}) {
    platform.certification_type = type;
    EXPECT_EQ(rules(), Rules{"sgx.pck.missing"});
    Verifier verifier;
    collateral.pck_chain = platform.pck_chain();
    verifier.add_collateral(collateral);
    Collateral others = other.collateral();
    others.pck_chain = other.pck_chain();
    verifier.add_collateral(others);
    EXPECT_TRUE(verifier.appraise(platform.evidence(), platform.policy(), platform.expected()).has_value());
    verifier.clear_collateral();
    verifier.add_collateral(others);
    Verdict verdict = verifier.appraise(platform.evidence(), platform.policy(), platform.expected());
    ASSERT_FALSE(verdict.has_value());
    const auto rules = rules_of(verdict.error());
    EXPECT_NE(std::ranges::find(rules, "sgx.qe.signature"), rules.end());
    collateral.pck_chain.clear();
  }
}

struct LevelCase {
  int svn;
  int pce_svn;
  const char* status;  // or nullptr: no level
};

// Intel QVL's QuoteVerifier tests: every component and the PCE must reach a level, and the first that they reach
// counts.
TEST(SgxLevels, FirstReachedCounts) {
  const LevelCase cases[] = {
      {9, 9, "UpToDate"},
      {5, 5, "UpToDate"},
      {4, 5, "SWHardeningNeeded"},
      {5, 4, "SWHardeningNeeded"},
      {4, 4, "SWHardeningNeeded"},
      {3, 3, "ConfigurationNeeded"},
      {3, 9, "ConfigurationNeeded"},
      {2, 2, "Revoked"},
      {2, 9, "Revoked"},
      {9, 2, "Revoked"},
      {1, 1, "OutOfDateConfigurationNeeded"},
      {0, 9, nullptr},
      {9, 0, nullptr},
  };
  for (const LevelCase& level : cases) {
    TestPlatform platform;
    platform.tcb_levels = {{1, "OutOfDateConfigurationNeeded", ""},
                           {3, "ConfigurationNeeded", ""},
                           {5, "UpToDate", ""},
                           {4, "SWHardeningNeeded", ""},
                           {2, "Revoked", ""}};  // in whatever order
    platform.platform.component_svns[0] = platform.platform.component_svns[1] = static_cast<std::uint8_t>(level.svn);
    platform.platform.pce_svn = static_cast<std::uint16_t>(level.pce_svn);
    platform.issue();
    Verifier verifier;
    verifier.add_collateral(platform.collateral());
    Findings findings = verifier.examine(platform.evidence(), platform.policy(), platform.expected());
    EXPECT_EQ(findings.tcb_known, level.status != nullptr) << level.svn << " " << level.pce_svn;
    if (level.status == nullptr) continue;
    EXPECT_EQ(evidence::tcb_status_name(findings.facts_unverified.tcb_status), level.status)
        << level.svn << " " << level.pce_svn;
  }
}

}  // namespace
}  // namespace brume::appraisal

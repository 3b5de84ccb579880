// Attestation keys that are trusted by a certificate, or by the endorsement key of their TPM.
#include <gtest/gtest.h>

#include "appraisal/test_tpm.h"

namespace brume::appraisal {
namespace {

using crypto::testing::HowSigned;
using crypto::testing::issue_test_certificate;
using crypto::testing::issue_test_crl;
using crypto::testing::TestKey;

constexpr HowSigned kRsaSha256{crypto::SignatureScheme::kRsaPkcs1, crypto::HashAlgorithm::kSha256};
constexpr HowSigned kEcSha256{crypto::SignatureScheme::kEcdsa, crypto::HashAlgorithm::kSha256};

// A maker's root (RSA) and its CA (EC), the key's certificate under it, and both CRLs.
struct TestMaker {
  TestTpm tpm;
  TestKey root_key = TestKey::rsa(2048);
  TestKey ca_key = TestKey::ec("P-384");
  TestKey ek_key = TestKey::rsa(2048);
  UnixMs begin = tpm.now - TestTpm::kDay;
  UnixMs end = tpm.now + TestTpm::kDay;
  crypto::testing::TestCertificate root{"Maker Root", "Maker Root", 1, begin, end, true};
  crypto::testing::TestCertificate ca{"Maker CA", "Maker Root", 2, begin, end, true};
  crypto::testing::TestCertificate leaf{"AK", "Maker CA", 3, begin, end, false, {tpm_key_usage(3)}};
  crypto::testing::TestCrl root_crl{"Maker Root", begin, end};
  crypto::testing::TestCrl ca_crl{"Maker CA", begin, end};
  const TestKey* leaf_issuer = &ca_key;
  const TestKey* leaf_key = nullptr;  // nullptr: the attestation key
  bool with_ca = true;
  bool with_root = true;
  bool with_crls = true;

  std::string pem(const crypto::Certificate& certificate) const { return certificate.pem(); }

  TestMaker& issue() {
    tpm.evidence.certificates.clear();
    const auto key = leaf_key == nullptr ? tpm.ak.public_key() : leaf_key->public_key();
    const Bytes der = issue_test_certificate(leaf, key, *leaf_issuer, kEcSha256).der();
    tpm.evidence.certificates.emplace_back(as_chars(der));
    if (with_ca)
      tpm.evidence.certificates.push_back(pem(issue_test_certificate(ca, ca_key.public_key(), root_key, kRsaSha256)));
    if (with_root) {
      tpm.evidence.certificates.push_back(
          pem(issue_test_certificate(root, root_key.public_key(), root_key, kRsaSha256)));
    }
    tpm.quote();
    return *this;
  }

  TpmEndorsements endorsements() const {
    TpmEndorsements out;
    if (!with_crls) return out;
    out.crls.emplace_back(as_chars(issue_test_crl(root_crl, root_key, kRsaSha256).der()));
    out.crls.emplace_back(as_chars(issue_test_crl(ca_crl, ca_key, kEcSha256).der()));
    return out;
  }

  AllowEntry entry() const {
    AllowEntry out;
    out.tee = Tee::kTpm;
    out.roots = {root_key.public_key().spki_hash()};
    out.roles = {"worker"};
    return out;
  }

  Findings examine(const AllowEntry& allowed) const {
    Verifier verifier;
    verifier.add_tpm_endorsements(endorsements());
    if (activated) verifier.add_tpm_activation(ek_key.public_key().spki_hash(), tpm.name());
    return tpm.examine(verifier, allowed);
  }
  std::string refused() const { return appraisal::refused(examine(entry())); }

  bool activated = false;
};

TEST(TpmChain, AnAttestationKeysCertificateUpToANamedRoot) {
  TestMaker maker;
  const Findings findings = maker.issue().examine(maker.entry());
  EXPECT_EQ(refused(findings), "");
  EXPECT_TRUE(findings.facts_unverified.tpm->ak_certified);
  EXPECT_EQ(findings.facts_unverified.root, maker.root_key.public_key().spki_hash());
  EXPECT_EQ(findings.facts_unverified.tpm->revocation, TpmRevocation::kChecked);
}

TEST(TpmChain, AnIntermediateMayBeNamed) {
  TestMaker maker;
  maker.with_root = false;
  maker.issue();
  EXPECT_EQ(maker.refused(), "policy.root tpm.chain.issuer");
  AllowEntry entry = maker.entry();
  entry.roots = {maker.ca_key.public_key().spki_hash()};
  EXPECT_EQ(refused(maker.examine(entry)), "");
}

TEST(TpmChain, AnotherRootIsNotTrusted) {
  TestMaker maker;
  maker.issue();
  AllowEntry entry = maker.entry();
  entry.roots = {SpkiHash{{1}}};
  EXPECT_EQ(refused(maker.examine(entry)), "policy.root");
}

TEST(TpmChain, MissingCertificates) {
  TestMaker maker;
  maker.issue();
  maker.tpm.evidence.certificates.clear();
  EXPECT_EQ(maker.refused(), "policy.root tpm.certificate.missing");
  TestMaker without_ca;
  without_ca.with_ca = false;
  EXPECT_EQ(without_ca.issue().refused(), "policy.root tpm.chain.issuer");
  TestMaker other;
  other.leaf_key = &other.ek_key;
  EXPECT_EQ(other.issue().refused(), "policy.root tpm.certificate.missing") << "of another key";
}

TEST(TpmChain, SignaturesProfilesAndUsages) {
  TestMaker stranger;
  const TestKey key = TestKey::ec("P-384");
  stranger.leaf_issuer = &key;
  EXPECT_EQ(stranger.issue().refused(), "policy.root tpm.chain.signature");
  TestMaker no_ca;
  no_ca.ca.ca = false;
  EXPECT_EQ(no_ca.issue().refused(), "policy.root tpm.chain.profile");
  TestMaker endorsement;
  endorsement.leaf.extensions = {tpm_key_usage(1)};
  EXPECT_EQ(endorsement.issue().refused(), "policy.root tpm.chain.usage");
  TestMaker none;
  none.leaf.extensions = {};
  EXPECT_EQ(none.issue().refused(), "");
  for (const std::uint8_t bits : ByteArray<3>{0x80, 0x20, 0x08}) {
    TestMaker key_usage;
    key_usage.leaf.extensions = {{"2.5.29.15", true, {0x03, 0x02, 0x00, bits}}};
    EXPECT_EQ(key_usage.issue().refused(), bits == 0x80 ? "" : "policy.root tpm.chain.usage");
  }
  TestMaker critical;
  critical.leaf.extensions.push_back({"2.5.29.30", true, {0x30, 0}});  // name constraints
  EXPECT_EQ(critical.issue().refused(), "policy.root tpm.chain.profile");
}

TEST(TpmChain, Validity) {
  for (const auto certificate : {&TestMaker::leaf, &TestMaker::ca, &TestMaker::root}) {
    TestMaker expired;
    (expired.*certificate).not_after = expired.tpm.now - 1000;
    EXPECT_EQ(expired.issue().refused(), "policy.root tpm.chain.expired");
    TestMaker early;
    (early.*certificate).not_before = early.tpm.now + 1000;
    EXPECT_EQ(early.issue().refused(), "policy.root tpm.chain.not-yet-valid");
    TestMaker last;
    (last.*certificate).not_after = last.tpm.now;
    EXPECT_EQ(last.issue().refused(), "");
  }
}

TEST(TpmChain, RevocationIsNeverSkippedSilently) {
  TestMaker without;
  without.with_crls = false;
  without.issue();
  EXPECT_EQ(without.refused(), "tpm.crl.missing");
  AllowEntry entry = without.entry();
  entry.tpm.crl_optional = true;
  EXPECT_EQ(refused(without.examine(entry)), "");
  TestMaker leaf;
  leaf.ca_crl.revoked = {3};
  EXPECT_EQ(leaf.issue().refused(), "policy.root tpm.chain.revoked");
  TestMaker ca;
  ca.root_crl.revoked = {2};
  EXPECT_EQ(ca.issue().refused(), "policy.root tpm.chain.revoked");
  TestMaker stale;
  stale.ca_crl.next_update = stale.tpm.now - 1000;
  EXPECT_EQ(stale.issue().refused(), "tpm.crl.expired");
  stale.ca_crl.revoked = {3};
  EXPECT_EQ(stale.issue().refused(), "policy.root tpm.chain.revoked tpm.crl.expired") << "what is revoked stays so";
  TestMaker forged;
  forged.ca_crl.issuer = "Maker Root";
  EXPECT_EQ(forged.issue().refused(), "tpm.crl.missing");
}

TEST(TpmChain, UnreadablePartsAreTold) {
  TestMaker maker;
  maker.issue();
  maker.tpm.evidence.certificates.push_back("no certificate");
  EXPECT_EQ(maker.refused(), "policy.root tpm.certificate.format");
}

// Each of that name is tried as the issuer, before anybody knows who sent them.
TEST(TpmChain, NoMoreCertificatesAreTakenThanChainsNeed) {
  TestMaker maker;
  maker.issue();
  const auto send_more = [&](std::uint8_t count) {
    crypto::testing::TestCertificate other = maker.ca;
    for (std::uint8_t i = 0; i < count; ++i) {
      other.serial = static_cast<std::uint8_t>(100 + i);
      maker.tpm.evidence.certificates.push_back(
          maker.pem(issue_test_certificate(other, maker.ek_key.public_key(), maker.root_key, kRsaSha256)));
    }
  };
  send_more(13);
  EXPECT_EQ(maker.refused(), "") << "16 with leaf, CA and root";
  send_more(1);  // one of them again: what is sent counts
  EXPECT_EQ(maker.refused(), "policy.root tpm.certificate.format tpm.certificate.missing");
  Verifier verifier;
  verifier.add_tpm_endorsements(maker.endorsements());
  verifier.add_tpm_endorsements({maker.tpm.evidence.certificates, {}});
  EXPECT_EQ(refused(maker.tpm.examine(verifier, maker.entry())), "") << "what the verifier has does not count";
}

TEST(TpmChain, CountsOnlyForEntriesThatNameARoot) {
  TestMaker maker;
  maker.with_root = false;
  maker.issue();
  Verifier verifier;
  Policy policy;
  policy.allow = {maker.entry(), maker.tpm.entry()};
  EXPECT_EQ(refused(verifier.examine_tpm(maker.tpm.evidence, policy, maker.tpm.expected)), "");
}

TEST(TpmActivation, TrustsTheTpmsEndorsementKey) {
  TestMaker maker;
  maker.leaf_key = &maker.ek_key;
  maker.leaf.extensions = {tpm_key_usage(1)};
  maker.issue();
  EXPECT_EQ(maker.refused(), "policy.root tpm.certificate.missing") << "no credential was activated";
  maker.activated = true;
  const Findings findings = maker.examine(maker.entry());
  EXPECT_EQ(refused(findings), "");
  EXPECT_EQ(findings.facts_unverified.tpm->ek, maker.ek_key.public_key().spki_hash());
  for (const std::uint8_t bits : ByteArray<3>{0x80, 0x20, 0x08}) {
    maker.leaf.extensions = {{"2.5.29.15", true, {0x03, 0x02, 0x00, bits}}};
    EXPECT_EQ(maker.issue().refused(), bits != 0x80 ? "" : "policy.root tpm.chain.usage");
  }
}

TEST(TpmActivation, EndorsementKeysMayBeNamed) {
  TestMaker maker;
  maker.issue();
  AllowEntry entry = maker.entry();
  entry.roots.clear();
  entry.tpm.eks = {maker.ek_key.public_key().spki_hash()};
  EXPECT_EQ(refused(maker.examine(entry)), "policy.ek");
  maker.activated = true;
  EXPECT_EQ(refused(maker.examine(entry)), "");
  entry.tpm.eks = {SpkiHash{{1}}};
  EXPECT_EQ(refused(maker.examine(entry)), "policy.ek");
}

TEST(TpmActivation, IsOfOneNameOnly) {
  TestMaker maker;
  maker.issue();
  maker.activated = true;
  AllowEntry entry = maker.entry();
  entry.roots.clear();
  entry.tpm.eks = {maker.ek_key.public_key().spki_hash()};
  const TestMaker other = [&] {
    TestMaker out = maker;
    out.tpm.attributes |= evidence::kTpmUserWithAuth | (1u << 10);  // noDA: another name of the same key
    out.tpm.quote();
    return out;
  }();
  Verifier verifier;
  verifier.add_tpm_activation(maker.ek_key.public_key().spki_hash(), maker.tpm.name());
  EXPECT_EQ(refused(maker.tpm.examine(verifier, entry)), "");
  EXPECT_EQ(refused(other.tpm.examine(verifier, entry)), "policy.ek");
  verifier.clear_tpm();
  EXPECT_EQ(refused(maker.tpm.examine(verifier, entry)), "policy.ek");
}

}  // namespace
}  // namespace brume::appraisal

// What must hold of a TPM quote whatever the policy: for every rule one quote that holds and one that differs in just
// that rule.
#include <gtest/gtest.h>

#include <set>

#include "appraisal/test_tpm.h"
#include "evidence/cmw.h"

namespace brume::appraisal {
namespace {

using crypto::HashAlgorithm;
using crypto::SignatureScheme;
using crypto::testing::TestKey;
using evidence::TpmAlgorithm;

TEST(TpmQuote, IsAcceptedWithEverySchemeAndKey) {
  for (const auto scheme : {SignatureScheme::kEcdsa, SignatureScheme::kRsaPkcs1, SignatureScheme::kRsaPss}) {
    for (const auto hash : {HashAlgorithm::kSha256, HashAlgorithm::kSha384}) {
      TestTpm tpm;
      tpm.scheme = scheme;
      tpm.hash = hash;
      if (scheme != SignatureScheme::kEcdsa) tpm.ak = TestKey::rsa(2048);
      if (scheme == SignatureScheme::kEcdsa && hash == HashAlgorithm::kSha384) tpm.ak = TestKey::ec("P-384");
      const Findings findings = tpm.quote().examine();
      EXPECT_EQ(refused(findings), "") << static_cast<int>(scheme) << static_cast<int>(hash);
      EXPECT_TRUE(findings.facts_unverified.tpm->ak_area);
      EXPECT_EQ(findings.facts_unverified.tpm->ak_name, tpm.name());
    }
  }
}

TEST(TpmQuote, TellsItsFacts) {
  TestTpm tpm;
  const Findings findings = tpm.quote().examine();
  const TpmFacts& facts = *findings.facts_unverified.tpm;
  EXPECT_EQ(findings.facts_unverified.tee, Tee::kTpm);
  EXPECT_EQ(facts.quote, tpm.attest);
  EXPECT_EQ(facts.pcrs.size(), 16u) << "only what the quote covers";
  EXPECT_EQ(facts.log->boot.secure_boot, true);
  EXPECT_EQ(facts.log->bank, TpmAlgorithm::kSha256);
  EXPECT_EQ(facts.ima->match_count, 2u);
  EXPECT_FALSE(findings.facts_unverified.debug);
}

TEST(TpmQuote, TravelsAsARecord) {
  TestTpm tpm;
  tpm.quote();
  Verifier verifier;
  Policy policy;
  policy.allow.push_back(tpm.entry());
  const Bytes record = evidence::encode_cmw(evidence::kTypeTpmQuote, evidence::encode_tpm_evidence(tpm.evidence));
  auto peer = verifier.appraise(record, policy, tpm.expected);
  ASSERT_TRUE(peer.has_value());
  EXPECT_EQ(peer->tee(), Tee::kTpm);
  const Bytes broken = evidence::encode_cmw(evidence::kTypeTpmQuote, Bytes{9});
  EXPECT_EQ(refused(verifier.examine(broken, policy, tpm.expected)), "tpm.format");
}

TEST(TpmQuote, MagicComesFirst) {
  TestTpm tpm;
  tpm.quote();
  for (std::size_t at = 0; at < 4; ++at) {
    TestTpm other = tpm;
    other.evidence.attest[at] ^= 1;
    other.evidence.signature = other.sign(other.evidence.attest);  // an unrestricted key signs anything
    EXPECT_EQ(refused(other.examine()), "tpm.quote.magic");
  }
}

TEST(TpmQuote, OtherAttestationsAreNoQuotes) {
  TestTpm tpm;
  tpm.quote();
  for (const std::uint8_t type : ByteArray<4>{0x14, 0x16, 0x17, 0x19}) {  // time, session audit, certify, creation
    TestTpm other = tpm;
    other.evidence.attest[5] = type;
    other.evidence.signature = other.sign(other.evidence.attest);
    EXPECT_EQ(refused(other.examine()), "tpm.quote.type");
  }
}

TEST(TpmQuote, EveryTruncationAndEveryMoreIsRefused) {
  TestTpm tpm;
  tpm.quote();
  for (std::size_t size = 0; size < tpm.evidence.attest.size(); ++size) {
    TestTpm other = tpm;
    other.evidence.attest.resize(size);
    EXPECT_EQ(refused(other.examine()), "tpm.quote.format") << size;
  }
  for (std::size_t size = 0; size < tpm.evidence.signature.size(); ++size) {
    TestTpm other = tpm;
    other.evidence.signature.resize(size);
    EXPECT_EQ(refused(other.examine()), "tpm.signature.format") << size;
  }
  for (std::size_t size = 0; size < tpm.evidence.ak_public.size(); ++size) {
    TestTpm other = tpm;
    other.evidence.ak_public.resize(size);
    EXPECT_EQ(refused(other.examine()), size == 0 ? "policy.ak tpm.ak.missing" : "policy.ak tpm.ak.format") << size;
  }
  for (Bytes* part : {&tpm.evidence.attest, &tpm.evidence.signature, &tpm.evidence.ak_public}) {
    part->push_back(0);
    EXPECT_NE(refused(tpm.examine()), "");
    part->pop_back();
  }
  EXPECT_EQ(refused(tpm.examine()), "");
}

TEST(TpmQuote, EveryByteCounts) {
  TestTpm tpm;
  tpm.quote();
  for (Bytes* part : {&tpm.evidence.attest, &tpm.evidence.signature, &tpm.evidence.ak_public}) {
    for (std::size_t at = 0; at < part->size(); ++at) {
      (*part)[at] ^= 1;
      EXPECT_NE(refused(tpm.examine()), "") << at;
      (*part)[at] ^= 1;
    }
  }
  for (std::size_t i = 0; i < 16; ++i) {
    tpm.evidence.pcrs[i].value[3] ^= 1;
    EXPECT_EQ(refused(tpm.examine()), "tpm.pcr.digest") << i;
    tpm.evidence.pcrs[i].value[3] ^= 1;
  }
  EXPECT_EQ(refused(tpm.examine()), "");
}

TEST(TpmQuote, EveryFieldIsSigned) {
  TestTpm tpm;
  tpm.quote();
  const auto changed = [&](auto change) {
    TestTpm other = tpm;
    change(other.attest);
    other.evidence.attest = evidence::encode_tpm_attest(other.attest);
    return refused(other.examine());
  };
  EXPECT_EQ(changed([](auto& a) { a.clock_ms += 1; }), "tpm.signature");
  EXPECT_EQ(changed([](auto& a) { a.reset_count += 1; }), "tpm.signature");
  EXPECT_EQ(changed([](auto& a) { a.restart_count += 1; }), "tpm.signature");
  EXPECT_EQ(changed([](auto& a) { a.safe = false; }), "tpm.signature");
  EXPECT_EQ(changed([](auto& a) { a.firmware_version += 1; }), "tpm.signature");
  EXPECT_EQ(changed([](auto& a) { a.qualified_signer[5] ^= 1; }), "tpm.signature");
  EXPECT_EQ(changed([](auto& a) { a.extra_data[5] ^= 1; }), "join.report-data tpm.signature");
  EXPECT_EQ(changed([](auto& a) { a.pcr_digest[5] ^= 1; }), "tpm.pcr.digest tpm.signature");
  EXPECT_EQ(changed([](auto& a) { a.selections[0].mask ^= 1; }), "tpm.pcr.digest tpm.signature");
}

TEST(TpmQuote, NonceIsTheWholeNonce) {
  TestTpm tpm;
  tpm.expected.nonce = Bytes(20, 7);
  tpm.attest.extra_data = Bytes(20, 7);
  EXPECT_EQ(refused(tpm.quote().examine()), "");
  tpm.attest.extra_data.push_back(7);
  EXPECT_EQ(refused(tpm.quote().examine()), "tpm.nonce") << "a nonce is no prefix";
  tpm.attest.extra_data.resize(19);
  EXPECT_EQ(refused(tpm.quote().examine()), "tpm.nonce");
  tpm.attest.extra_data.clear();
  EXPECT_EQ(refused(tpm.quote().examine()), "tpm.nonce");
  TestTpm other;
  other.expected.report_data.bytes[63] ^= 1;
  EXPECT_EQ(refused(other.quote().examine()), "join.report-data");
}

TEST(TpmQuote, AnotherKeyDoesNotVerify) {
  TestTpm tpm;
  tpm.quote();
  tpm.ak = TestKey::ec("P-256");
  tpm.evidence.signature = tpm.sign(tpm.evidence.attest);
  TestTpm genuine = tpm;
  EXPECT_EQ(refused(genuine.examine()), "policy.ak tpm.signature");
}

TEST(TpmQuote, SignatureOfTheWrongKindOfKey) {
  TestTpm tpm;
  tpm.quote();
  TestTpm rsa;
  rsa.ak = TestKey::rsa(2048);
  rsa.scheme = SignatureScheme::kRsaPkcs1;
  rsa.quote();
  tpm.evidence.signature = rsa.evidence.signature;
  EXPECT_EQ(refused(tpm.examine()), "tpm.signature tpm.signature.scheme");
}

TEST(TpmQuote, RestrictedSigningKeysOnly) {
  for (const std::uint32_t without : {evidence::kTpmRestricted, evidence::kTpmFixedTpm, evidence::kTpmFixedParent,
                                      evidence::kTpmSensitiveDataOrigin, evidence::kTpmSign}) {
    TestTpm tpm;
    tpm.attributes &= ~without;
    EXPECT_EQ(refused(tpm.quote().examine()), "tpm.ak.attributes") << without;
  }
  TestTpm decrypts;
  decrypts.attributes |= evidence::kTpmDecrypt;
  EXPECT_EQ(refused(decrypts.quote().examine()), "tpm.ak.attributes");
}

TEST(TpmQuote, TheKeysSchemeIsTheSignatures) {
  TestTpm tpm;
  tpm.ak = TestKey::rsa(2048);
  tpm.scheme = SignatureScheme::kRsaPkcs1;
  tpm.quote();
  const AllowEntry entry = tpm.entry();
  tpm.scheme = SignatureScheme::kRsaPss;
  tpm.evidence.signature = tpm.sign(tpm.evidence.attest);
  EXPECT_EQ(refused(tpm.examine(entry)), "tpm.signature.scheme");
  tpm.scheme_in_area = false;  // a key without a scheme of its own
  EXPECT_EQ(refused(tpm.quote().examine()), "");
}

TEST(TpmQuote, BareRsaBytesAreRsassaWithSha256) {
  TestTpm tpm;
  tpm.ak = TestKey::rsa(2048);
  tpm.scheme = SignatureScheme::kRsaPkcs1;
  tpm.quote();
  tpm.evidence.signature.erase(tpm.evidence.signature.begin(), tpm.evidence.signature.begin() + 6);
  ASSERT_EQ(tpm.evidence.signature.size(), 256u);
  EXPECT_EQ(refused(tpm.examine()), "");
  tpm.evidence.signature[9] ^= 1;
  EXPECT_EQ(refused(tpm.examine()), "tpm.signature");
}

TEST(TpmQuote, PssSaltMayBeAsLongAsTheDigestOrAsItCanBe) {
  TestTpm tpm;
  tpm.ak = TestKey::rsa(2048);
  tpm.scheme = SignatureScheme::kRsaPss;
  tpm.quote();
  for (const int salt : {RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_MAX}) {
    evidence::TpmSignature signature{TpmAlgorithm::kRsaPss, TpmAlgorithm::kSha256, {}, {}, {}};
    signature.rsa = tpm.ak.sign({SignatureScheme::kRsaPss, HashAlgorithm::kSha256, salt}, tpm.evidence.attest);
    tpm.evidence.signature = evidence::encode_tpmt_signature(signature);
    EXPECT_EQ(refused(tpm.examine()), "");
  }
}

TEST(TpmQuote, EcdsaNumbersMayComeWithZerosOrWithout) {
  TestTpm tpm;
  tpm.quote();
  auto signature = evidence::parse_tpmt_signature(tpm.evidence.signature).value();
  Bytes padded(34 - signature.r.size());
  append(padded, signature.r);
  auto longer = signature;
  longer.r = padded;
  tpm.evidence.signature = evidence::encode_tpmt_signature(longer);
  EXPECT_EQ(refused(tpm.examine()), "tpm.signature") << "longer than the curve";
  for (int i = 0; i < 2000; ++i) {
    tpm.evidence.signature = tpm.sign(tpm.evidence.attest);
    signature = evidence::parse_tpmt_signature(tpm.evidence.signature).value();
    if (signature.s[0] != 0) continue;
    signature.s.erase(signature.s.begin());
    tpm.evidence.signature = evidence::encode_tpmt_signature(signature);
    EXPECT_EQ(refused(tpm.examine()), "");
    return;
  }
  GTEST_SKIP() << "no such signature in 2000";
}

TEST(TpmQuote, KeyAloneIsNamedByItsHash) {
  TestTpm tpm;
  tpm.quote();
  tpm.evidence.ak_public = tpm.ak.public_key().spki_der();
  EXPECT_EQ(refused(tpm.examine()), "policy.ak") << "it has no name";
  AllowEntry entry = tpm.entry();
  entry.tpm.aks = {tpm.ak.public_key().spki_hash()};
  const Findings findings = tpm.examine(entry);
  EXPECT_EQ(refused(findings), "");
  EXPECT_FALSE(findings.facts_unverified.tpm->ak_area);
  entry.tpm.aks = {SpkiHash{{1}}};
  EXPECT_EQ(refused(tpm.examine(entry)), "policy.ak");
}

TEST(TpmQuote, DigestIsOfTheSignaturesHashAndTheSelectionsOrder) {
  TestTpm tpm;
  tpm.attest.selections = {
      {TpmAlgorithm::kSha1, 3, 0x3ff}, {TpmAlgorithm::kSha256, 3, 0x7ff}, {TpmAlgorithm::kSha1, 0, 0}};
  EXPECT_EQ(refused(tpm.quote().examine()), "");
  TestTpm swapped = tpm;
  std::swap(swapped.attest.selections[0], swapped.attest.selections[1]);
  swapped.sign_attest();
  EXPECT_EQ(refused(swapped.examine()), "tpm.pcr.digest");
  TestTpm sha384 = tpm;
  sha384.attest.pcr_digest = crypto::hash(HashAlgorithm::kSha384,
                                          evidence::concatenate_pcrs(tpm.attest.selections, tpm.evidence.pcrs).value());
  EXPECT_EQ(refused(sha384.sign_attest().examine()), "tpm.pcr.digest");
}

TEST(TpmQuote, ABankMayBeSelectedTwice) {
  TestTpm tpm;
  tpm.attest.selections = {{TpmAlgorithm::kSha256, 3, 0x7ff}, {TpmAlgorithm::kSha256, 3, 0x7ff}};
  EXPECT_EQ(refused(tpm.quote().examine()), "");
  tpm.attest.pcr_digest =
      crypto::hash(HashAlgorithm::kSha256,
                   evidence::concatenate_pcrs(std::vector{tpm.attest.selections[0]}, tpm.evidence.pcrs).value());
  EXPECT_EQ(refused(tpm.sign_attest().examine()), "tpm.pcr.digest");
}

TEST(TpmQuote, EverySelectedRegisterNeedsItsValue) {
  TestTpm tpm;
  tpm.quote();
  tpm.evidence.pcrs.erase(tpm.evidence.pcrs.begin() + 3);
  const Findings findings = tpm.examine();
  EXPECT_EQ(refused(findings), "tpm.pcr.missing");
  EXPECT_EQ(findings.refusals[0].got, "none for sha256.3");
}

}  // namespace
}  // namespace brume::appraisal

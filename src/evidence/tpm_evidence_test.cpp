#include "evidence/tpm_evidence.h"

#include <gtest/gtest.h>

#include "crypto/ec.h"
#include "crypto/text.h"
#include "evidence/tpm_bytes.h"

namespace brume::evidence {
namespace {

TpmEvidence sample() {
  TpmEvidence out;
  out.attest = Bytes(100, 1);
  out.signature = Bytes(72, 2);
  out.ak_public = Bytes(90, 3);
  out.pcrs = {{TpmAlgorithm::kSha256, 7, Bytes(32, 4)}, {TpmAlgorithm::kSha1, 0, Bytes(20, 5)}};
  out.event_log = Bytes(64, 6);
  out.ima_log = Bytes(32, 7);
  out.certificates = {"one", "two"};
  return out;
}

TEST(TpmEvidence, RoundTripsAndTakesExactlyItsBytes) {
  const Bytes bytes = encode_tpm_evidence(sample());
  EXPECT_EQ(*parse_tpm_evidence(bytes), sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_tpm_evidence(ByteView(bytes).first(size))) << size;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(parse_tpm_evidence(longer));
  EXPECT_EQ(*parse_tpm_evidence(encode_tpm_evidence({})), TpmEvidence{});
}

TEST(TpmEvidence, RefusesOtherVersionsAndRegistersThatCannotBe) {
  Bytes bytes = encode_tpm_evidence(sample());
  bytes[0] = 2;
  EXPECT_FALSE(parse_tpm_evidence(bytes));
  TpmEvidence bad = sample();
  bad.pcrs[0].index = 24;
  EXPECT_FALSE(parse_tpm_evidence(encode_tpm_evidence(bad)));
  bad = sample();
  bad.pcrs.push_back(bad.pcrs[0]);
  EXPECT_FALSE(parse_tpm_evidence(encode_tpm_evidence(bad)));
  bad = sample();
  bad.certificates.assign(17, "x");
  EXPECT_FALSE(parse_tpm_evidence(encode_tpm_evidence(bad)));
}

TEST(AttestationKey, ComesInFourForms) {
  const auto key = crypto::EcKey::generate().public_key();
  const Bytes spki = key.spki_der();
  TpmPublic area;
  area.type = TpmAlgorithm::kEcc;
  area.attributes = 0x00050072;
  area.scheme = {TpmAlgorithm::kEcdsa, TpmAlgorithm::kSha256, 0};
  area.curve = 3;
  const auto raw = key.raw();
  area.x.assign(raw.begin(), raw.begin() + 32);
  area.y.assign(raw.begin() + 32, raw.end());
  const Bytes tpmt = encode_tpmt_public(area);
  Writer sized;
  put_tpm2b(sized, tpmt);
  const Bytes tpm2b = sized.take();
  const std::string pem = crypto::to_pem("PUBLIC KEY", spki);
  for (const Bytes& form : {tpmt, tpm2b, spki, to_bytes(as_bytes(pem))}) {
    auto read = read_attestation_key(form);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->key.spki_der(), spki);
    EXPECT_EQ(read->area.has_value(), form == tpmt || form == tpm2b);
    EXPECT_EQ(read->name.empty(), !read->area.has_value());
  }
  EXPECT_FALSE(read_attestation_key({}));
  EXPECT_FALSE(read_attestation_key(Bytes(50, 0x30)));
}

TEST(AttestationKey, LeadingZerosOfACoordinateMayBeDropped) {
  // One key of 256 has a zero in front.
  for (int i = 0; i < 4096; ++i) {
    const auto raw = crypto::EcKey::generate().public_key().raw();
    if (raw[0] != 0) continue;
    TpmPublic area;
    area.type = TpmAlgorithm::kEcc;
    area.curve = 3;
    area.x.assign(raw.begin() + 1, raw.begin() + 32);
    area.y.assign(raw.begin() + 32, raw.end());
    ASSERT_TRUE(tpm_public_key(area).has_value());
    EXPECT_EQ(tpm_public_key(area)->spki_der().size(), 91u);
    return;
  }
  GTEST_SKIP() << "no such key in 4096";
}

}  // namespace
}  // namespace brume::evidence

#include "evidence/tpm_attest.h"

#include <gtest/gtest.h>

#include "evidence/tpm_public.h"
#include "evidence/tpm_signature.h"

namespace brume::evidence {
namespace {

TpmAttest sample_attest() {
  TpmAttest out;
  out.qualified_signer = Bytes(34, 0x0b);
  out.extra_data = Bytes(20, 0x5a);
  out.clock_ms = 0x0102030405060708;
  out.reset_count = 7;
  out.restart_count = 9;
  out.firmware_version = 0x2016051100162800;
  out.selections = {
      {TpmAlgorithm::kSha256, 3, 0x0000ff}, {TpmAlgorithm::kSha1, 0, 0}, {TpmAlgorithm::kSha256, 4, 1u << 31}};
  out.pcr_digest = Bytes(32, 0xdd);
  return out;
}

TpmPublic sample_key(TpmAlgorithm type) {
  TpmPublic out;
  out.type = type;
  out.attributes = 0x00050072;
  out.policy = Bytes(32, 0x90);
  if (type == TpmAlgorithm::kRsa) {
    out.scheme = {TpmAlgorithm::kRsaSsa, TpmAlgorithm::kSha256, 0};
    out.rsa_bits = 2048;
    out.rsa_modulus = Bytes(256, 0xc3);
  } else {
    out.scheme = {TpmAlgorithm::kEcdsa, TpmAlgorithm::kSha256, 0};
    out.curve = 3;
    out.x = Bytes(32, 1);
    out.y = Bytes(32, 2);
  }
  return out;
}

// Every prefix and one byte more are refused by a parser that takes exactly one structure.
template <typename Parse>
void expect_exact(const Bytes& bytes, Parse parse) {
  ASSERT_TRUE(parse(ByteView(bytes)).has_value());
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parse(ByteView(bytes).first(size))) << size;
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(parse(ByteView(longer)));
}

TEST(TpmAttest, RoundTripsAndTakesExactlyItsBytes) {
  const Bytes bytes = encode_tpm_attest(sample_attest());
  auto parsed = parse_tpm_attest(bytes);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(*parsed, sample_attest());
  EXPECT_TRUE(parsed->selections[0].selects(7));
  EXPECT_FALSE(parsed->selections[0].selects(8));
  EXPECT_FALSE(parsed->selections[0].selects(32));
  EXPECT_TRUE(parsed->selections[2].selects(31));
  expect_exact(bytes, parse_tpm_attest);
}

TEST(TpmAttest, RefusesAnotherMagicTypeOrYesNo) {
  const Bytes good = encode_tpm_attest(sample_attest());
  for (const std::size_t at : {0, 1, 2, 3, 4, 5}) {
    Bytes bytes = good;
    bytes[at] ^= 1;
    EXPECT_FALSE(parse_tpm_attest(bytes)) << at;
    EXPECT_TRUE(parse_tpm_attest_header(bytes).has_value());
  }
  const std::size_t safe_at = 6 + 2 + 34 + 2 + 20 + 8 + 4 + 4;
  Bytes bytes = good;
  bytes[safe_at] = 0;
  EXPECT_FALSE(parse_tpm_attest(bytes)->safe);
  bytes[safe_at] = 2;
  EXPECT_FALSE(parse_tpm_attest(bytes));
  EXPECT_FALSE(parse_tpm_attest_header(ByteView(good).first(5)));
}

TEST(TpmAttest, RefusesSizesOverTheirLimits) {
  TpmAttest attest = sample_attest();
  attest.extra_data = Bytes(67);
  EXPECT_FALSE(parse_tpm_attest(encode_tpm_attest(attest)));
  attest = sample_attest();
  attest.qualified_signer = Bytes(67);
  EXPECT_FALSE(parse_tpm_attest(encode_tpm_attest(attest)));
  attest = sample_attest();
  attest.pcr_digest = Bytes(65);
  EXPECT_FALSE(parse_tpm_attest(encode_tpm_attest(attest)));
  attest = sample_attest();
  attest.selections.assign(17, {});
  EXPECT_FALSE(parse_tpm_attest(encode_tpm_attest(attest)));
  attest.selections.assign(1, {TpmAlgorithm::kSha1, 5, 0});
  EXPECT_FALSE(parse_tpm_attest(encode_tpm_attest(attest)));
}

TEST(TpmSignature, RoundTripsEverySchemeWithOrWithoutLeadingZeros) {
  TpmSignature rsa{TpmAlgorithm::kRsaPss, TpmAlgorithm::kSha384, Bytes(256, 7), {}, {}};
  expect_exact(encode_tpmt_signature(rsa), parse_tpmt_signature);
  EXPECT_EQ(*parse_tpmt_signature(encode_tpmt_signature(rsa)), rsa);
  TpmSignature ecdsa{TpmAlgorithm::kEcdsa, TpmAlgorithm::kSha256, {}, Bytes(31, 1), Bytes(32, 0)};
  expect_exact(encode_tpmt_signature(ecdsa), parse_tpmt_signature);
  EXPECT_EQ(*parse_tpmt_signature(encode_tpmt_signature(ecdsa)), ecdsa);
}

TEST(TpmSignature, RefusesOtherSchemesHashesAndSizes) {
  TpmSignature good{TpmAlgorithm::kRsaSsa, TpmAlgorithm::kSha256, Bytes(256, 7), {}, {}};
  TpmSignature bad = good;
  bad.scheme = TpmAlgorithm::kEcdaa;
  EXPECT_FALSE(parse_tpmt_signature(encode_tpmt_signature(bad)));
  bad = good;
  bad.hash = TpmAlgorithm::kNull;
  EXPECT_FALSE(parse_tpmt_signature(encode_tpmt_signature(bad)));
  bad.hash = TpmAlgorithm::kSha256;
  bad.rsa.resize(255);
  EXPECT_FALSE(parse_tpmt_signature(encode_tpmt_signature(bad)));
  bad = {TpmAlgorithm::kEcdsa, TpmAlgorithm::kSha256, {}, {}, Bytes(32, 1)};
  EXPECT_FALSE(parse_tpmt_signature(encode_tpmt_signature(bad)));
}

TEST(TpmSignature, TakesBareRsaBytesAsRsassaWithSha256) {
  const Bytes bare(256, 0x99);
  auto read = read_tpm_signature(bare);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->scheme, TpmAlgorithm::kRsaSsa);
  EXPECT_EQ(read->hash, TpmAlgorithm::kSha256);
  EXPECT_EQ(read->rsa, bare);
  EXPECT_FALSE(read_tpm_signature(Bytes(255, 0x99)));
  EXPECT_FALSE(read_tpm_signature({}));
}

TEST(TpmPublic, RoundTripsAndTakesExactlyItsBytes) {
  for (const TpmAlgorithm type : {TpmAlgorithm::kRsa, TpmAlgorithm::kEcc}) {
    const TpmPublic key = sample_key(type);
    const Bytes bytes = encode_tpmt_public(key);
    EXPECT_EQ(*parse_tpmt_public(bytes), key);
    expect_exact(bytes, parse_tpmt_public);
    Bytes sized = {static_cast<std::uint8_t>(bytes.size() >> 8), static_cast<std::uint8_t>(bytes.size())};
    append(sized, bytes);
    EXPECT_EQ(*read_tpm_public(sized), key);
    EXPECT_EQ(*read_tpm_public(bytes), key);
    expect_exact(sized, read_tpm_public);
  }
}

TEST(TpmPublic, ReadsStorageKeysWithTheirSymmetricPart) {
  TpmPublic key = sample_key(TpmAlgorithm::kEcc);
  key.attributes = 0x000300b2;  // the EK template of TCG's EK Credential Profile
  key.symmetric = {TpmAlgorithm::kAes, 128, TpmAlgorithm::kCfb};
  key.scheme = {};
  EXPECT_EQ(*parse_tpmt_public(encode_tpmt_public(key)), key);
  EXPECT_FALSE(is_attestation_key(key));
}

TEST(TpmPublic, NameIsHashAlgorithmAndDigest) {
  const TpmPublic key = sample_key(TpmAlgorithm::kEcc);
  Bytes expected = {0x00, 0x0b};
  append(expected, crypto::hash(crypto::HashAlgorithm::kSha256, encode_tpmt_public(key)));
  EXPECT_EQ(*tpm_name(key), expected);
  TpmPublic other = key;
  other.name_hash = TpmAlgorithm::kNull;
  EXPECT_FALSE(tpm_name(other));
}

TEST(TpmPublic, OnlyRestrictedSigningKeysOfThisTpmAttest) {
  TpmPublic key = sample_key(TpmAlgorithm::kRsa);
  EXPECT_TRUE(is_attestation_key(key));
  for (const std::uint32_t bit : {kTpmFixedTpm, kTpmFixedParent, kTpmSensitiveDataOrigin, kTpmRestricted, kTpmSign}) {
    TpmPublic weaker = key;
    weaker.attributes &= ~bit;
    EXPECT_FALSE(is_attestation_key(weaker)) << bit;
  }
  key.attributes |= kTpmDecrypt;
  EXPECT_FALSE(is_attestation_key(key));
  key.attributes = 0x00050072 | 1;
  EXPECT_FALSE(parse_tpmt_public(encode_tpmt_public(key)));
}

TEST(TpmPublic, RefusesModuliOfAnotherSizeOtherCurvesAndOtherTypes) {
  TpmPublic key = sample_key(TpmAlgorithm::kRsa);
  key.rsa_bits = 3072;
  EXPECT_FALSE(parse_tpmt_public(encode_tpmt_public(key)));
  key = sample_key(TpmAlgorithm::kEcc);
  EXPECT_FALSE(tpm_public_key(key)) << "not on the curve";
  key.curve = 5;
  EXPECT_FALSE(tpm_public_key(key));
  Bytes bytes = encode_tpmt_public(key);
  bytes[1] = 0x08;  // TPM_ALG_KEYEDHASH
  EXPECT_FALSE(parse_tpmt_public(bytes));
}

}  // namespace
}  // namespace brume::evidence

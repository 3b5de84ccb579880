#include "crypto/credential.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "crypto/testing/test_opener.h"

namespace brume::crypto {
namespace {

using testing::TestKey;

// RFC 4231, test case 2.
TEST(Hmac, KnownAnswers) {
  const ByteView key = as_bytes("Jefe");
  const ByteView text = as_bytes("what do ya want for nothing?");
  EXPECT_EQ(to_hex(hmac(HashAlgorithm::kSha256, key, text)),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac(HashAlgorithm::kSha384, key, text)),
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
  EXPECT_EQ(hmac(HashAlgorithm::kSha256, key, text), to_bytes(hmac_sha256(key, text).view()));
}

TEST(AesCfb, ChainsFullBlocks) {
  const Bytes key = from_hex("2b7e151628aed2a6abf7158809cf4f3c").value();
  const Bytes plain = from_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c8").value();
  const Bytes cipher = aes_cfb_encrypt(key, plain);
  ASSERT_EQ(cipher.size(), plain.size());
  EXPECT_EQ(testing::aes_cfb_decrypt(key, cipher), plain);
  // The first block of keystream is AES of the IV of zeros, as `openssl enc -aes-128-ecb` gives it.
  EXPECT_EQ(to_hex(aes_cfb_encrypt(key, Bytes(16))), "7df76b0c1ab899b33e42f047b91b546f");
  EXPECT_EQ(aes_cfb_encrypt(Bytes(32, 1), plain).size(), plain.size());
  EXPECT_NE(aes_cfb_encrypt(Bytes(32, 1), plain), aes_cfb_encrypt(Bytes(16, 1), plain));
  EXPECT_TRUE(aes_cfb_encrypt(key, {}).empty());
}

TEST(RsaOaep, OpensWithTheSameLabelAndHashOnly) {
  const TestKey key = TestKey::rsa(2048);
  const Bytes label = {'I', 'D', 0};
  const Bytes plain(32, 7);
  const auto cipher = rsa_oaep_encrypt(key.public_key(), HashAlgorithm::kSha256, label, plain);
  ASSERT_TRUE(cipher.has_value());
  EXPECT_EQ(testing::oaep_decrypt(key, "SHA256", label, *cipher), plain);
  EXPECT_TRUE(testing::oaep_decrypt(key, "SHA256", ByteView(label).first(2), *cipher).empty());
  EXPECT_TRUE(testing::oaep_decrypt(key, "SHA384", label, *cipher).empty());
  EXPECT_FALSE(rsa_oaep_encrypt(key.public_key(), HashAlgorithm::kSha256, label, Bytes(256)));
  EXPECT_FALSE(rsa_oaep_encrypt(TestKey::ec("P-256").public_key(), HashAlgorithm::kSha256, label, plain));
}

TEST(KeyAgreement, BothEndsShareTheSamePoint) {
  for (const char* curve : {"P-256", "P-384"}) {
    const TestKey key = TestKey::ec(curve);
    const auto share = share_with(key.public_key());
    ASSERT_TRUE(share.has_value());
    const auto group = key.public_key().kind() == KeyKind::kP256 ? Curve::kP256 : Curve::kP384;
    const auto ephemeral = PublicKey::from_ec(group, share->x, share->y);
    ASSERT_TRUE(ephemeral.has_value());
    EXPECT_EQ(testing::shared_x(key, *ephemeral), share->shared_x);
    EXPECT_NE(share_with(key.public_key())->x, share->x) << "fresh each time";
  }
  EXPECT_FALSE(share_with(TestKey::rsa(2048).public_key()));
}

TEST(PublicKey, VerifiesSha1OnlyWhereItIsAskedTo) {
  const TestKey rsa = TestKey::rsa(2048);
  const Bytes message(50, 3);
  const Bytes signature = rsa.sign({SignatureScheme::kRsaPkcs1, HashAlgorithm::kSha1}, message);
  EXPECT_FALSE(rsa.public_key().verify(SignatureScheme::kRsaPkcs1, HashAlgorithm::kSha1, message, signature));
  EXPECT_TRUE(rsa.public_key().verify_or_sha1(SignatureScheme::kRsaPkcs1, HashAlgorithm::kSha1, message, signature));
  EXPECT_FALSE(rsa.public_key().verify_or_sha1(SignatureScheme::kRsaPkcs1, HashAlgorithm::kSm3, message, signature));
  const TestKey ec = TestKey::ec("P-256");
  const Bytes raw = ec.sign_ecdsa_raw(HashAlgorithm::kSha1, message, 32);
  const ByteView r = ByteView(raw).first(32), s = ByteView(raw).last(32);
  EXPECT_FALSE(ec.public_key().verify_ecdsa(HashAlgorithm::kSha1, message, r, s));
  EXPECT_TRUE(ec.public_key().verify_ecdsa_or_sha1(HashAlgorithm::kSha1, message, r, s));
}

TEST(Hash, Sm3KnownAnswer) {  // GB/T 32905-2016, A.1
  EXPECT_EQ(to_hex(hash(HashAlgorithm::kSm3, as_bytes("abc"))),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
}

}  // namespace
}  // namespace brume::crypto

#include "crypto/ec.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "crypto/text.h"

namespace brume::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// RFC 6979, appendix A.2.5: P-256, SHA-256, message "sample".
const char kPublic[] =
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const char kSignature[] =
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
const char kOrder[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const char kZero[] = "0000000000000000000000000000000000000000000000000000000000000000";

TEST(Ecdsa, VerifiesRfc6979) {
  EcPublicKey key = EcPublicKey::from_raw(hex(kPublic)).value();
  EXPECT_TRUE(key.verify_raw(as_bytes("sample"), hex(kSignature)));
  EXPECT_FALSE(key.verify_raw(as_bytes("sampler"), hex(kSignature)));
}

TEST(Ecdsa, AllowsBothHalvesOfS) {
  // n - s of the signature above.
  std::string low = std::string(kSignature).substr(0, 64);
  low += "0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9";
  EXPECT_TRUE(EcPublicKey::from_raw(hex(kPublic))->verify_raw(as_bytes("sample"), hex(low)));
}

TEST(Ecdsa, RefusesNumbersOutOfRange) {
  EcPublicKey key = EcPublicKey::from_raw(hex(kPublic)).value();
  const std::string r = std::string(kSignature).substr(0, 64);
  const std::string s = std::string(kSignature).substr(64);
  for (const std::string& bad : {kZero + s, r + kZero, kOrder + s, r + kOrder, std::string(kZero) + kZero,
                                 std::string(64, 'f') + s, r + std::string(64, 'f')}) {
    EXPECT_FALSE(key.verify_raw(as_bytes("sample"), hex(bad))) << bad;
  }
}

TEST(Ecdsa, RefusesOtherSizesAndFlippedBits) {
  EcPublicKey key = EcPublicKey::from_raw(hex(kPublic)).value();
  Bytes signature = hex(kSignature);
  EXPECT_FALSE(key.verify_raw(as_bytes("sample"), {}));
  EXPECT_FALSE(key.verify_raw(as_bytes("sample"), ByteView(signature).first(63)));
  EXPECT_FALSE(key.verify_der(as_bytes("sample"), {}));
  EXPECT_FALSE(key.verify_der(as_bytes("sample"), Bytes(72, 0x30)));
  for (std::size_t bit = 0; bit < 512; ++bit) {
    Bytes changed = signature;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(key.verify_raw(as_bytes("sample"), changed)) << bit;
  }
}

TEST(Ecdsa, SignsWhatItVerifies) {
  EcKey key = EcKey::generate();
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(key.public_key().verify_raw(as_bytes("brume"), key.sign_raw(as_bytes("brume"))));
    EXPECT_TRUE(key.public_key().verify_der(as_bytes("brume"), key.sign_der(as_bytes("brume"))));
  }
  EXPECT_FALSE(EcKey::generate().public_key().verify_raw(as_bytes("brume"), key.sign_raw(as_bytes("brume"))));
}

TEST(Ecdsa, RefusesDerWithBytesAfterIt) {
  EcKey key = EcKey::generate();
  Bytes signature = key.sign_der(as_bytes("brume"));
  signature.push_back(0);
  EXPECT_FALSE(key.public_key().verify_der(as_bytes("brume"), signature));
}

TEST(EcPublicKey, RoundTripsThroughSpki) {
  EcPublicKey key = EcPublicKey::from_raw(hex(kPublic)).value();
  EXPECT_EQ(to_hex(key.raw()), kPublic);
  Bytes spki = key.spki_der();
  EXPECT_EQ(EcPublicKey::from_spki_der(spki)->raw(), key.raw());
  EXPECT_EQ(EcPublicKey::from_spki_der(spki)->spki_hash(), key.spki_hash());
}

TEST(EcPublicKey, RefusesPointsOffTheCurve) {
  Bytes point = hex(kPublic);
  point[63] ^= 1;
  EXPECT_FALSE(EcPublicKey::from_raw(point).has_value());
  EXPECT_FALSE(EcPublicKey::from_raw(Bytes(64)).has_value());
  EXPECT_FALSE(EcPublicKey::from_raw(Bytes(64, 0xff)).has_value());
  EXPECT_FALSE(EcPublicKey::from_raw(Bytes(65, 4)).has_value());
}

TEST(EcPublicKey, RefusesEveryOtherSpki) {
  Bytes spki = EcKey::generate().public_key().spki_der();
  for (std::size_t size = 0; size < spki.size(); ++size) {
    EXPECT_FALSE(EcPublicKey::from_spki_der(ByteView(spki).first(size)).has_value());
  }
  for (std::size_t i = 0; i < spki.size(); ++i) {
    Bytes changed = spki;
    changed[i] ^= 1;
    EXPECT_FALSE(EcPublicKey::from_spki_der(changed).has_value()) << i;
  }
  spki.push_back(0);
  EXPECT_FALSE(EcPublicKey::from_spki_der(spki).has_value());
}

TEST(EcKey, RoundTripsThroughPem) {
  EcKey key = EcKey::generate();
  EcKey again = EcKey::from_pkcs8_pem(key.pkcs8_pem()).value();
  EXPECT_EQ(again.public_key().raw(), key.public_key().raw());
  EXPECT_TRUE(key.public_key().verify_raw(as_bytes("x"), again.sign_raw(as_bytes("x"))));
}

TEST(EcKey, RefusesOtherPem) {
  EXPECT_FALSE(EcKey::from_pkcs8_pem("").has_value());
  EXPECT_FALSE(EcKey::from_pkcs8_pem(to_pem("PRIVATE KEY", Bytes(40, 1))).has_value());
  // openssl genpkey -algorithm ed25519; RFC 8410 section 10.3.
  EXPECT_FALSE(EcKey::from_pkcs8_pem("-----BEGIN PRIVATE KEY-----\n"
                                     "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                                     "-----END PRIVATE KEY-----\n")
                   .has_value());
  std::string two = EcKey::generate().pkcs8_pem();
  EXPECT_FALSE(EcKey::from_pkcs8_pem(two + two).has_value());
}

}  // namespace
}  // namespace brume::crypto

#include "crypto/rsa.h"

#include <gtest/gtest.h>

#include "crypto/ec.h"

namespace brume::crypto {
namespace {

// Making a key of this size takes most of a second.
const Rsa3072Key& key() {
  static const Rsa3072Key kKey = Rsa3072Key::generate();
  return kKey;
}

TEST(Rsa3072, VerifiesWhatItSigned) {
  Rsa3072Number signature = key().sign_le(as_bytes("brume"));
  EXPECT_TRUE(rsa3072_verify_le(key().modulus_le(), as_bytes("brume"), signature));
  EXPECT_FALSE(rsa3072_verify_le(key().modulus_le(), as_bytes("brumes"), signature));
  signature[100] ^= 1;
  EXPECT_FALSE(rsa3072_verify_le(key().modulus_le(), as_bytes("brume"), signature));
}

TEST(Rsa3072, RefusesBadModuli) {
  Rsa3072Number signature = key().sign_le(as_bytes("brume"));
  Rsa3072Number even = key().modulus_le();
  even[0] &= 0xfe;
  EXPECT_FALSE(rsa3072_verify_le(even, as_bytes("brume"), signature));
  Rsa3072Number small = key().modulus_le();
  small[383] = 0;
  EXPECT_FALSE(rsa3072_verify_le(small, as_bytes("brume"), signature));
  EXPECT_FALSE(rsa3072_verify_le({}, as_bytes("brume"), {}));
  EXPECT_FALSE(rsa3072_verify_le(key().modulus_le(), as_bytes("brume"), key().modulus_le()));
}

TEST(Rsa3072, RoundTripsThroughPem) {
  Rsa3072Key again = Rsa3072Key::from_pkcs8_pem(key().pkcs8_pem()).value();
  EXPECT_EQ(again.modulus_le(), key().modulus_le());
  EXPECT_FALSE(Rsa3072Key::from_pkcs8_pem(EcKey::generate().pkcs8_pem()).has_value());
}

// A processor checks s^2 - q1 n = rest < n and s rest - q2 n = s^3 mod n: with s = 2^1600, by hand.
TEST(Rsa3072, QuotientsFollowTheManual) {
  Rsa3072Number modulus{};
  modulus[0] = 1;
  modulus[383] = 0x80;  // n = 2^3071 + 1
  Rsa3072Number s{};
  s[200] = 1;  // s = 2^1600, s^2 = 2^3200 = 2^129 n - 2^129, so q1 = 2^129 - 1 and rest = n - 2^129
  auto quotients = rsa3072_quotients_le(modulus, s).value();
  Rsa3072Number q1{};
  for (std::size_t i = 0; i < 16; ++i) q1[i] = 0xff;
  q1[16] = 1;
  EXPECT_EQ(quotients.q1, q1);
  // s rest = s n - 2^1729, so q2 = s - 1.
  Rsa3072Number q2{};
  for (std::size_t i = 0; i < 200; ++i) q2[i] = 0xff;
  EXPECT_EQ(quotients.q2, q2);
  EXPECT_FALSE(rsa3072_quotients_le(modulus, modulus).has_value());
}

}  // namespace
}  // namespace brume::crypto

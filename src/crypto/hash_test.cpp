#include "crypto/hash.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace brume::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// FIPS 180-4 examples.
TEST(Hash, MatchesFips180) {
  ByteView abc = as_bytes("abc");
  EXPECT_EQ(sha256(abc).hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256({}).hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha384(abc).hex(),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(sha512(abc).hex(),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Hash, IncrementalEqualsWholeAtEveryCut) {
  const std::string text = "The quick brown fox jumps over the lazy dog, twice, to fill more than one block of input.";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 hash;
    hash.update(as_bytes(text).first(cut)).update({}).update(as_bytes(text).subspan(cut));
    EXPECT_EQ(hash.finish(), sha256(as_bytes(text)));
  }
}

// RFC 4231, cases 2 and 6.
TEST(Hmac, MatchesRfc4231) {
  EXPECT_EQ(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")).hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256(Bytes(131, 0xaa), as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")).hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, TakesAnEmptyKeyAndMessage) {
  EXPECT_EQ(hmac_sha256({}, {}).hex(), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// SP 800-38B, appendix D.1.
TEST(Cmac, MatchesSp80038b) {
  Bytes key = hex("2b7e151628aed2a6abf7158809cf4f3c");
  Bytes message = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411");
  EXPECT_EQ(to_hex(aes128_cmac(key, {})), "bb1d6929e95937287fa37d129b756746");
  EXPECT_EQ(to_hex(aes128_cmac(key, ByteView(message).first(16))), "070a16b46b4d4144f79bdd9dd04a287c");
  EXPECT_EQ(to_hex(aes128_cmac(key, message)), "dfa66747de9ae63030ca32611497c827");
}

// RFC 5869, appendix A.1 to A.3.
TEST(Hkdf, MatchesRfc5869) {
  Bytes out(42);
  hkdf_sha256(Bytes(22, 0x0b), hex("000102030405060708090a0b0c"), hex("f0f1f2f3f4f5f6f7f8f9"), out);
  EXPECT_EQ(to_hex(out), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  hkdf_sha256(Bytes(22, 0x0b), {}, {}, out);
  EXPECT_EQ(to_hex(out), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
  Bytes secret(80), salt(80), info(80);
  for (std::size_t i = 0; i < 80; ++i) {
    secret[i] = static_cast<std::uint8_t>(i);
    salt[i] = static_cast<std::uint8_t>(0x60 + i);
    info[i] = static_cast<std::uint8_t>(0xb0 + i);
  }
  out.resize(82);
  hkdf_sha256(secret, salt, info, out);
  EXPECT_EQ(to_hex(out),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

TEST(Hkdf, ReachesItsLimits) {
  Bytes out(kHkdfOutputLimit);
  Bytes info(kHkdfInfoLimit, 7);
  hkdf_sha256(Bytes(32, 1), {}, info, out);
  Secret<32> first = hkdf<32>(Bytes(32, 1), {}, info);
  EXPECT_TRUE(equal(first.reveal(), ByteView(out).first(32)));
}

TEST(Secret, RefusesOtherSizes) {
  EXPECT_FALSE(Key32::from(Bytes(31)).has_value());
  EXPECT_FALSE(Key32::from(Bytes(33)).has_value());
  EXPECT_TRUE(Key32::from(Bytes(32, 1)).value() != Key32());
}

TEST(Wipe, LeavesZeros) {
  Bytes bytes(33, 9);
  wipe(bytes);
  EXPECT_EQ(bytes, Bytes(33));
}

}  // namespace
}  // namespace brume::crypto

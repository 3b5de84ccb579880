#include "measure/sigstruct.h"

#include <gtest/gtest.h>

namespace brume::measure {
namespace {

const crypto::Rsa3072Key& key() {
  static const crypto::Rsa3072Key made = crypto::Rsa3072Key::generate();
  return made;
}

SigstructBody some_body() {
  SigstructBody body;
  body.date = 0x20260102;
  body.measurement.bytes.fill(0xAB);
  body.isv_prod_id = 3;
  body.isv_svn = 4;
  body.isv_family_id.fill(1);
  return body;
}

TEST(Sigstruct, ComesBackSigned) {
  const Bytes bytes = sign_sigstruct(some_body(), key());
  ASSERT_EQ(bytes.size(), kSigstructSize);
  auto back = verify_sigstruct(bytes);
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->body, some_body());
  EXPECT_EQ(back->signer, signer_id(key().modulus_le()));
  EXPECT_EQ(sign_sigstruct(some_body(), key()), bytes) << "the same body and key give the same bytes";
}

// Offsets of the SDM's table.
TEST(Sigstruct, FieldsLieWhereTheManualPutsThem) {
  const Bytes bytes = sign_sigstruct(some_body(), key());
  EXPECT_EQ(to_hex(ByteView(bytes).first(16)), "06000000e10000000000010000000000");
  EXPECT_EQ(to_hex(ByteView(bytes).subspan(24, 16)), "01010000600000006000000001000000");
  EXPECT_EQ(bytes[512], 3) << "exponent";
  EXPECT_EQ(bytes[960], 0xAB) << "enclave hash";
  EXPECT_EQ(bytes[1024], 3) << "product id";
  EXPECT_EQ(bytes[1026], 4) << "security version";
}

TEST(Sigstruct, AChangeAnywhereIsRefused) {
  const Bytes good = sign_sigstruct(some_body(), key());
  for (std::size_t at = 0; at < good.size(); at += at > 128 && at < 900 ? 37 : at > 1040 ? 53 : 1) {
    Bytes bad = good;
    bad[at] ^= 1;
    EXPECT_FALSE(verify_sigstruct(bad)) << at;
  }
}

TEST(Sigstruct, EveryOtherSizeIsRefused) {
  Bytes bytes = sign_sigstruct(some_body(), key());
  for (std::size_t size = 0; size < bytes.size(); size += 97)
    EXPECT_FALSE(verify_sigstruct(ByteView(bytes).first(size)));
  bytes.push_back(0);
  EXPECT_FALSE(verify_sigstruct(bytes));
}

TEST(Einit, AcceptsWhatWasSigned) {
  const SigstructBody body = some_body();
  EXPECT_TRUE(check_einit(body, body.measurement, body.attributes, 0));
}

TEST(Einit, RefusesAnotherMeasurement) {
  const SigstructBody body = some_body();
  Measurement other = body.measurement;
  other.bytes[0] ^= 1;
  EXPECT_FALSE(check_einit(body, other, body.attributes, 0));
}

TEST(Einit, ComparesAttributesUnderTheMask) {
  SigstructBody body = some_body();
  Attributes loaded = body.attributes;
  loaded.flags |= kFlagDebug;
  loaded.xfrm = 0xE7;
  EXPECT_TRUE(check_einit(body, body.measurement, loaded, 0))
      << "the default masks leave debug and AVX to the platform";
  body.attribute_mask.flags |= kFlagDebug;
  EXPECT_FALSE(check_einit(body, body.measurement, loaded, 0)) << "a signer can forbid debug";
  loaded = body.attributes;
  loaded.flags &= ~kFlagKss;
  EXPECT_FALSE(check_einit(body, body.measurement, loaded, 0));
  loaded = body.attributes;
  loaded.xfrm = 1;
  EXPECT_FALSE(check_einit(body, body.measurement, loaded, 0));
}

TEST(Einit, ComparesMiscSelectUnderTheMask) {
  SigstructBody body = some_body();
  EXPECT_FALSE(check_einit(body, body.measurement, body.attributes, 1));
  body.misc_mask = 0;
  EXPECT_TRUE(check_einit(body, body.measurement, body.attributes, 1));
}

}  // namespace
}  // namespace brume::measure

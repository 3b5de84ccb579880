#include "evidence/tpm_credential.h"

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "crypto/testing/test_opener.h"
#include "evidence/tpm_bytes.h"

namespace brume::evidence {
namespace {

using crypto::HashAlgorithm;
using crypto::testing::TestKey;

Bytes name_of(std::uint8_t fill) {
  Bytes out = {0x00, 0x0b};
  append(out, Bytes(32, fill));
  return out;
}

// TPM2_ActivateCredential as a TPM does it (TPM 2.0 Library, Part 3, section 12.5); empty where it would refuse.
Bytes activate(const EndorsementKey& ek, const TestKey& key, const TpmCredential& credential, ByteView ak_name) {
  const HashAlgorithm hash = *tpm_crypto_hash(ek.name_hash);
  const std::size_t bits = 8 * crypto::hash_size(hash);
  Reader secret(credential.secret);
  const ByteView encrypted = take_tpm2b(secret, 1024);
  Bytes seed;
  if (ek.key.kind() == crypto::KeyKind::kRsa) {
    seed = crypto::testing::oaep_decrypt(key, bits == 256 ? "SHA256" : "SHA384",
                                         Bytes{'I', 'D', 'E', 'N', 'T', 'I', 'T', 'Y', 0}, encrypted);
  } else {
    Reader point(encrypted);
    const ByteView x = take_tpm2b(point, 66);
    const ByteView y = take_tpm2b(point, 66);
    const auto curve = ek.key.kind() == crypto::KeyKind::kP256 ? crypto::Curve::kP256 : crypto::Curve::kP384;
    const Bytes spki = ek.key.spki_der();
    seed = kdf_e(hash, crypto::testing::shared_x(key, crypto::PublicKey::from_ec(curve, x, y).value()), "IDENTITY", x,
                 ByteView(spki).last(2 * x.size()).first(x.size()), bits);
  }
  Reader outer(credential.id_object);
  Reader object(take_tpm2b(outer, 1024));
  const Bytes mac = to_bytes(take_tpm2b(object, 64));
  const ByteView hidden = object.rest();
  Bytes covered = to_bytes(hidden);
  append(covered, ak_name);
  if (crypto::hmac(hash, kdf_a(hash, seed, "INTEGRITY", {}, {}, bits), covered) != mac) return {};
  const Bytes plain =
      crypto::testing::aes_cfb_decrypt(kdf_a(hash, seed, "STORAGE", ak_name, {}, ek.symmetric_bits), hidden);
  Reader inner(plain);
  return to_bytes(take_tpm2b(inner, 64));
}

TEST(TpmCredential, OpensOnlyWithBothKeys) {
  crypto::SystemRandom random;
  for (const bool large : {false, true}) {
    for (const bool rsa : {false, true}) {
      const TestKey key = rsa ? TestKey::rsa(large ? 3072 : 2048) : TestKey::ec(large ? "P-384" : "P-256");
      const EndorsementKey ek = endorsement_key(key.public_key());
      EXPECT_EQ(ek.symmetric_bits, large ? 256 : 128);
      const Bytes secret(32, 0x5e);
      const auto credential = make_credential(ek, name_of(1), secret, random);
      ASSERT_TRUE(credential.has_value());
      EXPECT_EQ(activate(ek, key, *credential, name_of(1)), secret);
      EXPECT_TRUE(activate(ek, key, *credential, name_of(2)).empty()) << "another attestation key";
      TpmCredential other = *credential;
      other.id_object.back() ^= 1;
      EXPECT_TRUE(activate(ek, key, other, name_of(1)).empty());
    }
  }
}

TEST(TpmCredential, SecretsAreNeitherEmptyNorLongerThanADigest) {
  crypto::SystemRandom random;
  const EndorsementKey ek = endorsement_key(TestKey::ec("P-256").public_key());
  EXPECT_TRUE(make_credential(ek, name_of(1), Bytes(1, 1), random).has_value());
  EXPECT_FALSE(make_credential(ek, name_of(1), {}, random));
  EXPECT_FALSE(make_credential(ek, name_of(1), Bytes(33, 1), random));
  EXPECT_FALSE(make_credential(ek, Bytes(67), Bytes(32, 1), random));
}

TEST(TpmCredential, EndorsementKeysAreRestrictedDecryptionKeys) {
  const Bytes spki = TestKey::ec("P-256").public_key().spki_der();
  TpmPublic area;
  area.type = TpmAlgorithm::kEcc;
  area.attributes = 0x000300b2;
  area.symmetric = {TpmAlgorithm::kAes, 128, TpmAlgorithm::kCfb};
  area.curve = 3;
  area.x = to_bytes(ByteView(spki).last(64).first(32));
  area.y = to_bytes(ByteView(spki).last(32));
  ASSERT_TRUE(endorsement_key(area).has_value());
  EXPECT_EQ(endorsement_key(area)->key.spki_der(), spki);
  for (const std::uint32_t bit : {kTpmFixedTpm, kTpmFixedParent, kTpmRestricted, kTpmDecrypt}) {
    TpmPublic weaker = area;
    weaker.attributes &= ~bit;
    EXPECT_FALSE(endorsement_key(weaker)) << bit;
  }
  TpmPublic signs = area;
  signs.attributes |= kTpmSign;
  EXPECT_FALSE(endorsement_key(signs));
  TpmPublic cipher = area;
  cipher.symmetric.mode = TpmAlgorithm::kNull;
  EXPECT_FALSE(endorsement_key(cipher));
}

TEST(TpmCredential, FileIsWhatTpm2ToolsReads) {
  const TpmCredential credential{{1, 2}, {3}};
  EXPECT_EQ(to_hex(credential_file(credential)), "badcc0de00000001010203");
}

}  // namespace
}  // namespace brume::evidence

#include "crypto/public_key.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>

#include "crypto/ec.h"
#include "crypto/openssl_handle.h"
#include "crypto/random.h"
#include "crypto/text.h"
#include "crypto/x509.h"
#include "crypto/x509_parse.h"

namespace brume::crypto {
namespace {

Pkey generate_rsa(int bits) {
  algorithms();
  return Pkey(EVP_RSA_gen(static_cast<unsigned>(bits)));
}

EVP_PKEY* rsa_pair() {
  static const Pkey kKey = generate_rsa(2048);
  return kKey.get();
}

EVP_PKEY* p384_pair() {
  static const Pkey kKey(EVP_EC_gen("P-384"));
  return kKey.get();
}

Bytes spki_of(const EVP_PKEY* key) { return der_of<i2d_PUBKEY>(key); }
PublicKey public_of(const EVP_PKEY* key) { return PublicKey::from_spki_der(spki_of(key)).value(); }

struct HowSigned {
  int padding = 0;
  const EVP_MD* md = nullptr;
  int salt = RSA_PSS_SALTLEN_DIGEST;
};

Bytes sign(EVP_PKEY* key, const HowSigned& how, ByteView message) {
  DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* inner = nullptr;
  EXPECT_EQ(EVP_DigestSignInit(context.get(), &inner, how.md, nullptr, key), 1);
  if (how.padding != 0) EVP_PKEY_CTX_set_rsa_padding(inner, how.padding);
  if (how.padding == RSA_PKCS1_PSS_PADDING) EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, how.salt);
  std::size_t size = 0;
  EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size());
  Bytes out(size);
  EXPECT_EQ(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()), 1);
  out.resize(size);
  return out;
}

const ByteView kMessage = as_bytes("brume");

TEST(PublicKey, TakesEachKindAndGivesItsSpkiBack) {
  const EcKey p256 = EcKey::generate();
  EXPECT_EQ(PublicKey::from_spki_der(p256.public_key().spki_der())->kind(), KeyKind::kP256);
  EXPECT_EQ(PublicKey::from_spki_der(p256.public_key().spki_der())->spki_hash(), p256.public_key().spki_hash());
  for (const EVP_PKEY* pair : {rsa_pair(), p384_pair()}) {
    const Bytes spki = spki_of(pair);
    const PublicKey key = public_of(pair);
    EXPECT_EQ(key.spki_der(), spki);
    EXPECT_EQ(key.rsa_modulus().size(), key.kind() == KeyKind::kRsa ? 256u : 0u);
    for (std::size_t size = 0; size < spki.size(); ++size) {
      EXPECT_FALSE(PublicKey::from_spki_der(ByteView(spki).first(size)).has_value()) << size;
    }
    Bytes longer = spki;
    longer.push_back(0);
    EXPECT_FALSE(PublicKey::from_spki_der(longer).has_value());
  }
}

TEST(PublicKey, ReadsPem) {
  const std::string text = to_pem("PUBLIC KEY", spki_of(p384_pair()));
  const std::string_view pem = text;
  EXPECT_EQ(PublicKey::from_pem(pem)->spki_der(), spki_of(p384_pair()));
  EXPECT_FALSE(PublicKey::from_pem("").has_value());
  EXPECT_FALSE(PublicKey::from_pem(pem.substr(3)).has_value());
}

TEST(PublicKey, RefusesKeysThatAreWeakOrNone) {
  const Bytes modulus = public_of(rsa_pair()).rsa_modulus();
  EXPECT_TRUE(PublicKey::from_rsa(modulus, 65537).has_value());
  EXPECT_TRUE(PublicKey::from_rsa(modulus, 3).has_value());
  for (const std::uint32_t exponent : {0u, 1u, 2u, 65536u}) {
    EXPECT_FALSE(PublicKey::from_rsa(modulus, exponent).has_value()) << exponent;
  }
  Bytes even = modulus;
  even.back() &= 0xfe;
  EXPECT_FALSE(PublicKey::from_rsa(even, 65537).has_value());
  EXPECT_EQ(PublicKey::from_rsa(ByteView(modulus).first(255), 65537).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(PublicKey::from_rsa(Bytes(513, 0xff), 65537).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(PublicKey::from_spki_der(spki_of(generate_rsa(1024).get())).error().code, ErrorCode::kUnsupported);
  EXPECT_FALSE(PublicKey::from_ec(Curve::kP384, Bytes(48, 1), Bytes(48, 1)).has_value());
  EXPECT_FALSE(PublicKey::from_ec(Curve::kP384, Bytes(32, 1), Bytes(32, 1)).has_value());
  Pkey p521(EVP_EC_gen("P-521"));
  EXPECT_EQ(PublicKey::from_spki_der(spki_of(p521.get())).error().code, ErrorCode::kUnsupported);
}

TEST(PublicKey, VerifiesRsaOfBothSchemes) {
  const PublicKey key = public_of(rsa_pair());
  using enum SignatureScheme;
  using enum HashAlgorithm;
  const Bytes pkcs1 = sign(rsa_pair(), {RSA_PKCS1_PADDING, algorithms().sha256}, kMessage);
  EXPECT_TRUE(key.verify(kRsaPkcs1, kSha256, kMessage, pkcs1));
  EXPECT_FALSE(key.verify(kRsaPss, kSha256, kMessage, pkcs1));
  EXPECT_FALSE(key.verify(kRsaPkcs1, kSha384, kMessage, pkcs1));
  EXPECT_FALSE(key.verify(kRsaPkcs1, kSha256, as_bytes("brumes"), pkcs1));
  EXPECT_FALSE(key.verify(kEcdsa, kSha256, kMessage, pkcs1));
  EXPECT_FALSE(key.verify(kRsaPkcs1, kSha256, kMessage, {}));
  const Bytes pss = sign(rsa_pair(), {RSA_PKCS1_PSS_PADDING, algorithms().sha384}, kMessage);
  EXPECT_TRUE(key.verify(kRsaPss, kSha384, kMessage, pss));
  EXPECT_TRUE(key.verify(kRsaPss, kSha384, kMessage, pss, 48));
  EXPECT_FALSE(key.verify(kRsaPss, kSha384, kMessage, pss, 32));
  const Bytes longest = sign(rsa_pair(), {RSA_PKCS1_PSS_PADDING, algorithms().sha256, RSA_PSS_SALTLEN_MAX}, kMessage);
  EXPECT_TRUE(key.verify(kRsaPss, kSha256, kMessage, longest));
  const Bytes sha1 = sign(rsa_pair(), {RSA_PKCS1_PADDING, algorithms().sha1}, kMessage);
  EXPECT_FALSE(key.verify(kRsaPkcs1, kSha1, kMessage, sha1));
}

TEST(PublicKey, VerifiesEcdsaAndRefusesWhatIsOutOfRange) {
  const PublicKey key = public_of(p384_pair());
  const Bytes der = sign(p384_pair(), {0, algorithms().sha384}, kMessage);
  EXPECT_TRUE(key.verify(SignatureScheme::kEcdsa, HashAlgorithm::kSha384, kMessage, der));
  EXPECT_FALSE(key.verify(SignatureScheme::kRsaPkcs1, HashAlgorithm::kSha384, kMessage, der));
  const std::uint8_t* end = der.data();
  EcdsaSignature pair(d2i_ECDSA_SIG(nullptr, &end, static_cast<long>(der.size())));
  Bytes r(48), s(48);
  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), r.data(), 48);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), s.data(), 48);
  const auto verifies = [&](ByteView left, ByteView right) {
    return key.verify_ecdsa(HashAlgorithm::kSha384, kMessage, left, right);
  };
  EXPECT_TRUE(verifies(r, s));
  EXPECT_FALSE(verifies(s, r));
  EXPECT_FALSE(verifies(Bytes(48), s));
  EXPECT_FALSE(verifies(r, Bytes(48)));
  EXPECT_FALSE(verifies(r, Bytes(48, 0xff)));
  EXPECT_FALSE(verifies({}, s));
  Bytes padded(49);
  std::memcpy(padded.data() + 1, r.data(), r.size());
  EXPECT_FALSE(verifies(padded, s));
}

// A certificate for `subject`, signed by `issuer` as `how` says; serial number 0, as AMD's VCEK certificates have it.
Certificate signed_certificate(EVP_PKEY* subject, EVP_PKEY* issuer, const HowSigned& how) {
  SystemRandom random;
  const EcKey key = EcKey::generate();
  const Certificate template_ = issue_certificate({.common_name = "Subject", .not_after = 1'900'000'000'000},
                                                  key.public_key(), nullptr, key, random);
  Handle<X509, X509_free> x509(X509_dup(template_.native()));
  X509_set_pubkey(x509.get(), subject);
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 0);
  DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* inner = nullptr;
  EXPECT_EQ(EVP_DigestSignInit(context.get(), &inner, how.md, nullptr, issuer), 1);
  if (how.padding != 0) EVP_PKEY_CTX_set_rsa_padding(inner, how.padding);
  if (how.padding == RSA_PKCS1_PSS_PADDING) EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, how.salt);
  EXPECT_GT(X509_sign_ctx(x509.get(), context.get()), 0);
  return Certificate::from_der(der_of<i2d_X509>(x509.get())).value();
}

TEST(CertificateSignature, CountsByTheAlgorithmThatItNames) {
  const auto& known = algorithms();
  const PublicKey rsa = public_of(rsa_pair());
  const PublicKey p384 = public_of(p384_pair());
  for (const EVP_MD* md : {known.sha256, known.sha384, known.sha512}) {
    EXPECT_TRUE(signed_certificate(p384_pair(), rsa_pair(), {RSA_PKCS1_PSS_PADDING, md}).signed_by(rsa));
    EXPECT_TRUE(signed_certificate(p384_pair(), rsa_pair(), {RSA_PKCS1_PADDING, md}).signed_by(rsa));
  }
  EXPECT_TRUE(signed_certificate(rsa_pair(), p384_pair(), {0, known.sha256}).signed_by(p384));
  EXPECT_TRUE(signed_certificate(rsa_pair(), p384_pair(), {0, known.sha384}).signed_by(p384));
}

TEST(CertificateSignature, NothingWeakerOrForeignCounts) {
  const auto& known = algorithms();
  const PublicKey rsa = public_of(rsa_pair());
  EXPECT_FALSE(signed_certificate(p384_pair(), rsa_pair(), {RSA_PKCS1_PADDING, known.sha1}).signed_by(rsa));
  EXPECT_FALSE(signed_certificate(p384_pair(), rsa_pair(), {RSA_PKCS1_PSS_PADDING, known.sha1}).signed_by(rsa));
  EXPECT_FALSE(signed_certificate(p384_pair(), rsa_pair(), {RSA_PKCS1_PSS_PADDING, known.sha384, 20}).signed_by(rsa));
  const Certificate good = signed_certificate(p384_pair(), rsa_pair(), {RSA_PKCS1_PSS_PADDING, known.sha384});
  EXPECT_FALSE(good.signed_by(public_of(generate_rsa(2048).get())));
  EXPECT_FALSE(good.signed_by(public_of(p384_pair())));
  EXPECT_FALSE(good.signed_by(EcKey::generate().public_key()));
}

TEST(CertificateSignature, NoFlippedBitKeepsIt) {
  const PublicKey rsa = public_of(rsa_pair());
  const Bytes der = signed_certificate(p384_pair(), rsa_pair(), {RSA_PKCS1_PSS_PADDING, algorithms().sha384}).der();
  for (std::size_t i = 0; i < der.size(); ++i) {
    Bytes changed = der;
    changed[i] ^= 1;
    const auto certificate = Certificate::from_der(changed);
    EXPECT_FALSE(certificate && certificate->signed_by(rsa)) << i;
  }
}

TEST(CertificateSignature, SubjectKeyIsTheKeyAndSerialZeroParses) {
  const Certificate certificate = signed_certificate(p384_pair(), rsa_pair(), {RSA_PKCS1_PADDING, algorithms().sha256});
  EXPECT_EQ(certificate.subject_key()->spki_der(), spki_of(p384_pair()));
  EXPECT_FALSE(certificate.public_key().has_value());
  EXPECT_EQ(certificate.serial(), Bytes{0});
  EXPECT_EQ(signed_certificate(rsa_pair(), rsa_pair(), {RSA_PKCS1_PADDING, algorithms().sha256}).subject_key()->kind(),
            KeyKind::kRsa);
}

TEST(CrlSignature, CountsByTheAlgorithmThatItNames) {
  SystemRandom random;
  const EcKey key = EcKey::generate();
  const Certificate issuer = issue_certificate({.common_name = "Root", .not_after = 1'900'000'000'000, .ca = true},
                                               key.public_key(), nullptr, key, random);
  const Crl list = issue_crl(issuer, key, 1'700'000'000'000, 1'800'000'000'000, {});
  EXPECT_TRUE(list.signed_by(PublicKey::from_spki_der(key.public_key().spki_der()).value()));
  EXPECT_FALSE(list.signed_by(public_of(p384_pair())));
  const Bytes der = list.der();
  const std::uint8_t* end = der.data();
  Handle<X509_CRL, X509_CRL_free> copy(d2i_X509_CRL(nullptr, &end, static_cast<long>(der.size())));
  ASSERT_GT(X509_CRL_sign(copy.get(), rsa_pair(), algorithms().sha1), 0);
  EXPECT_FALSE(Crl::from_der(der_of<i2d_X509_CRL>(copy.get()))->signed_by(public_of(rsa_pair())));
  ASSERT_GT(X509_CRL_sign(copy.get(), rsa_pair(), algorithms().sha384), 0);
  EXPECT_TRUE(Crl::from_der(der_of<i2d_X509_CRL>(copy.get()))->signed_by(public_of(rsa_pair())));
}

}  // namespace
}  // namespace brume::crypto

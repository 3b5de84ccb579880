#include "crypto/x509.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/hex.h"
#include "crypto/openssl_handle.h"
#include "crypto/random.h"
#include "crypto/text.h"
#include "crypto/x509_parse.h"

namespace brume::crypto {
namespace {

// Made by `openssl req -x509` and `openssl ca -gencrl`; the CRL revokes the certificate's own serial number.
constexpr std::string_view kVectorPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBvDCCAWGgAwIBAgIJAMD/7gEjRWeJMAoGCCqGSM49BAMCMCgxFDASBgNVBAMM\n"
    "C1ZlY3RvciBSb290MRAwDgYDVQQKDAdFeGFtcGxlMCAXDTI2MTEyMjE2MDE0MloY\n"
    "DzIwNjcxMjE3MTYwMTQyWjAoMRQwEgYDVQQDDAtWZWN0b3IgUm9vdDEQMA4GA1UE\n"
    "CgwHRXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABM6bZuRRmBmgZLuk\n"
    "ODVMOJbi3GolvEaxCtMO7X3GPDiZ2GY79X5jr0GkPlVT/JGze67dB5YI31sRlUWd\n"
    "vWUmz8WjcjBwMB0GA1UdDgQWBBRYwg3MnquJ0hzcvnIL154dhtnePjAfBgNVHSME\n"
    "GDAWgBRYwg3MnquJ0hzcvnIL154dhtnePjAPBgNVHRMBAf8EBTADAQH/MA4GA1Ud\n"
    "DwEB/wQEAwIBBjANBgQqAwQFBAUEAwECAzAKBggqhkjOPQQDAgNJADBGAiEA0fbb\n"
    "gi2qB76iOaJSnP7jDEhqf6S9NkBJcLdK6hjCvSoCIQCukRUZVPoHSWL1zvR6P2sf\n"
    "HMiQUqWbXZws1wylW0agvg==\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view kVectorCrlPem =
    "-----BEGIN X509 CRL-----\n"
    "MIHfMIGFAgEBMAoGCCqGSM49BAMCMCgxFDASBgNVBAMMC1ZlY3RvciBSb290MRAw\n"
    "DgYDVQQKDAdFeGFtcGxlFw0yNjExMjIxNjAxNDJaFw0yNjEyMjIxNjAxNDJaMBww\n"
    "GgIJAMD/7gEjRWeJFw0yNjAxMDEwMDAwMDBaoA4wDDAKBgNVHRQEAwIBATAKBggq\n"
    "hkjOPQQDAgNJADBGAiEA3wG4zBWyUvAjsCGGKhuVg6iuUCYhlCXQZcJrDEYmXcIC\n"
    "IQC+CBMaHOppBiMWS4V1xi+vFMmm3c8QqZK2d3NaClE2JA==\n"
    "-----END X509 CRL-----\n";

Certificate vector_certificate() { return Certificate::chain_from_pem(kVectorPem, 1).value().front(); }
Crl vector_crl() { return Crl::from_der(from_pem("X509 CRL", kVectorCrlPem, 1).value().front()).value(); }

// Takes a certificate apart in OpenSSL's hands and signs what came of it, to build what issue_certificate() never
// would.
template <typename Change>
Result<Certificate> resigned(const Certificate& certificate, const EcKey& key, Change change) {
  Handle<X509, X509_free> copy(X509_dup(certificate.native()));
  change(copy.get());
  EXPECT_GT(X509_sign(copy.get(), key.native(), algorithms().sha256), 0);
  return Certificate::from_der(der_of<i2d_X509>(copy.get()));
}

template <typename Change>
Result<Crl> resigned(const Crl& crl, const EcKey& key, Change change) {
  Bytes der = crl.der();
  const std::uint8_t* end = der.data();
  Handle<X509_CRL, X509_CRL_free> copy(d2i_X509_CRL(nullptr, &end, static_cast<long>(der.size())));
  change(copy.get());
  EXPECT_GT(X509_CRL_sign(copy.get(), key.native(), algorithms().sha256), 0);
  return Crl::from_der(der_of<i2d_X509_CRL>(copy.get()));
}

struct Pki {
  SystemRandom random;
  EcKey root_key = EcKey::generate();
  EcKey leaf_key = EcKey::generate();
  Certificate root = issue_certificate(
      {.common_name = "Root", .not_before = 1'700'000'000'000, .not_after = 2'700'000'000'000, .ca = true},
      root_key.public_key(), nullptr, root_key, random);
  Certificate leaf = issue_certificate({.common_name = "Leaf",
                                        .not_before = 1'700'000'000'000,
                                        .not_after = 1'800'000'000'000,
                                        .extensions = {{"1.2.840.113741.1.13.1", false, {4, 1, 7}}},
                                        .crl_url = "https://example.invalid/crl"},
                                       leaf_key.public_key(), &root, root_key, random);
};

TEST(Certificate, ReadsWhatOpensslWrote) {
  Certificate certificate = vector_certificate();
  EXPECT_EQ(certificate.fingerprint().hex(), "58a1dc544fdd136554388bc78b753a96eead5c48566b2531b3e9c51c1d33caaa");
  EXPECT_EQ(certificate.pem(), kVectorPem);
  EXPECT_EQ(certificate.subject_common_name(), "Vector Root");
  EXPECT_EQ(certificate.subject_der(), certificate.issuer_der());
  EXPECT_EQ(to_hex(certificate.serial()), "c0ffee0123456789");
  EXPECT_EQ(certificate.not_before(), 1'795'363'302'000);
  EXPECT_EQ(certificate.not_after(), 3'091'363'302'000);
  EXPECT_TRUE(certificate.is_ca() && certificate.may_sign_certificates());
  EXPECT_EQ(certificate.extensions().size(), 5u);
  EXPECT_EQ(certificate.extension("1.2.3.4.5")->value, (Bytes{4, 3, 1, 2, 3}));
  EXPECT_FALSE(certificate.extension("1.2.3.4.5")->critical);
  EXPECT_TRUE(certificate.extension("2.5.29.19")->critical);
  EXPECT_FALSE(certificate.extension("1.2.3.4").has_value());
  EXPECT_TRUE(certificate.signed_by(certificate.public_key().value()));
  EXPECT_FALSE(certificate.signed_by(EcKey::generate().public_key()));
}

TEST(Certificate, RefusesEveryTruncationAndTrailingBytes) {
  Bytes der = vector_certificate().der();
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(Certificate::from_der(ByteView(der).first(size)).has_value()) << size;
  }
  der.push_back(0);
  EXPECT_FALSE(Certificate::from_der(der).has_value());
  EXPECT_EQ(Certificate::from_der(Bytes(kCertificateSizeLimit + 1)).error().code, ErrorCode::kLimit);
}

TEST(Certificate, NoFlippedBitKeepsItsSignature) {
  Bytes der = vector_certificate().der();
  EcPublicKey key = vector_certificate().public_key().value();
  for (std::size_t i = 0; i < der.size(); ++i) {
    Bytes changed = der;
    changed[i] ^= 1;
    auto certificate = Certificate::from_der(changed);
    EXPECT_FALSE(certificate && certificate->signed_by(key)) << i;
  }
}

TEST(Certificate, RefusesALengthThatIsNotDer) {
  Bytes der = vector_certificate().der();
  ASSERT_EQ(der[1], 0x82);
  Bytes longer{0x30, 0x83, 0x00};  // the outer length with a zero before it
  append(longer, ByteView(der).subspan(2));
  EXPECT_FALSE(Certificate::from_der(longer).has_value());
}

TEST(Certificate, RefusesDoubledExtensionsNegativeSerialsAndOldVersions) {
  Pki pki;
  auto nothing = [](X509*) {};
  EXPECT_TRUE(resigned(pki.leaf, pki.root_key, nothing).has_value());
  auto doubled = [](X509* x509) { X509_add_ext(x509, X509_get_ext(x509, X509_get_ext_count(x509) - 1), -1); };
  EXPECT_FALSE(resigned(pki.leaf, pki.root_key, doubled).has_value());
  auto negative = [](X509* x509) { ASN1_INTEGER_set_int64(X509_get_serialNumber(x509), -5); };
  EXPECT_FALSE(resigned(pki.leaf, pki.root_key, negative).has_value());
  auto version_1 = [](X509* x509) { X509_set_version(x509, X509_VERSION_1); };
  EXPECT_FALSE(resigned(pki.leaf, pki.root_key, version_1).has_value());
}

// RFC 5280, 4.2. Another last arc makes of the vector's critical keyUsage one that nobody knows.
TEST(Certificate, RefusesUnknownCriticalExtensions) {
  Bytes der = vector_certificate().der();
  const Bytes key_usage = {0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff};
  auto found = std::ranges::search(der, key_usage);
  ASSERT_FALSE(found.empty());
  found[4] = 0x7f;
  auto certificate = Certificate::from_der(der);
  ASSERT_FALSE(certificate.has_value());
  EXPECT_EQ(certificate.error().code, ErrorCode::kUnsupported);
}

// What another parser could read otherwise is refused: one field at a time, in a certificate that is good.
TEST(Certificate, RefusesWhatIsNotAsTheStandardHasIt) {
  const Bytes good = vector_certificate().der();
  struct Change {
    const char* name;
    Bytes from;
    Bytes to;
  };
  const Change changes[] = {
      {"another_outer_algorithm",
       {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x03, 0x49},
       {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03, 0x03, 0x49}},
      {"unused_bits_in_the_signature", {0x03, 0x49, 0x00}, {0x03, 0x49, 0x01}},
      {"time_without_zone", {'4', '2', 'Z', 0x18}, {'4', '2', '0', 0x18}},
      {"month_13", {'2', '6', '1', '1', '2', '2'}, {'2', '6', '1', '3', '2', '2'}},
      {"second_60", {'0', '1', '4', '2', 'Z', 0x18}, {'0', '1', '6', '0', 'Z', 0x18}},
      {"path_length_of_no_ca", {0x30, 0x03, 0x01, 0x01, 0xff}, {0x30, 0x03, 0x02, 0x01, 0x01}},
      {"boolean_1", {0x30, 0x03, 0x01, 0x01, 0xff}, {0x30, 0x03, 0x01, 0x01, 0x01}},
      {"key_usage_of_8_unused_bits", {0x03, 0x02, 0x01, 0x06}, {0x03, 0x02, 0x08, 0x06}},
      {"key_usage_of_another_type", {0x03, 0x02, 0x01, 0x06}, {0x04, 0x02, 0x01, 0x06}},
      {"key_id_of_another_type", {0x04, 0x16, 0x04, 0x14}, {0x04, 0x16, 0x05, 0x14}},
      {"authority_key_id_with_a_length_too_long", {0x30, 0x16, 0x80, 0x14}, {0x30, 0x16, 0x80, 0x15}},
      {"name_with_a_length_too_long", {0x0c, 0x0b, 'V'}, {0x0c, 0x0c, 'V'}},
  };
  ASSERT_TRUE(Certificate::from_der(good).has_value());
  for (const Change& change : changes) {
    Bytes der = good;
    auto found = std::ranges::search(der, change.from);
    ASSERT_FALSE(found.empty()) << change.name;
    std::ranges::copy(change.to, found.begin());
    EXPECT_FALSE(Certificate::from_der(der).has_value()) << change.name;
  }
}

TEST(Certificate, SignedBySha384DoesNotCount) {
  Pki pki;
  Handle<X509, X509_free> copy(X509_dup(pki.leaf.native()));
  ASSERT_GT(X509_sign(copy.get(), pki.root_key.native(), algorithms().sha384), 0);
  Certificate certificate = Certificate::from_der(der_of<i2d_X509>(copy.get())).value();
  EXPECT_FALSE(certificate.signed_by(pki.root_key.public_key()));
}

TEST(Certificate, RefusesKeysOnOtherCurvesWhenAsked) {
  Pki pki;
  Pkey other(EVP_EC_gen("P-384"));
  auto certificate = resigned(pki.leaf, pki.root_key, [&](X509* x509) { X509_set_pubkey(x509, other.get()); });
  ASSERT_TRUE(certificate.has_value());
  EXPECT_EQ(certificate->public_key().error().code, ErrorCode::kUnsupported);
}

TEST(Certificate, ChainFromPemHoldsItsLimit) {
  std::string two = std::string(kVectorPem) + std::string(kVectorPem);
  EXPECT_EQ(Certificate::chain_from_pem(two, 2)->size(), 2u);
  EXPECT_EQ(Certificate::chain_from_pem(two, 1).error().code, ErrorCode::kLimit);
}

TEST(IssueCertificate, SaysWhatWasAsked) {
  Pki pki;
  EXPECT_EQ(pki.leaf.subject_common_name(), "Leaf");
  EXPECT_EQ(pki.leaf.issuer_der(), pki.root.subject_der());
  EXPECT_EQ(pki.leaf.not_before(), 1'700'000'000'000);
  EXPECT_EQ(pki.leaf.not_after(), 1'800'000'000'000);
  EXPECT_EQ(pki.root.not_after(), 2'700'000'000'000) << "after 2049, a GeneralizedTime";
  EXPECT_EQ(pki.leaf.serial().size(), 20u);
  EXPECT_NE(pki.leaf.serial(), pki.root.serial());
  EXPECT_TRUE(pki.root.is_ca() && pki.root.may_sign_certificates());
  EXPECT_FALSE(pki.leaf.is_ca() || pki.leaf.may_sign_certificates());
  EXPECT_EQ(pki.leaf.extension("1.2.840.113741.1.13.1")->value, (Bytes{4, 1, 7}));
  EXPECT_TRUE(pki.leaf.extension("2.5.29.31").has_value());
  EXPECT_FALSE(pki.root.extension("2.5.29.31").has_value());
  EXPECT_EQ(pki.leaf.public_key()->raw(), pki.leaf_key.public_key().raw());
  EXPECT_TRUE(pki.leaf.signed_by(pki.root_key.public_key()) && pki.root.signed_by(pki.root_key.public_key()));
  EXPECT_FALSE(pki.leaf.signed_by(pki.leaf_key.public_key()));
}

TEST(IssueCertificate, DatesRoundTripOverTheirWholeRange) {
  SystemRandom random;
  EcKey key = EcKey::generate();
  // 1950, the epoch, a leap day, the ends of UTCTime and of GeneralizedTime.
  for (UnixMs time : {-631152000000, 0L, 951782400000, 2524607999000, 2524608000000, 253402300799000}) {
    Certificate certificate = issue_certificate({.common_name = "x", .not_before = time, .not_after = time},
                                                key.public_key(), nullptr, key, random);
    EXPECT_EQ(certificate.not_before(), time);
    EXPECT_EQ(certificate.not_after(), time);
  }
}

TEST(Crl, ReadsWhatOpensslWrote) {
  Crl crl = vector_crl();
  EXPECT_EQ(crl.issuer_der(), vector_certificate().subject_der());
  EXPECT_EQ(crl.this_update(), 1'795'363'302'000);
  EXPECT_EQ(crl.next_update(), 1'797'955'302'000);
  EXPECT_TRUE(crl.revokes(vector_certificate()));
  EXPECT_FALSE(crl.revokes(Pki().leaf));
  EXPECT_TRUE(crl.signed_by(vector_certificate().public_key().value()));
  EXPECT_FALSE(crl.signed_by(EcKey::generate().public_key()));
  EXPECT_EQ(to_pem("X509 CRL", crl.der()), kVectorCrlPem);
}

TEST(Crl, RefusesEveryTruncationAndTrailingBytes) {
  Bytes der = vector_crl().der();
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(Crl::from_der(ByteView(der).first(size)).has_value()) << size;
  }
  der.push_back(0);
  EXPECT_FALSE(Crl::from_der(der).has_value());
}

TEST(Crl, NoFlippedBitKeepsItsSignature) {
  Bytes der = vector_crl().der();
  EcPublicKey key = vector_certificate().public_key().value();
  for (std::size_t i = 0; i < der.size(); ++i) {
    Bytes changed = der;
    changed[i] ^= 1;
    auto crl = Crl::from_der(changed);
    EXPECT_FALSE(crl && crl->signed_by(key)) << i;
  }
}

TEST(Crl, IssuedRevokesExactlyWhatItNames) {
  Pki pki;
  Crl empty = issue_crl(pki.root, pki.root_key, 1'700'000'000'000, 1'700'086'400'000, {});
  EXPECT_FALSE(empty.revokes(pki.leaf));
  Crl crl = issue_crl(pki.root, pki.root_key, 1'700'000'000'000, 1'700'086'400'000, {pki.leaf});
  EXPECT_TRUE(crl.revokes(pki.leaf));
  EXPECT_FALSE(crl.revokes(pki.root));
  EXPECT_EQ(crl.issuer_der(), pki.root.subject_der());
  EXPECT_EQ(crl.next_update(), 1'700'086'400'000);
  EXPECT_TRUE(crl.signed_by(pki.root_key.public_key()));
  EXPECT_FALSE(crl.signed_by(pki.leaf_key.public_key()));
}

TEST(Crl, RefusesCriticalExtensionsAndVersion1) {
  Pki pki;
  Crl crl = issue_crl(pki.root, pki.root_key, 1'700'000'000'000, 1'700'086'400'000, {pki.leaf});
  EXPECT_TRUE(resigned(crl, pki.root_key, [](X509_CRL*) {}).has_value());
  auto delta = [](X509_CRL* list) {
    Handle<ASN1_INTEGER, ASN1_INTEGER_free> base(ASN1_INTEGER_new());
    ASN1_INTEGER_set_int64(base.get(), 1);
    X509_CRL_add1_ext_i2d(list, NID_delta_crl, base.get(), 1, X509V3_ADD_APPEND);
  };
  EXPECT_EQ(resigned(crl, pki.root_key, delta).error().code, ErrorCode::kUnsupported);
  auto in_entry = [](X509_CRL* list) {
    Handle<ASN1_INTEGER, ASN1_INTEGER_free> base(ASN1_INTEGER_new());
    X509_REVOKED_add1_ext_i2d(sk_X509_REVOKED_value(X509_CRL_get_REVOKED(list), 0), NID_delta_crl, base.get(), 1,
                              X509V3_ADD_APPEND);
  };
  EXPECT_EQ(resigned(crl, pki.root_key, in_entry).error().code, ErrorCode::kUnsupported);
  auto version_1 = [](X509_CRL* list) { X509_CRL_set_version(list, X509_CRL_VERSION_1); };
  EXPECT_FALSE(resigned(crl, pki.root_key, version_1).has_value());
}

TEST(Crl, RefusesAListWithoutNextUpdate) {
  Pki pki;
  Handle<X509_CRL, X509_CRL_free> list(X509_CRL_new());
  Handle<ASN1_TIME, ASN1_TIME_free> now(ASN1_TIME_new());
  set_time(now.get(), 0);
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(pki.root.native()));
  X509_CRL_set1_lastUpdate(list.get(), now.get());
  ASSERT_GT(X509_CRL_sign(list.get(), pki.root_key.native(), algorithms().sha256), 0);
  EXPECT_EQ(Crl::from_der(der_of<i2d_X509_CRL>(list.get())).error().code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace brume::crypto

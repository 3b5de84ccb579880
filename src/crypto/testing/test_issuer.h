// For tests: keys of every kind, what they sign, and certificates and CRLs of other PKIs than Brume's own.
#pragma once

#include <openssl/rsa.h>

#include "crypto/openssl_handle.h"
#include "crypto/x509.h"
#include "crypto/x509_parse.h"

namespace brume::crypto::testing {

struct HowSigned {
  SignatureScheme scheme = SignatureScheme::kRsaPss;
  HashAlgorithm hash = HashAlgorithm::kSha384;
  int pss_salt = RSA_PSS_SALTLEN_DIGEST;
};

class TestKey {
 public:
  static TestKey rsa(unsigned bits) {
    algorithms();
    return TestKey(EVP_RSA_gen(bits));
  }
  static TestKey ec(const char* curve) {
    algorithms();
    return TestKey(EVP_EC_gen(curve));
  }
  PublicKey public_key() const {
    auto out = PublicKey::from_spki_der(der_of<i2d_PUBKEY>(key_.get()));
    BRUME_CHECK(out.has_value());
    return *out;
  }
  EVP_PKEY* native() const { return key_.get(); }

  // RSA as it stands, ECDSA in DER.
  Bytes sign(const HowSigned& how, ByteView message) const {
    DigestContext context = start(how);
    std::size_t size = 0;
    BRUME_CHECK(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1);
    Bytes out(size);
    BRUME_CHECK(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1);
    out.resize(size);
    return out;
  }
  // r, then s, big-endian, each of `size` bytes.
  Bytes sign_ecdsa_raw(HashAlgorithm hash, ByteView message, std::size_t size) const {
    const Bytes der = sign({SignatureScheme::kEcdsa, hash}, message);
    const std::uint8_t* end = der.data();
    EcdsaSignature pair(d2i_ECDSA_SIG(nullptr, &end, static_cast<long>(der.size())));
    Bytes out(2 * size);
    BRUME_CHECK(pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out.data(), static_cast<int>(size)) > 0);
    BRUME_CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out.data() + size, static_cast<int>(size)) > 0);
    return out;
  }
  // A context that signs that way; hand it to X509_sign_ctx() and its like.
  DigestContext start(const HowSigned& how) const {
    static constexpr const char* kNames[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
    DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* inner = nullptr;
    const char* name = kNames[static_cast<std::size_t>(how.hash)];
    BRUME_CHECK(EVP_DigestSignInit_ex(context.get(), &inner, name, nullptr, nullptr, key_.get(), nullptr) == 1);
    if (how.scheme == SignatureScheme::kRsaPss) {
      BRUME_CHECK(EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) == 1);
      BRUME_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, how.pss_salt) == 1);
    }
    return context;
  }

 private:
  explicit TestKey(EVP_PKEY* key) : key_(key, EVP_PKEY_free) { BRUME_CHECK(key_ != nullptr); }
  std::shared_ptr<EVP_PKEY> key_;
};

struct TestCertificate {
  std::string subject;  // common names
  std::string issuer;
  std::int64_t serial = 0;
  UnixMs not_before = 0;
  UnixMs not_after = 0;
  bool ca = false;  // with basicConstraints, and keyUsage keyCertSign and cRLSign; else neither
  std::vector<Extension> extensions{};
};

inline void set_test_name(X509_NAME* name, const std::string& common_name) {
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
  BRUME_CHECK(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, text,
                                         static_cast<int>(common_name.size()), -1, 0) == 1);
}

inline void add_test_extension(X509* x509, const Extension& extension) {
  Handle<ASN1_OBJECT, ASN1_OBJECT_free> oid(OBJ_txt2obj(extension.oid.c_str(), 1));
  Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> value(ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(value.get(), extension.value.data(), static_cast<int>(extension.value.size()));
  Handle<X509_EXTENSION, X509_EXTENSION_free> built(
      X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), extension.critical ? 1 : 0, value.get()));
  BRUME_CHECK(built != nullptr && X509_add_ext(x509, built.get(), -1) == 1);
}

inline Certificate issue_test_certificate(const TestCertificate& request, const PublicKey& subject_key,
                                          const TestKey& issuer_key, const HowSigned& how = {}) {
  Handle<X509, X509_free> x509(X509_new());
  BRUME_CHECK(x509 && X509_set_version(x509.get(), X509_VERSION_3) == 1);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(x509.get()), request.serial);
  set_test_name(X509_get_subject_name(x509.get()), request.subject);
  set_test_name(X509_get_issuer_name(x509.get()), request.issuer);
  set_time(X509_getm_notBefore(x509.get()), request.not_before);
  set_time(X509_getm_notAfter(x509.get()), request.not_after);
  X509_set_pubkey(x509.get(), subject_key.native());
  if (request.ca) {
    add_test_extension(x509.get(), {"2.5.29.19", true, {0x30, 3, 1, 1, 0xff}});
    add_test_extension(x509.get(), {"2.5.29.15", true, {3, 2, 1, 6}});
  }
  for (const Extension& extension : request.extensions) add_test_extension(x509.get(), extension);
  BRUME_CHECK(X509_sign_ctx(x509.get(), issuer_key.start(how).get()) > 0);
  auto out = Certificate::from_der(der_of<i2d_X509>(x509.get()));
  BRUME_CHECK(out.has_value());
  return *out;
}

struct TestCrl {
  std::string issuer;
  UnixMs this_update = 0;
  UnixMs next_update = 0;
  std::vector<std::int64_t> revoked{};
};

inline Crl issue_test_crl(const TestCrl& request, const TestKey& issuer_key, const HowSigned& how = {}) {
  Handle<X509_CRL, X509_CRL_free> crl(X509_CRL_new());
  Handle<X509_NAME, X509_NAME_free> name(X509_NAME_new());
  Handle<ASN1_TIME, ASN1_TIME_free> time(ASN1_TIME_new());
  set_test_name(name.get(), request.issuer);
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), name.get());
  set_time(time.get(), request.next_update);
  X509_CRL_set1_nextUpdate(crl.get(), time.get());
  set_time(time.get(), request.this_update);
  X509_CRL_set1_lastUpdate(crl.get(), time.get());
  for (const std::int64_t serial : request.revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    Handle<ASN1_INTEGER, ASN1_INTEGER_free> number(ASN1_INTEGER_new());
    ASN1_INTEGER_set_int64(number.get(), serial);
    X509_REVOKED_set_serialNumber(entry, number.get());
    X509_REVOKED_set_revocationDate(entry, time.get());
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  BRUME_CHECK(X509_CRL_sign_ctx(crl.get(), issuer_key.start(how).get()) > 0);
  auto out = Crl::from_der(der_of<i2d_X509_CRL>(crl.get()));
  BRUME_CHECK(out.has_value());
  return *out;
}

}  // namespace brume::crypto::testing

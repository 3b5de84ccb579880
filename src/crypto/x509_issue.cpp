#include "crypto/hash.h"
#include "crypto/openssl_handle.h"
#include "crypto/x509.h"
#include "crypto/x509_parse.h"

namespace brume::crypto {

namespace {

using X509Handle = Handle<X509, X509_free>;
using CrlHandle = Handle<X509_CRL, X509_CRL_free>;
using NameHandle = Handle<X509_NAME, X509_NAME_free>;
using TimeHandle = Handle<ASN1_TIME, ASN1_TIME_free>;
using IntegerHandle = Handle<ASN1_INTEGER, ASN1_INTEGER_free>;
using OctetsHandle = Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using ObjectHandle = Handle<ASN1_OBJECT, ASN1_OBJECT_free>;
using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using ConstraintsHandle = Handle<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>;
using BitsHandle = Handle<ASN1_BIT_STRING, ASN1_BIT_STRING_free>;
using AuthorityHandle = Handle<AUTHORITY_KEYID, AUTHORITY_KEYID_free>;
using PointsHandle = Handle<CRL_DIST_POINTS, CRL_DIST_POINTS_free>;

constexpr std::size_t kSerialSize = 20;  // the most that RFC 5280 section 4.1.2.2 allows
constexpr std::size_t kKeyIdSize = 20;
// Bits of keyUsage, RFC 5280 section 4.2.1.3.
constexpr int kDigitalSignature = 0, kKeyCertSign = 5, kCrlSign = 6;

void set_octets(ASN1_STRING* out, ByteView bytes) {
  BRUME_CHECK(out != nullptr && ASN1_STRING_set(out, bytes.data(), static_cast<int>(bytes.size())) == 1);
}

// RFC 7093 section 2, method 1: the leftmost 160 bits of SHA-256 of the point.
Bytes key_id(const EcPublicKey& key) {
  Bytes point{0x04};
  append(point, key.raw());
  return to_bytes(sha256(point).view().first(kKeyIdSize));
}

OctetsHandle octets(ByteView bytes) {
  OctetsHandle out(ASN1_OCTET_STRING_new());
  set_octets(out.get(), bytes);
  return out;
}

AuthorityHandle authority(ByteView key_id) {
  AuthorityHandle out(AUTHORITY_KEYID_new());
  BRUME_CHECK(out != nullptr);
  out->keyid = octets(key_id).release();
  return out;
}

ConstraintsHandle constraints(bool ca) {
  ConstraintsHandle out(BASIC_CONSTRAINTS_new());
  BRUME_CHECK(out != nullptr);
  out->ca = ca ? 0xff : 0;
  return out;
}

BitsHandle usage(bool ca) {
  BitsHandle out(ASN1_BIT_STRING_new());
  BRUME_CHECK(out != nullptr);
  for (int bit : ca ? std::vector<int>{kKeyCertSign, kCrlSign} : std::vector<int>{kDigitalSignature}) {
    BRUME_CHECK(ASN1_BIT_STRING_set_bit(out.get(), bit, 1) == 1);
  }
  return out;
}

PointsHandle distribution_points(const std::string& url) {
  PointsHandle out(CRL_DIST_POINTS_new());
  DIST_POINT* point = DIST_POINT_new();
  DIST_POINT_NAME* name = DIST_POINT_NAME_new();
  GENERAL_NAMES* names = GENERAL_NAMES_new();
  GENERAL_NAME* general = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  BRUME_CHECK(out && point && name && names && general && text);
  set_octets(text, as_bytes(url));
  GENERAL_NAME_set0_value(general, GEN_URI, text);
  BRUME_CHECK(sk_GENERAL_NAME_push(names, general) == 1);
  name->type = 0;
  name->name.fullname = names;
  point->distpoint = name;
  BRUME_CHECK(sk_DIST_POINT_push(out.get(), point) == 1);
  return out;
}

// kAdd: X509_add1_ext_i2d or its like for CRLs.
template <auto kAdd, typename T>
void add(T* object, int nid, void* value, bool critical) {
  BRUME_CHECK(kAdd(object, nid, value, critical ? 1 : 0, X509V3_ADD_APPEND) == 1);
}

void add_extension(X509* x509, const Extension& extension) {
  ObjectHandle object(OBJ_txt2obj(extension.oid.c_str(), 1));
  BRUME_CHECK(object != nullptr);
  ExtensionHandle built(
      X509_EXTENSION_create_by_OBJ(nullptr, object.get(), extension.critical ? 1 : 0, octets(extension.value).get()));
  BRUME_CHECK(built != nullptr && X509_add_ext(x509, built.get(), -1) == 1);
}

NameHandle common_name(const std::string& text) {
  NameHandle out(X509_NAME_new());
  BRUME_CHECK(out != nullptr);
  BRUME_CHECK(X509_NAME_add_entry_by_NID(out.get(), NID_commonName, MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(text.data()),
                                         static_cast<int>(text.size()), -1, 0) == 1);
  return out;
}

void set_serial(X509* x509, Random& random) {
  ByteArray<kSerialSize> bytes;
  random.fill(bytes);
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7f) | 0x40);  // positive, and always of full size
  BigNumber number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  BRUME_CHECK(number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) != nullptr);
}

void add_extensions(X509* x509, const CertificateRequest& request, const EcPublicKey& subject_key,
                    ByteView issuer_key_id) {
  add<X509_add1_ext_i2d>(x509, NID_basic_constraints, constraints(request.ca).get(), true);
  add<X509_add1_ext_i2d>(x509, NID_key_usage, usage(request.ca).get(), true);
  add<X509_add1_ext_i2d>(x509, NID_subject_key_identifier, octets(key_id(subject_key)).get(), false);
  add<X509_add1_ext_i2d>(x509, NID_authority_key_identifier, authority(issuer_key_id).get(), false);
  if (!request.crl_url.empty()) {
    add<X509_add1_ext_i2d>(x509, NID_crl_distribution_points, distribution_points(request.crl_url).get(), false);
  }
  for (const Extension& extension : request.extensions) add_extension(x509, extension);
}

}  // namespace

Certificate issue_certificate(const CertificateRequest& request, const EcPublicKey& subject_key,
                              const Certificate* issuer, const EcKey& issuer_key, Random& random) {
  X509Handle x509(X509_new());
  NameHandle subject = common_name(request.common_name);
  BRUME_CHECK(x509 && X509_set_version(x509.get(), X509_VERSION_3) == 1);
  set_serial(x509.get(), random);
  const X509_NAME* issuer_name = issuer != nullptr ? X509_get_subject_name(issuer->native()) : subject.get();
  BRUME_CHECK(X509_set_subject_name(x509.get(), subject.get()) == 1);
  BRUME_CHECK(X509_set_issuer_name(x509.get(), issuer_name) == 1);
  set_time(X509_getm_notBefore(x509.get()), request.not_before);
  set_time(X509_getm_notAfter(x509.get()), request.not_after);
  BRUME_CHECK(X509_set_pubkey(x509.get(), subject_key.native()) == 1);
  add_extensions(x509.get(), request, subject_key, key_id(issuer_key.public_key()));
  BRUME_CHECK(X509_sign(x509.get(), issuer_key.native(), algorithms().sha256) > 0);
  // Through the parser, so that what is issued is what others accept.
  auto out = Certificate::from_der(der_of<i2d_X509>(x509.get()));
  BRUME_CHECK(out.has_value());
  return std::move(*out);
}

Crl issue_crl(const Certificate& issuer, const EcKey& issuer_key, UnixMs this_update, UnixMs next_update,
              const std::vector<Certificate>& revoked) {
  CrlHandle crl(X509_CRL_new());
  TimeHandle from(ASN1_TIME_new());
  TimeHandle to(ASN1_TIME_new());
  IntegerHandle number(ASN1_INTEGER_new());
  BRUME_CHECK(crl && from && to && number);
  set_time(from.get(), this_update);
  set_time(to.get(), next_update);
  BRUME_CHECK(X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1);
  BRUME_CHECK(X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.native())) == 1);
  BRUME_CHECK(X509_CRL_set1_lastUpdate(crl.get(), from.get()) == 1);
  BRUME_CHECK(X509_CRL_set1_nextUpdate(crl.get(), to.get()) == 1);
  for (const Certificate& certificate : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    auto* serial = const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(certificate.native()));
    BRUME_CHECK(entry && X509_REVOKED_set_serialNumber(entry, serial) == 1);
    BRUME_CHECK(X509_REVOKED_set_revocationDate(entry, from.get()) == 1);
    BRUME_CHECK(X509_CRL_add0_revoked(crl.get(), entry) == 1);
  }
  add<X509_CRL_add1_ext_i2d>(crl.get(), NID_authority_key_identifier, authority(key_id(issuer_key.public_key())).get(),
                             false);
  // A CRL's number has to grow (RFC 5280 section 5.2.3): its date does.
  BRUME_CHECK(ASN1_INTEGER_set_int64(number.get(), this_update) == 1);
  add<X509_CRL_add1_ext_i2d>(crl.get(), NID_crl_number, number.get(), false);
  BRUME_CHECK(X509_CRL_sort(crl.get()) == 1);
  BRUME_CHECK(X509_CRL_sign(crl.get(), issuer_key.native(), algorithms().sha256) > 0);
  auto out = Crl::from_der(der_of<i2d_X509_CRL>(crl.get()));
  BRUME_CHECK(out.has_value());
  return std::move(*out);
}

}  // namespace brume::crypto

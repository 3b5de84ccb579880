#include "crypto/x509.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/openssl_handle.h"
#include "crypto/text.h"
#include "crypto/x509_parse.h"

namespace brume::crypto {

namespace {

constexpr int kExtensionCountLimit = 64;
constexpr std::string_view kCertificateLabel = "CERTIFICATE";

std::string oid_text(const ASN1_OBJECT* object) {
  char text[128];
  int size = OBJ_obj2txt(text, sizeof text, object, 1);
  if (size <= 0 || size >= static_cast<int>(sizeof text)) return {};
  return std::string(text, static_cast<std::size_t>(size));
}

Bytes content(const ASN1_STRING* string) {
  const std::uint8_t* data = ASN1_STRING_get0_data(string);
  return Bytes(data, data + ASN1_STRING_length(string));
}

Bytes name_der(const X509_NAME* name) {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
  BRUME_CHECK(X509_NAME_get0_der(name, &data, &size) == 1);
  return Bytes(data, data + size);
}

bool is_time(const ASN1_TIME* time) { return time != nullptr && clean(ASN1_TIME_to_tm(time, nullptr) == 1); }

Extension extension_of(X509_EXTENSION* extension) {
  return {.oid = oid_text(X509_EXTENSION_get_object(extension)),
          .critical = X509_EXTENSION_get_critical(extension) != 0,
          .value = content(X509_EXTENSION_get_data(extension))};
}

Status check_extensions(const STACK_OF(X509_EXTENSION) * stack) {
  int count = sk_X509_EXTENSION_num(stack);
  if (count > kExtensionCountLimit) return fail(ErrorCode::kLimit, "certificate: more extensions than allowed");
  std::vector<std::string> seen;
  for (int i = 0; i < count; ++i) {
    std::string oid = oid_text(X509_EXTENSION_get_object(sk_X509_EXTENSION_value(stack, i)));
    if (oid.empty()) return malformed("certificate: an extension's OID is empty or too long");
    if (std::ranges::find(seen, oid) != seen.end()) return malformed("certificate: an extension stands there twice");
    seen.push_back(std::move(oid));
  }
  return {};
}

Status check_certificate(X509* x509) {
  if (X509_get_version(x509) != X509_VERSION_3) {
    return fail(ErrorCode::kUnsupported, "certificate: its version is not 3");
  }
  if (ASN1_STRING_type(X509_get0_serialNumber(x509)) != V_ASN1_INTEGER) {
    return malformed("certificate: its serial number is negative");
  }
  if (!is_time(X509_get0_notBefore(x509)) || !is_time(X509_get0_notAfter(x509))) {
    return malformed("certificate: its validity is not two dates");
  }
  BRUME_TRY(check_extensions(X509_get0_extensions(x509)));
  std::uint32_t flags = X509_get_extension_flags(x509);
  if (!clean((flags & EXFLAG_INVALID) == 0)) return malformed("certificate: a standard extension does not parse");
  // RFC 5280, 4.2: who does not know a critical extension must refuse the certificate.
  if ((flags & EXFLAG_CRITICAL) != 0)
    return fail(ErrorCode::kUnsupported, "certificate: an unknown critical extension");
  return {};
}

bool has_critical(const STACK_OF(X509_EXTENSION) * stack) {
  for (int i = 0; i < sk_X509_EXTENSION_num(stack); ++i) {
    if (X509_EXTENSION_get_critical(sk_X509_EXTENSION_value(stack, i)) != 0) return true;
  }
  return false;
}

Status check_crl(X509_CRL* crl) {
  if (X509_CRL_get_version(crl) != X509_CRL_VERSION_2) {
    return fail(ErrorCode::kUnsupported, "CRL: its version is not 2");
  }
  if (!is_time(X509_CRL_get0_lastUpdate(crl)) || !is_time(X509_CRL_get0_nextUpdate(crl))) {
    return malformed("CRL: it lacks the date of this or of the next update");
  }
  bool critical = has_critical(X509_CRL_get0_extensions(crl));
  STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(crl);
  for (int i = 0; i < sk_X509_REVOKED_num(revoked) && !critical; ++i) {
    critical = has_critical(X509_REVOKED_get0_extensions(sk_X509_REVOKED_value(revoked, i)));
  }
  if (critical) return fail(ErrorCode::kUnsupported, "CRL: it has a critical extension");
  return {};
}

}  // namespace

Result<Certificate> Certificate::from_der(ByteView der) {
  if (der.size() > kCertificateSizeLimit) return fail(ErrorCode::kLimit, "certificate: larger than allowed");
  algorithms();
  const std::uint8_t* end = der.data();
  std::shared_ptr<X509> x509(d2i_X509(nullptr, &end, static_cast<long>(der.size())), X509_free);
  if (!clean(x509 != nullptr)) return malformed("certificate: not an X.509 structure");
  if (!equal(der_of<i2d_X509>(x509.get()), der)) return malformed("certificate: not DER, or bytes after it");
  BRUME_TRY(check_certificate(x509.get()));
  return Certificate(std::move(x509));
}

Result<std::vector<Certificate>> Certificate::chain_from_pem(std::string_view pem, std::size_t limit_count) {
  BRUME_ASSIGN(std::vector<Bytes> blocks, from_pem(kCertificateLabel, pem, limit_count));
  std::vector<Certificate> out;
  for (const Bytes& block : blocks) {
    BRUME_ASSIGN(Certificate certificate, from_der(block));
    out.push_back(std::move(certificate));
  }
  return out;
}

Bytes Certificate::der() const { return der_of<i2d_X509>(x509_.get()); }
std::string Certificate::pem() const { return to_pem(kCertificateLabel, der()); }

std::string Certificate::subject_common_name() const {
  const X509_NAME* name = X509_get_subject_name(x509_.get());
  int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, index) >= 0) return {};
  std::uint8_t* utf8 = nullptr;
  int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  if (!clean(size >= 0)) return {};
  std::string out(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return out;
}

Bytes Certificate::subject_der() const { return name_der(X509_get_subject_name(x509_.get())); }
Bytes Certificate::issuer_der() const { return name_der(X509_get_issuer_name(x509_.get())); }
Bytes Certificate::serial() const { return content(X509_get0_serialNumber(x509_.get())); }
UnixMs Certificate::not_before() const { return unix_ms(X509_get0_notBefore(x509_.get())); }
UnixMs Certificate::not_after() const { return unix_ms(X509_get0_notAfter(x509_.get())); }

bool Certificate::is_ca() const {
  std::uint32_t flags = X509_get_extension_flags(x509_.get());
  return (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0;
}

bool Certificate::may_sign_certificates() const {
  bool stated = (X509_get_extension_flags(x509_.get()) & EXFLAG_KUSAGE) != 0;
  return stated && (X509_get_key_usage(x509_.get()) & KU_KEY_CERT_SIGN) != 0;
}

std::optional<Extension> Certificate::extension(std::string_view oid) const {
  for (int i = 0; i < X509_get_ext_count(x509_.get()); ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509_.get(), i);
    if (oid_text(X509_EXTENSION_get_object(extension)) == oid) return extension_of(extension);
  }
  return std::nullopt;
}

std::vector<Extension> Certificate::extensions() const {
  std::vector<Extension> out;
  const int count = X509_get_ext_count(x509_.get());
  out.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) out.push_back(extension_of(X509_get_ext(x509_.get(), i)));
  return out;
}

Result<EcPublicKey> Certificate::public_key() const {
  return EcPublicKey::from_spki_der(der_of<i2d_X509_PUBKEY>(X509_get_X509_PUBKEY(x509_.get())));
}

Sha256Digest Certificate::fingerprint() const { return sha256(der()); }

bool Certificate::signed_by(const EcPublicKey& issuer_key) const {
  return X509_get_signature_nid(x509_.get()) == NID_ecdsa_with_SHA256 &&
         clean(X509_verify(x509_.get(), issuer_key.native()) == 1);
}

Result<Crl> Crl::from_der(ByteView der) {
  if (der.size() > kCrlSizeLimit) return fail(ErrorCode::kLimit, "CRL: larger than allowed");
  algorithms();
  const std::uint8_t* end = der.data();
  std::shared_ptr<X509_CRL> crl(d2i_X509_CRL(nullptr, &end, static_cast<long>(der.size())), X509_CRL_free);
  if (!clean(crl != nullptr)) return malformed("CRL: not an X.509 structure");
  if (!equal(der_of<i2d_X509_CRL>(crl.get()), der)) return malformed("CRL: not DER, or bytes after it");
  BRUME_TRY(check_crl(crl.get()));
  return Crl(std::move(crl));
}

Bytes Crl::der() const { return der_of<i2d_X509_CRL>(crl_.get()); }
Bytes Crl::issuer_der() const { return name_der(X509_CRL_get_issuer(crl_.get())); }
UnixMs Crl::this_update() const { return unix_ms(X509_CRL_get0_lastUpdate(crl_.get())); }
UnixMs Crl::next_update() const { return unix_ms(X509_CRL_get0_nextUpdate(crl_.get())); }

bool Crl::revokes(const Certificate& certificate) const {
  X509_REVOKED* entry = nullptr;
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.native());
  return X509_CRL_get0_by_serial(crl_.get(), &entry, serial) != 0;
}

bool Crl::signed_by(const EcPublicKey& issuer_key) const {
  return X509_CRL_get_signature_nid(crl_.get()) == NID_ecdsa_with_SHA256 &&
         clean(X509_CRL_verify(crl_.get(), issuer_key.native()) == 1);
}

}  // namespace brume::crypto

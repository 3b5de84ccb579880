// Whatever parses as a certificate or a CRL encodes to the very bytes that came, answers every question, and is the
// same to OpenSSL where that takes it.
#include "base/check.h"
#include "crypto/random.h"
#include "crypto/x509.h"
#include "crypto/x509_parse.h"

namespace {

using namespace brume;
using namespace brume::crypto;

struct Fixed {
  SystemRandom random;
  EcKey key = EcKey::generate();
  Certificate certificate =
      issue_certificate({.common_name = "fuzz", .not_after = 1000}, key.public_key(), nullptr, key, random);
};

void look_at(const Certificate& certificate, const EcPublicKey& key) {
  for (const Extension& extension : certificate.extensions()) {
    BRUME_CHECK(certificate.extension(extension.oid)->value == extension.value);
  }
  static_cast<void>(certificate.subject_common_name());
  static_cast<void>(certificate.not_before() + certificate.not_after() != 0);
  static_cast<void>(certificate.is_ca() || certificate.may_sign_certificates());
  static_cast<void>(certificate.serial());
  static_cast<void>(certificate.issuer_der());
  if (auto own = certificate.public_key()) static_cast<void>(certificate.signed_by(*own));
  if (auto own = certificate.subject_key()) {
    BRUME_CHECK(PublicKey::from_spki_der(own->spki_der())->spki_hash() == own->spki_hash());
    static_cast<void>(certificate.signed_by(*own));
  }
  BRUME_CHECK(!certificate.signed_by(key));
}

Bytes name_der(const X509_NAME* name) {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
  BRUME_CHECK(X509_NAME_get0_der(name, &data, &size) == 1);
  return Bytes(data, data + size);
}

void compare(const Certificate& certificate, ByteView der) {
  const std::uint8_t* end = der.data();
  Handle<X509, X509_free> other(d2i_X509(nullptr, &end, static_cast<long>(der.size())));
  if (!clean(other != nullptr)) return;
  BRUME_CHECK(end == der.data() + der.size());
  BRUME_CHECK(unix_ms(X509_get0_notBefore(other.get())) == certificate.not_before());
  BRUME_CHECK(unix_ms(X509_get0_notAfter(other.get())) == certificate.not_after());
  BRUME_CHECK(name_der(X509_get_subject_name(other.get())) == certificate.subject_der());
  BRUME_CHECK(name_der(X509_get_issuer_name(other.get())) == certificate.issuer_der());
  BRUME_CHECK(X509_get_ext_count(other.get()) == static_cast<int>(certificate.extensions().size()));
  const std::uint32_t flags = X509_get_extension_flags(other.get());
  if (!clean((flags & EXFLAG_INVALID) == 0)) return;
  BRUME_CHECK(((flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0) == certificate.is_ca());
  const bool signs = (flags & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(other.get()) & KU_KEY_CERT_SIGN) != 0;
  BRUME_CHECK(signs == certificate.may_sign_certificates());
}

void compare(const Crl& crl, const Certificate& certificate, ByteView der) {
  const std::uint8_t* end = der.data();
  Handle<X509_CRL, X509_CRL_free> other(d2i_X509_CRL(nullptr, &end, static_cast<long>(der.size())));
  if (!clean(other != nullptr)) return;
  BRUME_CHECK(unix_ms(X509_CRL_get0_lastUpdate(other.get())) == crl.this_update());
  BRUME_CHECK(unix_ms(X509_CRL_get0_nextUpdate(other.get())) == crl.next_update());
  BRUME_CHECK(name_der(X509_CRL_get_issuer(other.get())) == crl.issuer_der());
  X509_REVOKED* entry = nullptr;
  const auto* serial = X509_get0_serialNumber(certificate.native());
  BRUME_CHECK((X509_CRL_get0_by_serial(other.get(), &entry, serial) != 0) == crl.revokes(certificate));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Fixed kFixed;
  static const EcPublicKey kStranger = EcKey::generate().public_key();
  ByteView input(data, size);
  if (auto certificate = Certificate::from_der(input)) {
    BRUME_CHECK(equal(certificate->der(), input));
    look_at(*certificate, kStranger);
    compare(*certificate, input);
  }
  if (auto crl = Crl::from_der(input)) {
    BRUME_CHECK(equal(crl->der(), input));
    BRUME_CHECK(!crl->signed_by(kStranger));
    compare(*crl, kFixed.certificate, input);
    static_cast<void>(crl->this_update() + crl->next_update() != 0);
    static_cast<void>(crl->issuer_der());
  }
  return 0;
}

// Whatever parses as a certificate or a CRL encodes to the very bytes that came, and answers every question.
#include "base/check.h"
#include "crypto/random.h"
#include "crypto/x509.h"

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Fixed kFixed;
  static const EcPublicKey kStranger = EcKey::generate().public_key();
  ByteView input(data, size);
  if (auto certificate = Certificate::from_der(input)) {
    BRUME_CHECK(equal(certificate->der(), input));
    look_at(*certificate, kStranger);
  }
  if (auto crl = Crl::from_der(input)) {
    BRUME_CHECK(equal(crl->der(), input));
    BRUME_CHECK(!crl->signed_by(kStranger));
    static_cast<void>(crl->revokes(kFixed.certificate));
    static_cast<void>(crl->this_update() + crl->next_update() != 0);
    static_cast<void>(crl->issuer_der());
  }
  return 0;
}

#include "crypto/x509.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/text.h"
#include "crypto/x509_state.h"

namespace brume::crypto {

namespace {

constexpr std::string_view kCertificateLabel = "CERTIFICATE";

X509* native_of(ByteView der) {
  algorithms();
  const std::uint8_t* end = der.data();
  X509* x509 = d2i_X509(nullptr, &end, static_cast<long>(der.size()));
  return clean(x509 != nullptr) ? x509 : nullptr;
}

// What x509_fields does not read itself: the other standard extensions, and those that are critical.
Status check_with_openssl(CertificateState& state) {
  state.native = native_of(state.der);
  if (state.native == nullptr) return malformed("certificate: not an X.509 structure");
  std::uint32_t flags = X509_get_extension_flags(state.native);
  if (!clean((flags & EXFLAG_INVALID) == 0)) return malformed("certificate: a standard extension does not parse");
  // RFC 5280, 4.2: who does not know a critical extension must refuse the certificate.
  if ((flags & EXFLAG_CRITICAL) != 0) {
    return fail(ErrorCode::kUnsupported, "certificate: an unknown critical extension");
  }
  return {};
}

Extension extension_of(const ExtensionView& extension) {
  return {.oid = oid_text(extension.oid), .critical = extension.critical, .value = to_bytes(extension.value)};
}

// RFC 5758, section 3.2.
bool is_signed_by(const SignedView& sealed, const EcPublicKey& key) {
  return equal(sealed.algorithm, kEcdsaWithSha256) && key.verify_der(sealed.bytes, sealed.signature);
}

}  // namespace

Result<Certificate> Certificate::from_der(ByteView der) {
  if (der.size() > kCertificateSizeLimit) return fail(ErrorCode::kLimit, "certificate: larger than allowed");
  auto state = std::make_shared<CertificateState>();
  state->der = to_bytes(der);
  BRUME_ASSIGN(state->fields, parse_certificate_fields(state->der));
  if (state->fields.unchecked) BRUME_TRY(check_with_openssl(*state));
  return Certificate(std::move(state));
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

Bytes Certificate::der() const { return state_->der; }
std::string Certificate::pem() const { return to_pem(kCertificateLabel, state_->der); }
std::string Certificate::subject_common_name() const { return common_name_of(state_->fields.subject); }
Bytes Certificate::subject_der() const { return to_bytes(state_->fields.subject); }
Bytes Certificate::issuer_der() const { return to_bytes(state_->fields.issuer); }
UnixMs Certificate::not_before() const { return state_->fields.not_before; }
UnixMs Certificate::not_after() const { return state_->fields.not_after; }
bool Certificate::is_ca() const { return state_->fields.ca; }
bool Certificate::may_sign_certificates() const { return state_->fields.signs_others; }

Bytes Certificate::serial() const {
  ByteView serial = state_->fields.serial;
  return to_bytes(serial.size() > 1 && serial[0] == 0 ? serial.subspan(1) : serial);
}

std::optional<Extension> Certificate::extension(std::string_view oid) const {
  const Bytes content = oid_content(oid);
  for (const ExtensionView& extension : state_->fields.extensions) {
    if (equal(extension.oid, content)) return extension_of(extension);
  }
  return std::nullopt;
}

std::vector<Extension> Certificate::extensions() const {
  std::vector<Extension> out;
  for (const ExtensionView& extension : state_->fields.extensions) out.push_back(extension_of(extension));
  return out;
}

Result<EcPublicKey> Certificate::public_key() const { return EcPublicKey::from_spki_der(state_->fields.spki); }
Sha256Digest Certificate::fingerprint() const { return sha256(state_->der); }
bool Certificate::same_bytes(const Certificate& other) const { return state_->der == other.state_->der; }
bool Certificate::signed_by(const EcPublicKey& key) const { return is_signed_by(state_->fields.sealed, key); }

x509_st* Certificate::native() const {
  X509* made = state_->native.load();
  if (made != nullptr) return made;
  X509* mine = native_of(state_->der);
  BRUME_CHECK(mine != nullptr);
  if (state_->native.compare_exchange_strong(made, mine)) return mine;
  X509_free(mine);  // another thread was faster
  return made;
}

Result<Crl> Crl::from_der(ByteView der) {
  if (der.size() > kCrlSizeLimit) return fail(ErrorCode::kLimit, "CRL: larger than allowed");
  auto state = std::make_shared<CrlState>();
  state->der = to_bytes(der);
  BRUME_ASSIGN(state->fields, parse_crl_fields(state->der));
  return Crl(std::move(state));
}

Bytes Crl::der() const { return state_->der; }
Bytes Crl::issuer_der() const { return to_bytes(state_->fields.issuer); }
UnixMs Crl::this_update() const { return state_->fields.this_update; }
UnixMs Crl::next_update() const { return state_->fields.next_update; }

bool Crl::revokes(const Certificate& certificate) const {
  return std::ranges::binary_search(state_->fields.revoked, certificate.state_->fields.serial, serial_before);
}

bool Crl::signed_by(const EcPublicKey& key) const { return is_signed_by(state_->fields.sealed, key); }

}  // namespace brume::crypto

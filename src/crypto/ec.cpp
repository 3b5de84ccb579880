#include "crypto/ec.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/openssl_handle.h"

namespace brume::crypto {

namespace {

// SubjectPublicKeyInfo of an uncompressed P-256 point up to and with its 0x04 (RFC 5480): the one
// form that is accepted, so an SPKI has one encoding and its hash names one key.
constexpr ByteArray<27> kSpkiPrefix = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
// Order of the group, SEC 2 section 2.4.2.
constexpr ByteArray<32> kOrder = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

bool in_scalar_range(ByteView number) {
  bool zero = std::ranges::all_of(number, [](std::uint8_t byte) { return byte == 0; });
  return !zero && std::memcmp(number.data(), kOrder.data(), kOrder.size()) < 0;
}

bool verify(EVP_PKEY* key, ByteView message, ByteView signature_der) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  BRUME_CHECK(context != nullptr && EVP_PKEY_verify_init(context.get()) == 1);
  Sha256Digest digest = sha256(message);
  return clean(EVP_PKEY_verify(context.get(), signature_der.data(), signature_der.size(), digest.bytes.data(),
                               digest.bytes.size()) == 1);
}

// The shortest INTEGER of a number that is not zero; at most 35 bytes.
std::size_t put_integer(ByteView number, std::uint8_t* out) {
  while (number[0] == 0) number = number.subspan(1);
  const std::size_t sign = number[0] >= 0x80 ? 1 : 0;
  out[0] = 0x02;
  out[1] = static_cast<std::uint8_t>(number.size() + sign);
  out[2] = 0;
  std::memcpy(out + 2 + sign, number.data(), number.size());
  return 2 + sign + number.size();
}

// r and s, in their range, to the DER that OpenSSL takes; at most 72 bytes.
std::size_t encode_der(ByteView signature, ByteArray<72>& out) {
  std::size_t size = put_integer(signature.first(32), out.data() + 2);
  size += put_integer(signature.last(32), out.data() + 2 + size);
  out[0] = 0x30;
  out[1] = static_cast<std::uint8_t>(size);
  return 2 + size;
}

}  // namespace

Result<EcPublicKey> EcPublicKey::from_raw(ByteView xy) {
  if (xy.size() != 64) return malformed("P-256 public key: expected 64 bytes");
  ByteArray<65> point;
  point[0] = 0x04;
  std::memcpy(point.data() + 1, xy.data(), 64);
  Pkey key = ec_public_key(point);
  if (!key) return malformed("P-256 public key: the point is not on the curve");
  return EcPublicKey({key.release(), EVP_PKEY_free});
}

Result<EcPublicKey> EcPublicKey::from_spki_der(ByteView der) {
  if (der.size() != kSpkiPrefix.size() + 64 || !equal(der.first(kSpkiPrefix.size()), kSpkiPrefix)) {
    return fail(ErrorCode::kUnsupported, "public key: not an uncompressed point on P-256");
  }
  return from_raw(der.subspan(kSpkiPrefix.size()));
}

RawPublicKey EcPublicKey::raw() const {
  ByteArray<65> point;
  std::size_t size = 0;
  BRUME_CHECK(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) ==
              1);
  BRUME_CHECK(size == point.size() && point[0] == 0x04);
  RawPublicKey out;
  std::memcpy(out.data(), point.data() + 1, out.size());
  return out;
}

Bytes EcPublicKey::spki_der() const {
  Bytes out = to_bytes(kSpkiPrefix);
  append(out, raw());
  return out;
}

SpkiHash EcPublicKey::spki_hash() const { return {sha256(spki_der()).bytes}; }

bool EcPublicKey::verify_raw(ByteView message, ByteView signature) const {
  if (signature.size() != 64) return false;
  if (!in_scalar_range(signature.first(32)) || !in_scalar_range(signature.last(32))) return false;
  ByteArray<72> der;
  std::size_t size = encode_der(signature, der);
  return verify(key_.get(), message, ByteView(der).first(size));
}

bool EcPublicKey::verify_der(ByteView message, ByteView signature) const {
  return !signature.empty() && signature.size() <= 72 && verify(key_.get(), message, signature);
}

EcKey EcKey::generate() {
  algorithms();
  EVP_PKEY* key = EVP_EC_gen("P-256");
  BRUME_CHECK(key != nullptr);
  return EcKey({key, EVP_PKEY_free});
}

Result<EcKey> EcKey::from_pkcs8_pem(std::string_view pem) {
  Pkey key = pkey_from_pkcs8_pem(pem, "EC");
  if (!key) return malformed("P-256 key: not one PKCS #8 private key in PEM");
  char group[32] = {};
  std::size_t size = 0;
  bool named = EVP_PKEY_get_group_name(key.get(), group, sizeof group, &size) == 1;
  int is_explicit = 0;
  EVP_PKEY_get_int_param(key.get(), OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit);
  if (!clean(named && is_explicit == 0 && std::string_view(group, size) == "prime256v1")) {
    return fail(ErrorCode::kUnsupported, "P-256 key: the key is on another curve");
  }
  return EcKey({key.release(), EVP_PKEY_free});
}

std::string EcKey::pkcs8_pem() const { return pkcs8_pem_of(key_.get()); }

EcPublicKey EcKey::public_key() const {
  // A key of its own: it must not carry the private half along.
  auto out = EcPublicKey::from_raw(EcPublicKey(key_).raw());
  BRUME_CHECK(out.has_value());
  return std::move(*out);
}

Bytes EcKey::sign_der(ByteView message) const {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  BRUME_CHECK(context != nullptr && EVP_PKEY_sign_init(context.get()) == 1);
  Sha256Digest digest = sha256(message);
  Bytes out(72);
  std::size_t size = out.size();
  BRUME_CHECK(EVP_PKEY_sign(context.get(), out.data(), &size, digest.bytes.data(), digest.bytes.size()) == 1);
  out.resize(size);
  return out;
}

RawSignature EcKey::sign_raw(ByteView message) const {
  Bytes der = sign_der(message);
  const std::uint8_t* end = der.data();
  EcdsaSignature pair(d2i_ECDSA_SIG(nullptr, &end, static_cast<long>(der.size())));
  BRUME_CHECK(pair != nullptr);
  RawSignature out;
  BRUME_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out.data(), 32) == 32);
  BRUME_CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out.data() + 32, 32) == 32);
  return out;
}

}  // namespace brume::crypto

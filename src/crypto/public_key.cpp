#include "crypto/public_key.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "base/reader.h"
#include "crypto/hash.h"
#include "crypto/openssl_handle.h"
#include "crypto/text.h"

namespace brume::crypto {
namespace {

constexpr int kRsaBitsLeast = 2048, kRsaBitsMost = 4096;
constexpr std::size_t kSpkiSizeLimit = 1024;

struct CurveFacts {
  KeyKind kind;
  const char* group;
  std::size_t size;   // of a coordinate and of the order
  Bytes spki_prefix;  // RFC 5480: up to and with the 0x04 of an uncompressed point
  const char* order;  // SEC 2, sections 2.4.2 and 2.5.1
};

const CurveFacts& facts(Curve curve) {
  static const CurveFacts kP256 = {KeyKind::kP256, "prime256v1", 32,
                                   from_hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004").value(),
                                   "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"};
  static const CurveFacts kP384 = {
      KeyKind::kP384, "secp384r1", 48, from_hex("3076301006072a8648ce3d020106052b8104002203620004").value(),
      "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"};
  return curve == Curve::kP256 ? kP256 : kP384;
}

Curve curve_of(KeyKind kind) { return kind == KeyKind::kP256 ? Curve::kP256 : Curve::kP384; }

const EVP_MD* method(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha1:
      return algorithms().sha1;
    case HashAlgorithm::kSha256:
      return algorithms().sha256;
    case HashAlgorithm::kSha384:
      return algorithms().sha384;
    case HashAlgorithm::kSm3:
      return algorithms().sm3;
    default:
      return algorithms().sha512;
  }
}

// AlgorithmIdentifier of rsaEncryption with its NULL, RFC 8017 appendix A.1.
const Bytes& rsa_algorithm() {
  static const Bytes kBytes = from_hex("300d06092a864886f70d0101010500").value();
  return kBytes;
}

Bytes tlv(std::uint8_t tag, ByteView content) {
  Bytes out = {tag};
  if (content.size() >= 0x100) {
    append(out, Bytes{0x82, static_cast<std::uint8_t>(content.size() >> 8)});
  } else if (content.size() >= 0x80) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(content.size()));
  append(out, content);
  return out;
}

Bytes tlv_integer(const BIGNUM* number) {
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number)) + 1);
  BN_bn2bin(number, bytes.data() + 1);
  const bool needs_zero = bytes.size() > 1 && bytes[1] >= 0x80;
  return tlv(0x02, ByteView(bytes).subspan(needs_zero ? 0 : 1));
}

// Lenient of lengths: the caller compares with what it encodes itself.
ByteView take_tlv(Reader& reader, std::uint8_t tag) {
  if (reader.u8() != tag) reader.fault();
  std::size_t size = reader.u8();
  if (size == 0x81) {
    size = reader.u8();
  } else if (size == 0x82) {
    size = reader.u16be();
  } else if (size >= 0x80) {
    reader.fault();
  }
  return reader.take(size);
}

BigNumber number_from(ByteView big_endian) {
  BigNumber out(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr));
  BRUME_CHECK(out != nullptr);
  return out;
}

BigNumber rsa_number(const EVP_PKEY* key, const char* name) {
  BIGNUM* out = nullptr;
  BRUME_CHECK(EVP_PKEY_get_bn_param(key, name, &out) == 1);
  return BigNumber(out);
}

Result<PublicKey> rsa_from_spki(ByteView der) {
  Reader outer(der);
  Reader spki(take_tlv(outer, 0x30));
  const ByteView algorithm = spki.take(rsa_algorithm().size());
  ByteView bits = take_tlv(spki, 0x03);
  if (!equal(algorithm, rsa_algorithm()) || bits.empty()) {
    return fail(ErrorCode::kUnsupported, "public key: neither RSA nor an uncompressed point on P-256 or P-384");
  }
  Reader pair_outer(bits.subspan(1));
  Reader pair(take_tlv(pair_outer, 0x30));
  const ByteView modulus = take_tlv(pair, 0x02);
  const ByteView exponent = take_tlv(pair, 0x02);
  if (!pair.ok() || exponent.size() > 5) return malformed("public key: not an RSA modulus and exponent");
  std::uint64_t e = 0;
  for (const std::uint8_t byte : exponent) e = e << 8 | byte;
  if (e > UINT32_MAX) return fail(ErrorCode::kUnsupported, "public key: an RSA exponent of more than 32 bits");
  BRUME_ASSIGN(PublicKey key, PublicKey::from_rsa(modulus, static_cast<std::uint32_t>(e)));
  if (!equal(key.spki_der(), der)) return malformed("public key: not DER");
  return key;
}

// r and s in DER; nothing where one of them is zero or not below the order (FIPS 186-4 section 6.4).
std::optional<Bytes> ecdsa_der(const CurveFacts& curve, ByteView r_be, ByteView s_be) {
  const auto in_range = [&](ByteView number) {
    if (number.empty() || number.size() > curve.size) return false;
    BigNumber value = number_from(number);
    const Bytes order = from_hex(curve.order).value();
    return !BN_is_zero(value.get()) && BN_cmp(value.get(), number_from(order).get()) < 0;
  };
  if (!in_range(r_be) || !in_range(s_be)) return std::nullopt;
  Bytes pair = tlv_integer(number_from(r_be).get());
  append(pair, tlv_integer(number_from(s_be).get()));
  return tlv(0x30, pair);
}

}  // namespace

std::size_t hash_size(HashAlgorithm algorithm) { return static_cast<std::size_t>(EVP_MD_get_size(method(algorithm))); }

Bytes hash(HashAlgorithm algorithm, ByteView bytes) {
  Bytes out(hash_size(algorithm));
  BRUME_CHECK(EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, method(algorithm), nullptr) == 1);
  return out;
}

Result<PublicKey> PublicKey::from_spki_der(ByteView der) {
  if (der.size() > kSpkiSizeLimit) return fail(ErrorCode::kLimit, "public key: larger than allowed");
  for (const Curve curve : {Curve::kP256, Curve::kP384}) {
    const CurveFacts& is = facts(curve);
    const std::size_t prefix = is.spki_prefix.size();
    if (der.size() != prefix + 2 * is.size || !equal(der.first(prefix), is.spki_prefix)) continue;
    return from_ec(curve, der.subspan(prefix, is.size), der.last(is.size));
  }
  return rsa_from_spki(der);
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  BRUME_ASSIGN(const auto blocks, crypto::from_pem("PUBLIC KEY", pem, 1));
  if (blocks.size() != 1) return malformed("public key: not one PEM block");
  return from_spki_der(blocks.front());
}

Result<PublicKey> PublicKey::from_rsa(ByteView modulus_be, std::uint32_t exponent) {
  if (modulus_be.size() > kSpkiSizeLimit) return fail(ErrorCode::kLimit, "RSA key: the modulus is larger than allowed");
  BigNumber n = number_from(modulus_be);
  BigNumber e(BN_new());
  BRUME_CHECK(e && BN_set_word(e.get(), exponent) == 1);
  const int bits = BN_num_bits(n.get());
  if (bits < kRsaBitsLeast || bits > kRsaBitsMost) {
    return fail(ErrorCode::kUnsupported, "RSA key: the modulus has not 2048 to 4096 bits");
  }
  if (!BN_is_odd(n.get()) || exponent < 3 || exponent % 2 == 0) {
    return malformed("RSA key: the modulus is even, or the exponent is even or below 3");
  }
  Pkey key = rsa_public_key(n.get(), e.get());
  if (!key) return malformed("RSA key: not a modulus and exponent");
  return PublicKey(KeyKind::kRsa, {key.release(), EVP_PKEY_free});
}

Result<PublicKey> PublicKey::from_ec(Curve curve, ByteView x_be, ByteView y_be) {
  const CurveFacts& is = facts(curve);
  if (x_be.size() != is.size || y_be.size() != is.size) return malformed("EC key: a coordinate has another size");
  Bytes point = {0x04};
  append(point, x_be);
  append(point, y_be);
  Pkey key = ec_public_key(point);
  if (!key) return malformed("EC key: the point is not on the curve");
  return PublicKey(is.kind, {key.release(), EVP_PKEY_free});
}

Bytes PublicKey::spki_der() const {
  if (kind_ == KeyKind::kRsa) {
    Bytes pair = tlv_integer(rsa_number(key_.get(), OSSL_PKEY_PARAM_RSA_N).get());
    append(pair, tlv_integer(rsa_number(key_.get(), OSSL_PKEY_PARAM_RSA_E).get()));
    Bytes bits = {0};
    append(bits, tlv(0x30, pair));
    Bytes spki = rsa_algorithm();
    append(spki, tlv(0x03, bits));
    return tlv(0x30, spki);
  }
  const CurveFacts& is = facts(curve_of(kind_));
  Bytes point(1 + 2 * is.size);
  std::size_t size = 0;
  BRUME_CHECK(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) ==
              1);
  BRUME_CHECK(size == point.size() && point[0] == 0x04);
  Bytes out = is.spki_prefix;
  append(out, ByteView(point).subspan(1));
  return out;
}

SpkiHash PublicKey::spki_hash() const { return {sha256(spki_der()).bytes}; }

Bytes PublicKey::rsa_modulus() const {
  if (kind_ != KeyKind::kRsa) return {};
  BigNumber n = rsa_number(key_.get(), OSSL_PKEY_PARAM_RSA_N);
  Bytes out(static_cast<std::size_t>(BN_num_bytes(n.get())));
  BN_bn2bin(n.get(), out.data());
  return out;
}

bool PublicKey::verify(SignatureScheme scheme, HashAlgorithm algorithm, ByteView message, ByteView signature,
                       std::optional<std::size_t> pss_salt_size) const {
  return algorithm != HashAlgorithm::kSha1 && verify_any(scheme, algorithm, message, signature, pss_salt_size);
}

bool PublicKey::verify_or_sha1(SignatureScheme scheme, HashAlgorithm algorithm, ByteView message,
                               ByteView signature) const {
  return verify_any(scheme, algorithm, message, signature, std::nullopt);
}

bool PublicKey::verify_any(SignatureScheme scheme, HashAlgorithm algorithm, ByteView message, ByteView signature,
                           std::optional<std::size_t> pss_salt_size) const {
  if ((scheme == SignatureScheme::kEcdsa) == (kind_ == KeyKind::kRsa)) return false;
  if (algorithm == HashAlgorithm::kSm3 || signature.empty()) return false;
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  BRUME_CHECK(context != nullptr && EVP_PKEY_verify_init(context.get()) == 1);
  if (kind_ == KeyKind::kRsa) {
    const bool pss = scheme == SignatureScheme::kRsaPss;
    BRUME_CHECK(EVP_PKEY_CTX_set_rsa_padding(context.get(), pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1);
    BRUME_CHECK(EVP_PKEY_CTX_set_signature_md(context.get(), method(algorithm)) == 1);
    const int salt = pss_salt_size ? static_cast<int>(*pss_salt_size) : RSA_PSS_SALTLEN_AUTO;
    if (pss) BRUME_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), salt) == 1);
  }
  const Bytes digest = hash(algorithm, message);
  return clean(EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(), digest.size()) == 1);
}

bool PublicKey::verify_ecdsa(HashAlgorithm algorithm, ByteView message, ByteView r_be, ByteView s_be) const {
  if (kind_ == KeyKind::kRsa) return false;
  const auto der = ecdsa_der(facts(curve_of(kind_)), r_be, s_be);
  return der && verify(SignatureScheme::kEcdsa, algorithm, message, *der);
}

bool PublicKey::verify_ecdsa_or_sha1(HashAlgorithm algorithm, ByteView message, ByteView r_be, ByteView s_be) const {
  if (kind_ == KeyKind::kRsa) return false;
  const auto der = ecdsa_der(facts(curve_of(kind_)), r_be, s_be);
  return der && verify_or_sha1(SignatureScheme::kEcdsa, algorithm, message, *der);
}

}  // namespace brume::crypto

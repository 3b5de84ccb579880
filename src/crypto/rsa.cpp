#include "crypto/rsa.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/openssl_handle.h"

namespace brume::crypto {

namespace {

constexpr int kBits = 3072;
constexpr int kExponent = 3;

BigNumber number(const Rsa3072Number& little_endian) {
  BigNumber out(BN_lebin2bn(little_endian.data(), static_cast<int>(little_endian.size()), nullptr));
  BRUME_CHECK(out != nullptr);
  return out;
}

BigNumber number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* out = nullptr;
  BRUME_CHECK(EVP_PKEY_get_bn_param(key, name, &out) == 1);
  return BigNumber(out);
}

Rsa3072Number little_endian(const BIGNUM* number) {
  Rsa3072Number out;
  BRUME_CHECK(BN_bn2lebinpad(number, out.data(), static_cast<int>(out.size())) == static_cast<int>(out.size()));
  return out;
}

bool is_modulus(const BIGNUM* n) { return BN_num_bits(n) == kBits && BN_is_odd(n); }

// A context for signing or verifying a SHA-256 digest by PKCS #1 v1.5.
PkeyContext context_for(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  BRUME_CHECK(context != nullptr && init(context.get()) == 1);
  BRUME_CHECK(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1);
  BRUME_CHECK(EVP_PKEY_CTX_set_signature_md(context.get(), algorithms().sha256) == 1);
  return context;
}

Pkey public_key(const BIGNUM* n) {
  BigNumber e(BN_new());
  BRUME_CHECK(e && BN_set_word(e.get(), kExponent) == 1);
  return rsa_public_key(n, e.get());
}

}  // namespace

Rsa3072Key Rsa3072Key::generate() {
  algorithms();
  PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  BigNumber e(BN_new());
  BRUME_CHECK(context && e && BN_set_word(e.get(), kExponent) == 1);
  BRUME_CHECK(EVP_PKEY_keygen_init(context.get()) == 1);
  BRUME_CHECK(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), kBits) == 1);
  BRUME_CHECK(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), e.get()) == 1);
  EVP_PKEY* key = nullptr;
  BRUME_CHECK(EVP_PKEY_keygen(context.get(), &key) == 1);
  return Rsa3072Key({key, EVP_PKEY_free});
}

Result<Rsa3072Key> Rsa3072Key::from_pkcs8_pem(std::string_view pem) {
  Pkey key = pkey_from_pkcs8_pem(pem, "RSA");
  if (!key) return malformed("RSA key: not one PKCS #8 private key in PEM");
  BigNumber n = number_of(key.get(), OSSL_PKEY_PARAM_RSA_N);
  BigNumber e = number_of(key.get(), OSSL_PKEY_PARAM_RSA_E);
  if (!is_modulus(n.get()) || !BN_is_word(e.get(), kExponent)) {
    return fail(ErrorCode::kUnsupported, "RSA key: expected 3072 bits and the exponent 3");
  }
  return Rsa3072Key({key.release(), EVP_PKEY_free});
}

std::string Rsa3072Key::pkcs8_pem() const { return pkcs8_pem_of(key_.get()); }

Rsa3072Number Rsa3072Key::modulus_le() const {
  return little_endian(number_of(key_.get(), OSSL_PKEY_PARAM_RSA_N).get());
}

Rsa3072Number Rsa3072Key::sign_le(ByteView message) const {
  PkeyContext context = context_for(key_.get(), EVP_PKEY_sign_init);
  Sha256Digest digest = sha256(message);
  Rsa3072Number out;
  std::size_t size = out.size();
  BRUME_CHECK(EVP_PKEY_sign(context.get(), out.data(), &size, digest.bytes.data(), digest.bytes.size()) == 1);
  BRUME_CHECK(size == out.size());
  std::ranges::reverse(out);
  return out;
}

bool rsa3072_verify_le(const Rsa3072Number& modulus_le, ByteView message, const Rsa3072Number& signature_le) {
  BigNumber n = number(modulus_le);
  if (!is_modulus(n.get())) return false;
  Pkey key = public_key(n.get());
  if (!key) return false;
  PkeyContext context = context_for(key.get(), EVP_PKEY_verify_init);
  Sha256Digest digest = sha256(message);
  Rsa3072Number signature = signature_le;
  std::ranges::reverse(signature);
  return clean(EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.bytes.data(),
                               digest.bytes.size()) == 1);
}

Result<Rsa3072Quotients> rsa3072_quotients_le(const Rsa3072Number& modulus_le, const Rsa3072Number& signature_le) {
  BigNumber n = number(modulus_le);
  BigNumber s = number(signature_le);
  if (!is_modulus(n.get()) || BN_cmp(s.get(), n.get()) >= 0) {
    return malformed("RSA signature: the modulus has not 3072 bits or the signature is not below it");
  }
  BigNumberContext scratch(BN_CTX_new());
  BigNumber q1(BN_new()), q2(BN_new()), product(BN_new()), rest(BN_new());
  BRUME_CHECK(scratch && q1 && q2 && product && rest);
  // With s^2 = q1 n + rest: (s^3 - q1 s n) / n = (s rest) / n.
  BRUME_CHECK(BN_sqr(product.get(), s.get(), scratch.get()) == 1);
  BRUME_CHECK(BN_div(q1.get(), rest.get(), product.get(), n.get(), scratch.get()) == 1);
  BRUME_CHECK(BN_mul(product.get(), s.get(), rest.get(), scratch.get()) == 1);
  BRUME_CHECK(BN_div(q2.get(), nullptr, product.get(), n.get(), scratch.get()) == 1);
  return Rsa3072Quotients{little_endian(q1.get()), little_endian(q2.get())};
}

}  // namespace brume::crypto

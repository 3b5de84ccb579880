#include "crypto/openssl_handle.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/param_build.h>

#include <climits>

#include "crypto/secret.h"
#include "crypto/text.h"

namespace brume::crypto {

namespace {

Algorithms fetch() {
  BRUME_CHECK(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr) == 1);
  Algorithms out{
      .sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr),
      .sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr),
      .sha384 = EVP_MD_fetch(nullptr, "SHA384", nullptr),
      .sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr),
      .sm3 = EVP_MD_fetch(nullptr, "SM3", nullptr),
      .chacha20_poly1305 = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr),
      .hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr),
      .cmac = EVP_MAC_fetch(nullptr, "CMAC", nullptr),
      .hkdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr),
  };
  BRUME_CHECK(out.sha1 && out.sha256 && out.sha384 && out.sha512 && out.sm3 && out.chacha20_poly1305 && out.hmac &&
              out.cmac && out.hkdf);
  return out;
}

}  // namespace

const Algorithms& algorithms() {
  static const Algorithms kAlgorithms = fetch();
  return kAlgorithms;
}

namespace {

Pkey ec_public_key_of(const char* group, ByteView point) {
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(group), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, const_cast<std::uint8_t*>(point.data()), point.size()),
      OSSL_PARAM_construct_end()};
  PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  BRUME_CHECK(context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  EVP_PKEY* key = nullptr;
  return clean(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) == 1) ? Pkey(key) : nullptr;
}

// Some key on the curve: a copy of it that takes another point costs a quarter of a key made by name.
const EVP_PKEY* some_key(const char* group) {
  algorithms();
  EVP_PKEY* pair = EVP_EC_gen(group);
  std::uint8_t point[97];
  std::size_t size = 0;
  BRUME_CHECK(pair != nullptr &&
              EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &size) == 1);
  EVP_PKEY_free(pair);
  Pkey key = ec_public_key_of(group, ByteView(point, size));
  BRUME_CHECK(key != nullptr);
  return key.release();
}

const EVP_PKEY* some_p256_key() {
  static const EVP_PKEY* const kKey = some_key("prime256v1");
  return kKey;
}

const EVP_PKEY* some_p384_key() {
  static const EVP_PKEY* const kKey = some_key("secp384r1");
  return kKey;
}

}  // namespace

Pkey ec_public_key(ByteView point) {
  BRUME_CHECK((point.size() == 65 || point.size() == 97) && point[0] == 0x04);
  Pkey key(EVP_PKEY_dup(const_cast<EVP_PKEY*>(point.size() == 65 ? some_p256_key() : some_p384_key())));
  BRUME_CHECK(key != nullptr);
  return clean(EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) == 1) ? std::move(key) : nullptr;
}

void wipe(MutableByteView bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

Pkey rsa_public_key(const BIGNUM* modulus, const BIGNUM* exponent) {
  using ParamBuilder = Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
  using Params = Handle<OSSL_PARAM, OSSL_PARAM_free>;
  algorithms();
  ParamBuilder builder(OSSL_PARAM_BLD_new());
  PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  BRUME_CHECK(builder && context);
  BRUME_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus) == 1);
  BRUME_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent) == 1);
  Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  BRUME_CHECK(params && EVP_PKEY_fromdata_init(context.get()) == 1);
  EVP_PKEY* key = nullptr;
  clean(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) == 1);
  return Pkey(key);
}

std::string pkcs8_pem_of(const EVP_PKEY* key) {
  Pkcs8 info(EVP_PKEY2PKCS8(key));
  BRUME_CHECK(info != nullptr);
  int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
  BRUME_CHECK(size > 0);
  Bytes der(static_cast<std::size_t>(size));
  std::uint8_t* end = der.data();
  BRUME_CHECK(i2d_PKCS8_PRIV_KEY_INFO(info.get(), &end) == size);
  std::string pem = to_pem("PRIVATE KEY", der);
  wipe(der);
  return pem;
}

Pkey pkey_from_pkcs8_pem(std::string_view pem, const char* algorithm) {
  algorithms();
  auto blocks = from_pem("PRIVATE KEY", pem, 1);
  if (!blocks || blocks->size() != 1) return nullptr;
  Bytes& der = blocks->front();
  const std::uint8_t* end = der.data();
  Pkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &end, static_cast<long>(der.size())));
  bool whole = info != nullptr && end == der.data() + der.size();
  wipe(der);
  if (!clean(whole)) return nullptr;
  Pkey key(EVP_PKCS82PKEY(info.get()));
  if (!clean(key != nullptr && EVP_PKEY_is_a(key.get(), algorithm) == 1)) return nullptr;
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  BRUME_CHECK(context != nullptr);
  if (!clean(EVP_PKEY_check(context.get()) == 1)) return nullptr;
  return key;
}

}  // namespace brume::crypto

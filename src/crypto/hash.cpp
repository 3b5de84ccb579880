#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/openssl_handle.h"

namespace brume::crypto {

namespace {

template <typename Digest>
Digest digest(const EVP_MD* method, ByteView bytes) {
  Digest out;
  BRUME_CHECK(EVP_Digest(bytes.data(), bytes.size(), out.bytes.data(), nullptr, method, nullptr) == 1);
  return out;
}

template <std::size_t N>
ByteArray<N> mac(EVP_MAC* method, const char* parameter, const char* value, ByteView key, ByteView message) {
  MacContext context(EVP_MAC_CTX_new(method));
  BRUME_CHECK(context != nullptr);
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(parameter, const_cast<char*>(value), 0),
                               OSSL_PARAM_construct_end()};
  ByteArray<N> out;
  std::size_t size = 0;
  BRUME_CHECK(EVP_MAC_init(context.get(), data_or_dummy(key), key.size(), params) == 1);
  BRUME_CHECK(EVP_MAC_update(context.get(), data_or_dummy(message), message.size()) == 1);
  BRUME_CHECK(EVP_MAC_final(context.get(), out.data(), &size, out.size()) == 1 && size == N);
  return out;
}

}  // namespace

Sha256Digest sha256(ByteView bytes) { return digest<Sha256Digest>(algorithms().sha256, bytes); }
Sha384Digest sha384(ByteView bytes) { return digest<Sha384Digest>(algorithms().sha384, bytes); }
Sha512Digest sha512(ByteView bytes) { return digest<Sha512Digest>(algorithms().sha512, bytes); }

Sha256Digest hmac_sha256(ByteView key, ByteView message) {
  return {mac<32>(algorithms().hmac, OSSL_MAC_PARAM_DIGEST, "SHA256", key, message)};
}

ByteArray<16> aes128_cmac(ByteView key16, ByteView message) {
  BRUME_CHECK(key16.size() == 16);
  return mac<16>(algorithms().cmac, OSSL_MAC_PARAM_CIPHER, "AES-128-CBC", key16, message);
}

void hkdf_sha256(ByteView secret, ByteView salt, ByteView info, MutableByteView out) {
  BRUME_CHECK(!secret.empty() && !out.empty() && out.size() <= kHkdfOutputLimit && info.size() <= kHkdfInfoLimit);
  KdfContext context(EVP_KDF_CTX_new(algorithms().hkdf));
  BRUME_CHECK(context != nullptr);
  auto octets = [](const char* name, ByteView bytes) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
  };
  OSSL_PARAM params[5];
  OSSL_PARAM* next = params;
  *next++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>("SHA256"), 0);
  *next++ = octets(OSSL_KDF_PARAM_KEY, secret);
  if (!salt.empty()) *next++ = octets(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) *next++ = octets(OSSL_KDF_PARAM_INFO, info);
  *next = OSSL_PARAM_construct_end();
  BRUME_CHECK(EVP_KDF_derive(context.get(), out.data(), out.size(), params) == 1);
}

}  // namespace brume::crypto

// For tests: the other end of crypto/credential.h, which only a TPM has.
#pragma once

#include <openssl/core_names.h>

#include "crypto/credential.h"
#include "crypto/testing/test_issuer.h"

namespace brume::crypto::testing {

inline Bytes oaep_decrypt(const TestKey& key, const char* hash, ByteView label, ByteView cipher) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.native(), nullptr));
  BRUME_CHECK(context && EVP_PKEY_decrypt_init(context.get()) == 1);
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, const_cast<char*>(hash), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, const_cast<char*>(hash), 0),
      OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, const_cast<std::uint8_t*>(label.data()),
                                        label.size()),
      OSSL_PARAM_construct_end()};
  BRUME_CHECK(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1);
  BRUME_CHECK(EVP_PKEY_CTX_set_params(context.get(), params) == 1);
  Bytes out(512);
  std::size_t size = out.size();
  if (!clean(EVP_PKEY_decrypt(context.get(), out.data(), &size, cipher.data(), cipher.size()) == 1)) return {};
  out.resize(size);
  return out;
}

// The x of the point that both share.
inline Bytes shared_x(const TestKey& key, const PublicKey& peer) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.native(), nullptr));
  BRUME_CHECK(context && EVP_PKEY_derive_init(context.get()) == 1);
  BRUME_CHECK(EVP_PKEY_derive_set_peer(context.get(), peer.native()) == 1);
  Bytes out(66);
  std::size_t size = out.size();
  BRUME_CHECK(EVP_PKEY_derive(context.get(), out.data(), &size) == 1);
  out.resize(size);
  return out;
}

// CFB with full blocks deciphers by the same keystream; on one block at a time the cipher text feeds it.
inline Bytes aes_cfb_decrypt(ByteView key, ByteView cipher) {
  Bytes plain;
  for (std::size_t at = 0; at < cipher.size(); at += 16) {
    const std::size_t size = std::min<std::size_t>(16, cipher.size() - at);
    // Encrypting what is known again gives the keystream of the next block.
    Bytes known = plain;
    known.resize(at + size);
    const Bytes again = aes_cfb_encrypt(key, known);
    for (std::size_t i = at; i < at + size; ++i) plain.push_back(static_cast<std::uint8_t>(again[i] ^ cipher[i]));
  }
  return plain;
}

}  // namespace brume::crypto::testing

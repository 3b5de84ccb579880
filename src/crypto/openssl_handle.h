// Private to this room: owners for OpenSSL's objects, and the algorithms fetched once.
//
// Nothing here or beside it reads configuration or files: the room is linked into enclaves. Everything is OpenSSL's
// built-in default provider.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/bytes.h"
#include "base/check.h"

namespace brume::crypto {

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using Handle = std::unique_ptr<T, FreeWith<kFree>>;

using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using CipherContext = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using MacContext = Handle<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using KdfContext = Handle<EVP_KDF_CTX, EVP_KDF_CTX_free>;
using PkeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Pkey = Handle<EVP_PKEY, EVP_PKEY_free>;
using Pkcs8 = Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using BigNumber = Handle<BIGNUM, BN_clear_free>;
using BigNumberContext = Handle<BN_CTX, BN_CTX_free>;
using EcdsaSignature = Handle<ECDSA_SIG, ECDSA_SIG_free>;

struct Algorithms {
  EVP_MD* sha1;
  EVP_MD* sha256;
  EVP_MD* sha384;
  EVP_MD* sha512;
  EVP_MD* sm3;
  EVP_CIPHER* chacha20_poly1305;
  EVP_MAC* hmac;
  EVP_MAC* cmac;
  EVP_KDF* hkdf;
};

// Starts OpenSSL on the first call, from any thread; lives to the end of the process.
const Algorithms& algorithms();

// OpenSSL tells "absent" from "empty" by the pointer.
inline const std::uint8_t* data_or_dummy(ByteView bytes) {
  static constexpr std::uint8_t kDummy = 0;
  return bytes.empty() ? &kDummy : bytes.data();
}

// A refusal must leave nothing in the error queue: TLS reads it to judge its own calls.
inline bool clean(bool good) {
  if (!good) ERR_clear_error();
  return good;
}

// Null where OpenSSL refuses the numbers.
Pkey rsa_public_key(const BIGNUM* modulus, const BIGNUM* exponent);

// A public key from an uncompressed point (SEC 1, section 2.3.3) of 65 bytes on P-256 or 97 bytes on P-384; null
// where it is not on the curve.
Pkey ec_public_key(ByteView point);

// PKCS #8 as text and back; null where the text is not one private key of that algorithm.
std::string pkcs8_pem_of(const EVP_PKEY* key);
Pkey pkey_from_pkcs8_pem(std::string_view pem, const char* algorithm);

}  // namespace brume::crypto

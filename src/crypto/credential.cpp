#include "crypto/credential.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "crypto/openssl_handle.h"

namespace brume::crypto {
namespace {

const char* digest_name(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha1:
      return "SHA1";
    case HashAlgorithm::kSha256:
      return "SHA256";
    case HashAlgorithm::kSha384:
      return "SHA384";
    case HashAlgorithm::kSm3:
      return "SM3";
    default:
      return "SHA512";
  }
}

bool set_oaep(EVP_PKEY_CTX* context, HashAlgorithm hash, ByteView label) {
  // EVP_PKEY_CTX_set0_rsa_oaep_label takes the memory; so do parameters, which copy.
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, const_cast<char*>(digest_name(hash)), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, const_cast<char*>(digest_name(hash)), 0),
      OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, const_cast<std::uint8_t*>(label.data()),
                                        label.size()),
      OSSL_PARAM_construct_end()};
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_params(context, params) == 1;
}

Pkey fresh_key_like(EVP_PKEY* peer) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, peer, nullptr));
  EVP_PKEY* out = nullptr;
  BRUME_CHECK(context && EVP_PKEY_keygen_init(context.get()) == 1 && EVP_PKEY_keygen(context.get(), &out) == 1);
  return Pkey(out);
}

}  // namespace

Bytes hmac(HashAlgorithm hash, ByteView key, ByteView message) {
  MacContext context(EVP_MAC_CTX_new(algorithms().hmac));
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest_name(hash)), 0),
      OSSL_PARAM_construct_end()};
  Bytes out(hash_size(hash));
  std::size_t size = 0;
  BRUME_CHECK(context && EVP_MAC_init(context.get(), data_or_dummy(key), key.size(), params) == 1);
  BRUME_CHECK(EVP_MAC_update(context.get(), data_or_dummy(message), message.size()) == 1);
  BRUME_CHECK(EVP_MAC_final(context.get(), out.data(), &size, out.size()) == 1 && size == out.size());
  return out;
}

Bytes aes_cfb_encrypt(ByteView key, ByteView plain) {
  BRUME_CHECK(key.size() == 16 || key.size() == 32);
  algorithms();
  Handle<EVP_CIPHER, EVP_CIPHER_free> cipher(
      EVP_CIPHER_fetch(nullptr, key.size() == 16 ? "AES-128-CFB" : "AES-256-CFB", nullptr));
  CipherContext context(EVP_CIPHER_CTX_new());
  const ByteArray<16> iv{};
  Bytes out(plain.size());
  int size = 0;
  BRUME_CHECK(cipher && context);
  BRUME_CHECK(EVP_EncryptInit_ex2(context.get(), cipher.get(), key.data(), iv.data(), nullptr) == 1);
  BRUME_CHECK(
      EVP_EncryptUpdate(context.get(), out.data(), &size, data_or_dummy(plain), static_cast<int>(plain.size())) == 1);
  BRUME_CHECK(static_cast<std::size_t>(size) == plain.size());
  return out;
}

Result<Bytes> rsa_oaep_encrypt(const PublicKey& key, HashAlgorithm hash, ByteView label, ByteView plain) {
  if (key.kind() != KeyKind::kRsa) return fail(ErrorCode::kUnsupported, "OAEP: not an RSA key");
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.native(), nullptr));
  BRUME_CHECK(context && EVP_PKEY_encrypt_init(context.get()) == 1 && set_oaep(context.get(), hash, label));
  std::size_t size = 0;
  BRUME_CHECK(EVP_PKEY_encrypt(context.get(), nullptr, &size, plain.data(), plain.size()) == 1);
  Bytes out(size);
  if (!clean(EVP_PKEY_encrypt(context.get(), out.data(), &size, plain.data(), plain.size()) == 1)) {
    return fail(ErrorCode::kLimit, "OAEP: the message is too long for the key");
  }
  out.resize(size);
  return out;
}

Result<EphemeralShare> share_with(const PublicKey& peer) {
  if (peer.kind() == KeyKind::kRsa) return fail(ErrorCode::kUnsupported, "key agreement: not an EC key");
  const std::size_t size = peer.kind() == KeyKind::kP256 ? 32 : 48;
  Pkey own = fresh_key_like(peer.native());
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
  BRUME_CHECK(context && EVP_PKEY_derive_init(context.get()) == 1);
  BRUME_CHECK(EVP_PKEY_derive_set_peer(context.get(), peer.native()) == 1);
  EphemeralShare out;
  out.shared_x.resize(size);
  std::size_t shared_size = size;
  BRUME_CHECK(EVP_PKEY_derive(context.get(), out.shared_x.data(), &shared_size) == 1 && shared_size == size);
  Bytes point(1 + 2 * size);
  std::size_t point_size = 0;
  BRUME_CHECK(EVP_PKEY_get_octet_string_param(own.get(), OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point.data(), point.size(),
                                              &point_size) == 1);
  BRUME_CHECK(point_size == point.size() && point[0] == 0x04);
  const ByteView coordinates = ByteView(point).subspan(1);
  out.x = to_bytes(coordinates.first(size));
  out.y = to_bytes(coordinates.last(size));
  return out;
}

}  // namespace brume::crypto

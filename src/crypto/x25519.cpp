#include "crypto/x25519.h"

#include "crypto/openssl_handle.h"

namespace brume::crypto {

namespace {

Pkey private_key(const Key32& secret) {
  algorithms();
  Pkey key(EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, secret.reveal().data(), 32));
  BRUME_CHECK(key != nullptr);
  return key;
}

}  // namespace

X25519Public x25519_public(const Key32& secret) {
  Pkey key = private_key(secret);
  X25519Public out;
  std::size_t size = out.size();
  BRUME_CHECK(EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) == 1 && size == out.size());
  return out;
}

Result<Key32> x25519(const Key32& secret, const X25519Public& peer) {
  Pkey own = private_key(secret);
  Pkey other(EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, peer.data(), peer.size()));
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
  BRUME_CHECK(other != nullptr && context != nullptr);
  BRUME_CHECK(EVP_PKEY_derive_init(context.get()) == 1);
  Key32 out;
  std::size_t size = 32;
  bool good = EVP_PKEY_derive_set_peer_ex(context.get(), other.get(), 0) == 1 &&
              EVP_PKEY_derive(context.get(), out.writable().data(), &size) == 1 && size == 32;
  if (!clean(good) || out == Key32()) return fail(ErrorCode::kAuthFailed, "X25519: the public key is of low order");
  return out;
}

}  // namespace brume::crypto

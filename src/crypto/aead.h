// ChaCha20-Poly1305 (RFC 8439), 12-byte nonces, 16-byte tags. The caller answers for nonces: one
// key never meets the same nonce with two plaintexts.
#pragma once

#include <memory>

#include "crypto/secret.h"

namespace brume::crypto {

inline constexpr std::size_t kAeadTagSize = 16;
inline constexpr std::size_t kAeadNonceSize = 12;
using AeadNonce = ByteArray<kAeadNonceSize>;

// Holds an expanded key; reuse one for many messages (setting up costs more than a small message).
class Aead {
 public:
  explicit Aead(const Key32& key);
  ~Aead();
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;

  // out.size() == plaintext.size() + kAeadTagSize. May not overlap.
  void seal(const AeadNonce& nonce, ByteView aad, ByteView plaintext, MutableByteView out);
  // out.size() + kAeadTagSize == sealed.size(). False, and `out` wiped, where the tag does not fit.
  [[nodiscard]] bool open(const AeadNonce& nonce, ByteView aad, ByteView sealed, MutableByteView out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace brume::crypto

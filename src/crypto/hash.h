// Digests, MAC and key derivation. FIPS 180-4, RFC 2104, RFC 5869.
#pragma once

#include <memory>

#include "base/ids.h"
#include "crypto/secret.h"

namespace brume::crypto {

Sha256Digest sha256(ByteView bytes);
Sha384Digest sha384(ByteView bytes);
Sha512Digest sha512(ByteView bytes);

// Incremental SHA-256. finish() may be called once.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  Sha256& update(ByteView bytes);
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256Digest hmac_sha256(ByteView key, ByteView message);
// AES-128-CMAC (NIST SP 800-38B): the MAC of an SGX REPORT.
ByteArray<16> aes128_cmac(ByteView key16, ByteView message);

// HKDF-SHA-256, extract then expand. `secret` is not empty; an empty salt means RFC 5869's zeros.
inline constexpr std::size_t kHkdfOutputLimit = 8160;  // 255 blocks, RFC 5869 section 2.3
inline constexpr std::size_t kHkdfInfoLimit = 1024;    // what OpenSSL 3.0 holds
void hkdf_sha256(ByteView secret, ByteView salt, ByteView info, MutableByteView out);
template <std::size_t N>
Secret<N> hkdf(ByteView secret, ByteView salt, ByteView info) {
  Secret<N> out;
  hkdf_sha256(secret, salt, info, out.writable());
  return out;
}

}  // namespace brume::crypto

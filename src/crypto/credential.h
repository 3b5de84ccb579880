// What a TPM's credential is protected with (TPM 2.0 Library, Part 1, annexes B and C): HMAC of any hash, AES in CFB
// mode, RSA-OAEP, and one-pass Diffie-Hellman. Not for anything else: Brume's own data go under AEAD (aead.h).
#pragma once

#include "crypto/public_key.h"

namespace brume::crypto {

Bytes hmac(HashAlgorithm hash, ByteView key, ByteView message);

// AES-128 or AES-256 by the key's size, CFB with full blocks (NIST SP 800-38A, section 6.3), from an IV of zeros: the
// key must be fresh. Encrypts; it is no protection without the MAC that belongs to it.
Bytes aes_cfb_encrypt(ByteView key, ByteView plain);

// RSAES-OAEP (RFC 8017, section 7.1), MGF1 with the same hash. Refuses keys that are not RSA and what is too long.
Result<Bytes> rsa_oaep_encrypt(const PublicKey& key, HashAlgorithm hash, ByteView label, ByteView plain);

// A fresh key pair on the peer's curve and what both share (SP 800-56A, section 5.7.1.2). Refuses RSA keys.
struct EphemeralShare {
  Bytes x, y;      // of the fresh public key, as long as the curve's size
  Bytes shared_x;  // secret: of the common point
};
Result<EphemeralShare> share_with(const PublicKey& peer);

}  // namespace brume::crypto

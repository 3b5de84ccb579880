// X25519 (RFC 7748).
#pragma once

#include "crypto/secret.h"

namespace brume::crypto {

using X25519Public = ByteArray<32>;

X25519Public x25519_public(const Key32& secret);
// Refuses the all-zero result (low-order points).
Result<Key32> x25519(const Key32& secret, const X25519Public& peer);

}  // namespace brume::crypto

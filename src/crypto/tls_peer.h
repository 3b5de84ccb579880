// Private to this room: which certificate of a TLS peer is let through. In place of OpenSSL's chain
// building: one leaf, on P-256, signed by itself, and the pinned key where there is a pin. That its
// holder has the key is shown by the handshake; whether that key may come in, by the join.
#pragma once

#include <openssl/ssl.h>

#include <optional>

#include "base/ids.h"

namespace brume::crypto {

struct TlsPeer {
  std::optional<SpkiHash> pinned;
  std::optional<SpkiHash> accepted;  // set by the check
  const char* refusal = nullptr;     // or this
};

// Makes every session of `context` ask the TlsPeer that set_tls_peer() gave it.
void check_tls_peers(SSL_CTX* context);
// `peer` outlives `ssl`.
void set_tls_peer(SSL* ssl, TlsPeer* peer);

}  // namespace brume::crypto

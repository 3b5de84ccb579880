// Private to this room: the BIO between OpenSSL's TLS and our buffers. Reads straight from the view
// that receive() was given and writes straight behind what waits to go out, so nothing is copied twice.
#pragma once

#include <algorithm>

#include "base/bytes.h"
#include "crypto/openssl_handle.h"

namespace brume::crypto {

struct TlsWires {
  ByteView incoming{};
  Bytes outgoing{};
  std::size_t outgoing_limit = 0;
};

// Room for `more` bytes at once, still doubling, so that many small steps stay linear.
inline void make_room(Bytes& buffer, std::size_t more) {
  if (buffer.capacity() - buffer.size() < more) buffer.reserve(std::max(2 * buffer.capacity(), buffer.size() + more));
}

// The wires outlive the BIO. Owned by the caller, usually handed on to SSL_set_bio.
BIO* new_tls_bio(TlsWires* wires);

}  // namespace brume::crypto

// Frames inside a TLS session that ends in memory: what both ends of a join are built on.
#pragma once

#include <optional>

#include "crypto/tls.h"
#include "join/messages.h"

namespace brume::join {

struct Frame {
  std::uint8_t type = 0;
  Bytes body;
};

class Channel {
 public:
  explicit Channel(crypto::TlsSession tls) : tls_(std::move(tls)) {}

  // Bytes from the peer, cut anywhere. An error ends the channel.
  Status receive(ByteView from_peer);
  // The next whole frame, or nothing yet. Refuses one whose body is over `body_limit` by its length alone.
  Result<std::optional<Frame>> next(std::size_t body_limit);
  Status send(std::uint8_t type, ByteView body);
  Status send(MessageType type, ByteView body) { return send(static_cast<std::uint8_t>(type), body); }

  crypto::TlsSession& tls() { return tls_; }
  const crypto::TlsSession& tls() const { return tls_; }

 private:
  void drop_used();

  crypto::TlsSession tls_;
  Bytes pending_;
  std::size_t used_ = 0;  // of pending_: already given out
};

}  // namespace brume::join

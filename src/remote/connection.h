// A connection to an HTTP server: TCP, or TLS over it, with a deadline on every wait. What comes is hostile bytes.
#pragma once

#include <memory>
#include <optional>

#include "crypto/tls_client.h"
#include "remote/url.h"
#include "transport/socket.h"

namespace brume::remote {

// Roots that vouch for https servers; none where only http is asked.
using Roots = std::shared_ptr<const crypto::TlsRoots>;

class Connection {
 public:
  // Until connect() is done, nothing was sent. Errors: kUnavailable.
  static Result<std::unique_ptr<Connection>> dial(const HttpUrl& url, transport::Milliseconds timeout);
  // Does the TLS handshake where the URL asks for it, until the deadline. Errors: kAuthFailed (its certificate),
  // kUnavailable, kMalformed.
  Status secure(const HttpUrl& url, const Roots& roots, transport::Milliseconds idle, transport::SteadyTime deadline);
  Status send(ByteView bytes, transport::Milliseconds idle);
  // At least one byte, valid until the next call; nothing at the end of the stream.
  Result<ByteView> receive(transport::Milliseconds idle);
  int socket() const { return socket_.get(); }

 private:
  explicit Connection(UniqueFd socket) : socket_(std::move(socket)), buffer_(kReadSize) {}
  static constexpr std::size_t kReadSize = 256u << 10;

  UniqueFd socket_;
  std::optional<crypto::TlsClient> tls_;
  Bytes buffer_;
  Bytes plaintext_;
};

}  // namespace brume::remote

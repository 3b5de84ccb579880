// TLS 1.2 or 1.3 towards a server of the web, ended in memory as TlsSession is: bytes in, bytes out, no socket. The
// server must show a certificate for its host name under the given roots, valid by this machine's clock. Without a
// certificate of our own, resumption or early data. For host-side rooms: enclaves speak TlsSession only.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "crypto/tls_roots.h"

namespace brume::crypto {

// Decrypted bytes that wait for take_plaintext(); a server that sends more before they are taken is refused.
inline constexpr std::size_t kTlsClientPlaintextLimit = 1u << 20;
inline constexpr std::size_t kTlsClientOutgoingLimit = 1u << 20;  // a handshake and requests of a few KiB

class TlsClient {
 public:
  static Result<TlsClient> create(const TlsRoots& roots, const std::string& host);
  ~TlsClient();
  TlsClient(TlsClient&&) noexcept;
  TlsClient& operator=(TlsClient&&) noexcept;

  // Takes bytes from the server (any split); with nothing, speaks first. Fails for good: kAuthFailed where the
  // certificate is not good enough, with the reason; kMalformed for protocol errors; kLimit.
  Status receive(ByteView from_server);
  // What must go to the server now; empties the buffer.
  Bytes take_outgoing();
  // Decrypted bytes so far; empties the buffer.
  Bytes take_plaintext();
  Status send(ByteView plaintext);  // only when established
  bool established() const;
  bool closed() const;  // the server sent close_notify

 private:
  struct State;
  explicit TlsClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace brume::crypto

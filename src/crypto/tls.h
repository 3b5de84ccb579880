// TLS 1.3 ended in memory (RFC 8446): bytes in, bytes out, no socket. Mutual, with self-signed
// P-256 certificates that carry no trust of their own: who the peer is, the join decides from
// evidence bound to this session. No resumption, no PSK, no 0-RTT, no renegotiation.
#pragma once

#include <memory>
#include <optional>

#include "crypto/ec.h"
#include "crypto/x509.h"

namespace brume::crypto {

// Decrypted bytes that wait for take_plaintext(); a peer that sends more before they are taken is refused.
inline constexpr std::size_t kTlsPlaintextLimit = 16u << 20;
// Bytes that wait for take_outgoing(). send() refuses what would not fit; a peer that provokes more is refused.
inline constexpr std::size_t kTlsOutgoingLimit = 64u << 20;

enum class TlsRole { kClient, kServer };

// A key and its certificate: self-signed, CN=brume, without dates that mean anything, for an enclave has no clock to
// trust and so dates are neither told nor checked. Who has many sessions with one key makes it once: it is a signature.
struct TlsIdentity {
  TlsIdentity(const EcKey& own_key);  // NOLINT(google-explicit-constructor): a key is all that there is to it
  EcKey key;
  Certificate certificate;
};

class TlsSession {
 public:
  // pinned_peer: where given, a peer with another key is refused during the handshake. A server signs, and agrees on
  // keys, only when it has the whole of a ClientHello that it can use.
  static Result<TlsSession> create(TlsRole role, const TlsIdentity& own, std::optional<SpkiHash> pinned_peer);
  ~TlsSession();
  TlsSession(TlsSession&&) noexcept;
  TlsSession& operator=(TlsSession&&) noexcept;

  // Takes bytes from the peer (any split). Fails, for good, on a protocol error. Drives the handshake;
  // call once with nothing to make a client speak first.
  Status receive(ByteView from_peer);
  // What must go to the peer now; empties the buffer.
  Bytes take_outgoing();
  // Decrypted application bytes so far; empties the buffer. Buffers at most kTlsPlaintextLimit.
  Bytes take_plaintext();
  Status send(ByteView plaintext);  // only when established

  bool established() const;
  bool closed() const;  // the peer sent close_notify
  void close();         // queues close_notify
  SpkiHash own_spki() const;
  SpkiHash peer_spki() const;  // only when established
  // tls-exporter of RFC 9266 ("EXPORTER-Channel-Binding", no context, 32 bytes).
  ByteArray<32> exporter() const;  // only when established

 private:
  struct State;
  explicit TlsSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace brume::crypto

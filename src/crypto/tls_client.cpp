#include "crypto/tls_client.h"

#include <openssl/ssl.h>

#include <optional>

#include "crypto/tls_bio.h"
#include "crypto/tls_server_name.h"

namespace brume::crypto {

struct TlsClient::State {
  Status handshake();
  Status read();
  Status end(Error error);
  Status end_with(const char* doing);

  TlsWires wires{.outgoing_limit = kTlsClientOutgoingLimit};
  TlsRoots roots;  // the context's
  Bytes plaintext{};
  std::optional<Error> failure{};
  bool established = false;
  bool closed = false;
  // Last: it points into `wires`, so it goes first.
  Handle<SSL, SSL_free> ssl{};
};

Status TlsClient::State::end(Error error) {
  ERR_clear_error();
  failure = error;
  plaintext.clear();
  return std::unexpected(std::move(error));
}

Status TlsClient::State::end_with(const char* doing) {
  const std::string what = std::string("TLS ") + doing + ": ";
  if (const long verdict = SSL_get_verify_result(ssl.get()); verdict != X509_V_OK)
    return end({ErrorCode::kAuthFailed, what + "the server's certificate: " + X509_verify_cert_error_string(verdict)});
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return end({ErrorCode::kMalformed, what + (reason != nullptr ? reason : "protocol error")});
}

Status TlsClient::State::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl.get());
  if (result == 1) {
    // SSL_VERIFY_PEER refuses all else; that nobody turned it off is what this asks.
    BRUME_CHECK(SSL_get_verify_result(ssl.get()) == X509_V_OK && SSL_get0_peer_certificate(ssl.get()) != nullptr);
    established = true;
    return {};
  }
  // Nothing may touch the BIO between the call and this question.
  if (SSL_get_error(ssl.get(), result) == SSL_ERROR_WANT_READ) return {};
  return end_with("handshake");
}

Status TlsClient::State::read() {
  ByteArray<16u << 10> record;
  for (;;) {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl.get(), record.data(), record.size(), &size);
    if (result != 1) {
      const int error = SSL_get_error(ssl.get(), result);
      if (error == SSL_ERROR_WANT_READ) return {};
      if (error != SSL_ERROR_ZERO_RETURN) return end_with("record");
      closed = true;
      return {};
    }
    if (size > kTlsClientPlaintextLimit - plaintext.size())
      return end({ErrorCode::kLimit, "TLS: more plaintext than allowed waits to be taken"});
    append(plaintext, ByteView(record).first(size));
  }
}

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;
TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;

Result<TlsClient> TlsClient::create(const TlsRoots& roots, const std::string& host) {
  std::unique_ptr<State> state(new State{.roots = roots});
  state->ssl.reset(SSL_new(roots.context()));
  SSL* ssl = state->ssl.get();
  BRUME_CHECK(ssl != nullptr);
  BRUME_TRY(set_server_name(SSL_get0_param(ssl), host));
  if (!is_ip_address(host) && !clean(SSL_set_tlsext_host_name(ssl, host.c_str()) == 1))
    return fail(ErrorCode::kUsage, "TLS: that is no host name");
  BIO* bio = new_tls_bio(&state->wires);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);
  return TlsClient(std::move(state));
}

Status TlsClient::receive(ByteView from_server) {
  State& state = *state_;
  if (state.failure) return std::unexpected(*state.failure);
  if (state.closed) return {};  // what follows close_notify is ignored, RFC 8446 section 6.1
  state.wires.incoming = from_server;
  Status status = state.established ? Status() : state.handshake();
  if (status && state.established) status = state.read();
  state.wires.incoming = {};
  return status;
}

Bytes TlsClient::take_outgoing() { return std::exchange(state_->wires.outgoing, {}); }
Bytes TlsClient::take_plaintext() { return std::exchange(state_->plaintext, {}); }

Status TlsClient::send(ByteView plaintext) {
  State& state = *state_;
  if (state.failure) return std::unexpected(*state.failure);
  if (!state.established) return fail(ErrorCode::kState, "TLS: the session is not open");
  if (plaintext.empty()) return {};
  ERR_clear_error();
  std::size_t written = 0;
  if (SSL_write_ex(state.ssl.get(), plaintext.data(), plaintext.size(), &written) != 1) return state.end_with("send");
  return {};
}

bool TlsClient::established() const { return state_->established && !state_->failure; }
bool TlsClient::closed() const { return state_->closed; }

}  // namespace brume::crypto

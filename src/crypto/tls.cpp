#include "crypto/tls.h"

#include <openssl/ssl.h>

#include "crypto/openssl_handle.h"
#include "crypto/random.h"
#include "crypto/tls_bio.h"
#include "crypto/tls_peer.h"
#include "crypto/x509.h"

namespace brume::crypto {

namespace {

constexpr std::size_t kRecordPlaintextSize = 16u << 10;  // RFC 8446 section 5.1
constexpr std::size_t kRecordOverhead = 22;              // header 5, type 1, tag 16
constexpr std::size_t kControlRoom = 1024;               // for an alert or a key update besides
constexpr long kPeerCertificateLimit = 4096;             // ours has about 400 bytes
// "99991231235959Z": no well-defined expiration, RFC 5280 section 4.1.2.5.
constexpr UnixMs kNoExpiration = 253402300799000;
constexpr char kExporterLabel[] = "EXPORTER-Channel-Binding";

SSL_CTX* make_context(TlsRole role) {
  algorithms();
  BRUME_CHECK(OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr) == 1);
  SSL_CTX* context = SSL_CTX_new(role == TlsRole::kClient ? TLS_client_method() : TLS_server_method());
  BRUME_CHECK(context != nullptr);
  BRUME_CHECK(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1);
  BRUME_CHECK(SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1);
  BRUME_CHECK(SSL_CTX_set_ciphersuites(context, "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384") == 1);
  BRUME_CHECK(SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1);
  BRUME_CHECK(SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256") == 1);
  BRUME_CHECK(SSL_CTX_set1_client_sigalgs_list(context, "ECDSA+SHA256") == 1);
  SSL_CTX_set_options(
      context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_clear_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
  BRUME_CHECK(SSL_CTX_set_num_tickets(context, 0) == 1);
  BRUME_CHECK(SSL_CTX_set_max_early_data(context, 0) == 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(context, kPeerCertificateLimit);
  check_tls_peers(context);
  return context;
}

// One a role, shared by all sessions to the end of the process: it holds settings, nothing of a peer.
SSL_CTX* context_of(TlsRole role) {
  static SSL_CTX* const kClient = make_context(TlsRole::kClient);
  static SSL_CTX* const kServer = make_context(TlsRole::kServer);
  return role == TlsRole::kClient ? kClient : kServer;
}

Certificate session_certificate(const EcKey& key) {
  SystemRandom random;
  CertificateRequest request{.common_name = "brume", .not_before = 0, .not_after = kNoExpiration};
  return issue_certificate(request, key.public_key(), nullptr, key, random);
}

bool is_authentication(int reason) {
  return reason == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC || reason == SSL_R_BAD_SIGNATURE ||
         reason == SSL_R_DIGEST_CHECK_FAILED || reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
}

}  // namespace

TlsIdentity::TlsIdentity(const EcKey& own_key) : key(own_key), certificate(session_certificate(own_key)) {}

struct TlsSession::State {
  Status handshake();
  Status read();
  Status end(Error error);
  Status end_with(const char* doing);

  TlsWires wires{.outgoing_limit = kTlsOutgoingLimit};
  TlsPeer peer;
  SpkiHash own;
  Bytes plaintext;
  std::optional<Error> failure;
  bool established = false;
  bool closed_by_peer = false;
  bool closed_by_us = false;
  ByteArray<kRecordPlaintextSize> record;
  // Last: it points into `wires` and `peer`, so it goes first.
  Handle<SSL, SSL_free> ssl;
};

Status TlsSession::State::end(Error error) {
  ERR_clear_error();
  failure = error;
  wipe(plaintext);
  plaintext.clear();
  return std::unexpected(std::move(error));
}

Status TlsSession::State::end_with(const char* doing) {
  std::string what = std::string("TLS ") + doing + ": ";
  if (peer.refusal != nullptr) return end({ErrorCode::kAuthFailed, what + peer.refusal});
  unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  bool authentication = ERR_GET_LIB(code) == ERR_LIB_SSL && is_authentication(ERR_GET_REASON(code));
  return end({authentication ? ErrorCode::kAuthFailed : ErrorCode::kMalformed,
              what + (reason != nullptr ? reason : "protocol error")});
}

Status TlsSession::State::handshake() {
  ERR_clear_error();
  int result = SSL_do_handshake(ssl.get());
  if (result == 1) {
    BRUME_CHECK(peer.accepted.has_value() && SSL_session_reused(ssl.get()) == 0);
    established = true;
    return {};
  }
  // Nothing may touch the BIO between the call and this question.
  if (SSL_get_error(ssl.get(), result) == SSL_ERROR_WANT_READ) return {};
  return end_with("handshake");
}

Status TlsSession::State::read() {
  for (;;) {
    ERR_clear_error();
    std::size_t size = 0;
    int result = SSL_read_ex(ssl.get(), record.data(), record.size(), &size);
    if (result != 1) {
      int error = SSL_get_error(ssl.get(), result);
      if (error == SSL_ERROR_WANT_READ) return {};
      if (error != SSL_ERROR_ZERO_RETURN) return end_with("record");
      closed_by_peer = true;
      return {};
    }
    if (size > kTlsPlaintextLimit - plaintext.size()) {
      return end({ErrorCode::kLimit, "TLS: more plaintext than allowed waits to be taken"});
    }
    append(plaintext, ByteView(record).first(size));
  }
}

TlsSession::TlsSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsSession::~TlsSession() = default;
TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&&) noexcept = default;

Result<TlsSession> TlsSession::create(TlsRole role, const TlsIdentity& own, std::optional<SpkiHash> pinned_peer) {
  auto state = std::make_unique<State>();
  state->peer.pinned = pinned_peer;
  state->own = own.key.public_key().spki_hash();
  state->ssl.reset(SSL_new(context_of(role)));
  SSL* ssl = state->ssl.get();
  BRUME_CHECK(ssl != nullptr);
  BRUME_CHECK(SSL_use_certificate(ssl, own.certificate.native()) == 1);
  BRUME_CHECK(SSL_use_PrivateKey(ssl, own.key.native()) == 1);
  set_tls_peer(ssl, &state->peer);
  BIO* bio = new_tls_bio(&state->wires);
  SSL_set_bio(ssl, bio, bio);
  if (role == TlsRole::kClient) {
    SSL_set_connect_state(ssl);
  } else {
    SSL_set_accept_state(ssl);
  }
  return TlsSession(std::move(state));
}

Status TlsSession::receive(ByteView from_peer) {
  State& state = *state_;
  if (state.failure) return std::unexpected(*state.failure);
  if (state.closed_by_peer) return {};  // what follows close_notify is ignored, RFC 8446 section 6.1
  state.wires.incoming = from_peer;
  if (state.established) make_room(state.plaintext, std::min(from_peer.size(), kTlsPlaintextLimit));
  Status status = state.established ? Status() : state.handshake();
  if (status && state.established) status = state.read();
  state.wires.incoming = {};
  return status;
}

Bytes TlsSession::take_outgoing() { return std::exchange(state_->wires.outgoing, {}); }
Bytes TlsSession::take_plaintext() { return std::exchange(state_->plaintext, {}); }

Status TlsSession::send(ByteView plaintext) {
  State& state = *state_;
  if (state.failure) return std::unexpected(*state.failure);
  if (!state.established || state.closed_by_us) return fail(ErrorCode::kState, "TLS: the session is not open");
  if (plaintext.empty()) return {};
  if (plaintext.size() > kTlsOutgoingLimit) return fail(ErrorCode::kLimit, "TLS: more to send than allowed");
  std::size_t records = plaintext.size() / kRecordPlaintextSize + 1;
  std::size_t size = plaintext.size() + records * kRecordOverhead + kControlRoom;
  if (size > kTlsOutgoingLimit - std::min(kTlsOutgoingLimit, state.wires.outgoing.size())) {
    return fail(ErrorCode::kLimit, "TLS: more waits to be sent than allowed");
  }
  make_room(state.wires.outgoing, size);
  ERR_clear_error();
  std::size_t written = 0;
  if (SSL_write_ex(state.ssl.get(), plaintext.data(), plaintext.size(), &written) != 1) return state.end_with("send");
  BRUME_CHECK(written == plaintext.size());
  return {};
}

bool TlsSession::established() const { return state_->established && !state_->failure; }
bool TlsSession::closed() const { return state_->closed_by_peer; }

void TlsSession::close() {
  State& state = *state_;
  bool open = state.established && !state.failure && !state.closed_by_us;
  state.closed_by_us = true;
  if (!open) return;
  ERR_clear_error();
  SSL_shutdown(state.ssl.get());
  ERR_clear_error();
}

SpkiHash TlsSession::own_spki() const { return state_->own; }

SpkiHash TlsSession::peer_spki() const {
  BRUME_CHECK(state_->established);
  return *state_->peer.accepted;
}

ByteArray<32> TlsSession::exporter() const {
  BRUME_CHECK(state_->established);
  ByteArray<32> out;
  BRUME_CHECK(SSL_export_keying_material(state_->ssl.get(), out.data(), out.size(), kExporterLabel,
                                         sizeof kExporterLabel - 1, nullptr, 0, 0) == 1);
  return out;
}

}  // namespace brume::crypto

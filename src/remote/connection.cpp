#include "remote/connection.h"

#include <algorithm>

#include "remote/refused_address.h"

namespace brume::remote {
namespace {

using transport::Milliseconds;

// For the next wait, at most `idle`.
Milliseconds until(transport::SteadyTime deadline, Milliseconds idle) {
  const auto left = std::chrono::duration_cast<Milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::clamp(left, Milliseconds(0), idle);
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::dial(const HttpUrl& url, Milliseconds timeout) {
  BRUME_ASSIGN(UniqueFd socket, transport::connect_tcp({url.host, url.port}, timeout));
  // Not the name: it may lead elsewhere the next time.
  const std::string address = transport::peer_address(socket.get());
  if (address.empty()) return fail(ErrorCode::kUnavailable, "connect: the server closed the connection");
  if (is_refused_address(address))
    return fail(ErrorCode::kUnsupported,
                "input at a link-local address, or where a cloud's metadata lies, is not fetched");
  return std::unique_ptr<Connection>(new Connection(std::move(socket)));
}

Status Connection::secure(const HttpUrl& url, const Roots& roots, Milliseconds idle, transport::SteadyTime deadline) {
  if (!url.tls) return {};
  if (!roots) return fail(ErrorCode::kAuthFailed, "https, and nobody is named who may vouch for the server");
  BRUME_ASSIGN(crypto::TlsClient client, crypto::TlsClient::create(*roots, url.host));
  tls_.emplace(std::move(client));
  Status status = tls_->receive({});
  for (;;) {
    // An alert goes out, too.
    const Status sent = transport::write_full(socket_.get(), tls_->take_outgoing(), idle);
    BRUME_TRY(status);
    BRUME_TRY(sent);
    if (tls_->established()) return {};
    BRUME_ASSIGN(const std::size_t size, transport::read_some(socket_.get(), buffer_, until(deadline, idle)));
    if (size == 0) return fail(ErrorCode::kUnavailable, "TLS: the server closed the connection in the handshake");
    status = tls_->receive(ByteView(buffer_).first(size));
  }
}

Status Connection::send(ByteView bytes, Milliseconds idle) {
  if (!tls_) return transport::write_full(socket_.get(), bytes, idle);
  BRUME_TRY(tls_->send(bytes));
  return transport::write_full(socket_.get(), tls_->take_outgoing(), idle);
}

Result<ByteView> Connection::receive(Milliseconds idle) {
  for (;;) {
    if (tls_) {
      plaintext_ = tls_->take_plaintext();
      if (!plaintext_.empty()) return ByteView(plaintext_);
      if (tls_->closed()) return ByteView();
    }
    BRUME_ASSIGN(const std::size_t size, transport::read_some(socket_.get(), buffer_, idle));
    if (size == 0 || !tls_) return ByteView(buffer_).first(size);
    BRUME_TRY(tls_->receive(ByteView(buffer_).first(size)));
    // Key updates and the like.
    BRUME_TRY(transport::write_full(socket_.get(), tls_->take_outgoing(), idle));
  }
}

}  // namespace brume::remote

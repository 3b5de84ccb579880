// For tests: a CA of the web, certificates for host names under it, and the server's end of TLS in memory.
#pragma once

#include <openssl/ssl.h>

#include <chrono>

#include "crypto/openssl_handle.h"
#include "crypto/random.h"
#include "crypto/x509.h"

namespace brume::crypto::testing {

inline UnixMs now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}
inline constexpr UnixMs kDayMs = 86'400'000;

// subjectAltName of one DNS name, or of an IPv4 address given as four bytes.
inline Extension alternative_name(ByteView name, bool address) {
  Bytes value{0x30, static_cast<std::uint8_t>(name.size() + 2), static_cast<std::uint8_t>(address ? 0x87 : 0x82),
              static_cast<std::uint8_t>(name.size())};
  append(value, name);
  return {"2.5.29.17", false, value};
}

struct WebServerCertificate {
  EcKey key;
  Certificate certificate;
};

class WebCa {
 public:
  explicit WebCa(const std::string& name = "Test CA")
      : certificate_(issue_certificate(
            {.common_name = name, .not_before = now_ms() - kDayMs, .not_after = now_ms() + kDayMs, .ca = true},
            key_.public_key(), nullptr, key_, random_)) {}
  std::string pem() const { return certificate_.pem(); }
  const Certificate& certificate() const { return certificate_; }
  // From `from_ms` to `until_ms`, counted from now.
  WebServerCertificate issue(const Extension& name, UnixMs from_ms = -kDayMs, UnixMs until_ms = kDayMs) {
    EcKey key = EcKey::generate();
    CertificateRequest request{
        .common_name = "server", .not_before = now_ms() + from_ms, .not_after = now_ms() + until_ms};
    request.extensions = {name};
    Certificate certificate = issue_certificate(request, key.public_key(), &certificate_, key_, random_);
    return {std::move(key), std::move(certificate)};
  }
  WebServerCertificate issue_for(const std::string& host) { return issue(alternative_name(as_bytes(host), false)); }

 private:
  SystemRandom random_;
  EcKey key_ = EcKey::generate();
  Certificate certificate_;
};

class WebTlsServer {
 public:
  explicit WebTlsServer(const WebServerCertificate& identity, int highest_version = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_server_method())), ssl_(nullptr) {
    BRUME_CHECK(SSL_CTX_set_max_proto_version(context_.get(), highest_version) == 1);
    BRUME_CHECK(SSL_CTX_use_certificate(context_.get(), identity.certificate.native()) == 1);
    BRUME_CHECK(SSL_CTX_use_PrivateKey(context_.get(), identity.key.native()) == 1);
    ssl_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
  }
  // False after a fatal error; what is to be sent then is an alert.
  bool receive(ByteView bytes) {
    if (!bytes.empty()) BRUME_CHECK(BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())) > 0);
    ERR_clear_error();
    for (ByteArray<16384> piece;;) {
      const int got = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
      if (got <= 0) return clean(SSL_get_error(ssl_.get(), got) == SSL_ERROR_WANT_READ);
      append(plaintext_, ByteView(piece).first(static_cast<std::size_t>(got)));
    }
  }
  bool established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  void send(ByteView bytes) { BRUME_CHECK(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0); }
  void close() { (void)SSL_shutdown(ssl_.get()); }
  Bytes take_plaintext() { return std::exchange(plaintext_, {}); }
  Bytes take_outgoing() {
    Bytes out(BIO_ctrl_pending(out_));
    if (!out.empty()) BRUME_CHECK(BIO_read(out_, out.data(), static_cast<int>(out.size())) > 0);
    return out;
  }

 private:
  Handle<SSL_CTX, SSL_CTX_free> context_;
  Handle<SSL, SSL_free> ssl_;
  BIO* in_ = nullptr;   // the session's
  BIO* out_ = nullptr;  // the session's
  Bytes plaintext_;
};

}  // namespace brume::crypto::testing

// For tests: an HTTP server on loopback that says what a test wants it to say, well-formed or not, over TLS or not.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <thread>

#include "crypto/testing/web_pki.h"
#include "transport/socket.h"

namespace brume::remote::testing {

// What one connection can do in answer to a request.
class Talk {
 public:
  Talk(int socket, crypto::testing::WebTlsServer* tls, const std::atomic<bool>& stopping)
      : socket_(socket), tls_(tls), stopping_(stopping) {}
  // False: the client has gone.
  bool send(std::string_view text) {
    if (!tls_) return transport::write_full(socket_, as_bytes(text), kPatience).has_value();
    for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(text.size(), 16'384)))
      tls_->send(as_bytes(text.substr(0, 16'384)));
    return transport::write_full(socket_, tls_->take_outgoing(), kPatience).has_value();
  }
  // Says nothing until the client or the test gives up.
  void hang() {
    for (int i = 0; i < 3'000 && !stopping_; ++i) {
      pollfd entry{socket_, POLLRDHUP, 0};
      if (::poll(&entry, 1, 10) > 0) return;
    }
  }
  bool stopping() const { return stopping_; }
  static constexpr transport::Milliseconds kPatience{10'000};

 private:
  int socket_;
  crypto::testing::WebTlsServer* tls_;
  const std::atomic<bool>& stopping_;
};

class HttpServer {
 public:
  // Called with each whole request head; false closes the connection.
  using Handler = std::function<bool(const std::string& request, Talk& talk)>;
  using Identity = crypto::testing::WebServerCertificate;

  explicit HttpServer(Handler handler, std::optional<Identity> identity = {})
      : handler_(std::move(handler)), identity_(std::move(identity)) {
    listener_ = transport::listen_tcp("127.0.0.1", 0).value();
    port_ = transport::local_port(listener_.get()).value();
    acceptor_ = std::thread([this] { accept(); });
  }
  ~HttpServer() {
    stopping_ = true;
    acceptor_.join();
    for (auto& one : threads_) one.join();
  }
  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path) const {
    return std::string(identity_ ? "https" : "http") + "://127.0.0.1:" + std::to_string(port_) + path;
  }
  int connection_count() const { return connections_; }
  int request_count() const { return requests_; }

 private:
  void accept() {
    while (!stopping_) {
      pollfd entry{listener_.get(), POLLIN, 0};
      if (::poll(&entry, 1, 10) <= 0) continue;
      UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!socket) continue;
      transport::tune_socket(socket.get());
      ++connections_;
      threads_.emplace_back([this, fd = std::move(socket)]() mutable { serve(fd.get()); });
    }
  }
  bool receive(int socket, std::string& text, crypto::testing::WebTlsServer* tls) {
    Bytes piece(4096);
    for (;;) {
      pollfd entry{socket, POLLIN, 0};
      if (stopping_) return false;
      if (::poll(&entry, 1, 10) <= 0) continue;
      const auto got = transport::read_some(socket, piece, Talk::kPatience);
      if (!got || *got == 0) return false;
      if (!tls) {
        text.append(as_chars(ByteView(piece).first(*got)));
        return true;
      }
      const bool fine = tls->receive(ByteView(piece).first(*got));
      if (!transport::write_full(socket, tls->take_outgoing(), Talk::kPatience) || !fine) return false;
      const Bytes plain = tls->take_plaintext();
      text.append(as_chars(plain));
      if (!plain.empty()) return true;
    }
  }
  void serve(int socket) {
    std::optional<crypto::testing::WebTlsServer> tls;
    if (identity_) tls.emplace(*identity_);
    Talk talk(socket, tls ? &*tls : nullptr, stopping_);
    for (std::string text;;) {
      const std::size_t end = text.find("\r\n\r\n");
      if (end == text.npos) {
        if (!receive(socket, text, tls ? &*tls : nullptr)) return;
        continue;
      }
      const std::string request = text.substr(0, end + 4);
      text.erase(0, end + 4);
      ++requests_;
      if (!handler_(request, talk)) return;
    }
  }

  const Handler handler_;
  const std::optional<Identity> identity_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::atomic<int> requests_ = 0;
  std::list<std::thread> threads_;  // of the acceptor, until it has ended
  std::thread acceptor_;
};

// The range a request asks for: first and one past the last.
inline std::pair<std::size_t, std::size_t> asked_range(const std::string& request) {
  const std::size_t at = request.find("Range: bytes=");
  if (at == request.npos) return {0, 0};
  char* dash = nullptr;
  const std::size_t first = std::strtoull(request.c_str() + at + 13, &dash, 10);
  return {first, std::strtoull(dash + 1, nullptr, 10) + 1};
}

// A good answer.
inline std::string range_answer(const std::string& file, std::size_t first, std::size_t end) {
  return "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(first) + "-" +
         std::to_string(end - 1) + "/" + std::to_string(file.size()) +
         "\r\nContent-Length: " + std::to_string(end - first) + "\r\n\r\n" + file.substr(first, end - first);
}

inline HttpServer::Handler serve_file(const std::string& file) {
  return [file](const std::string& request, Talk& talk) {
    const auto [first, end] = asked_range(request);
    if (end <= first || end > file.size()) return talk.send("HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n");
    return talk.send(range_answer(file, first, end));
  };
}

// Bytes of which each piece differs.
inline std::string test_file(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 2'654'435'761u) >> 13);
  return out;
}

}  // namespace brume::remote::testing

#include "transport/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

namespace brume::transport {
namespace {

constexpr std::size_t kMaxHostSize = 253;  // RFC 1035, 2.3.4
constexpr int kKeepAliveIdleS = 10;
constexpr int kKeepAliveIntervalS = 5;
constexpr int kKeepAliveCount = 3;
constexpr unsigned kUnackedTimeoutMs = 30'000;
// Who waits for many bytes is woken when they are there, not for each segment, which has up to 64 KiB.
constexpr std::size_t kWakeSizeLeast = 64u << 10;
constexpr std::size_t kWakeSizeMost = 256u << 10;
constexpr Milliseconds kWakePatience{200};

std::unexpected<Error> io_failed(const char* what, int error) {
  return fail(ErrorCode::kUnavailable, std::string(what) + ": " + std::generic_category().message(error));
}

// True: ready. False: the time is over.
Result<bool> wait_for(int fd, short events, Milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<long long>(left, 0, 3'600'000)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return io_failed("poll", errno);
  }
}

std::string numeric_address(const sockaddr_storage& address, socklen_t size) {
  char host[NI_MAXHOST];
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof host, nullptr, 0, NI_NUMERICHOST) !=
      0) {
    return "";
  }
  return host;
}

template <typename T>
void set_option(int fd, int level, int name, T value) {
  // A socket without the option still works; only its deadlines get longer.
  (void)::setsockopt(fd, level, name, &value, sizeof value);
}

// Waits until `wanted` bytes are there, or fewer after a while.
Result<bool> wait_for_bytes(int fd, std::size_t wanted, Milliseconds idle) {
  if (wanted < kWakeSizeLeast) return wait_for(fd, POLLIN, idle);
  set_option(fd, SOL_SOCKET, SO_RCVLOWAT, static_cast<int>(std::min(wanted, kWakeSizeMost)));
  const Result<bool> ready = wait_for(fd, POLLIN, std::min(idle, kWakePatience));
  set_option(fd, SOL_SOCKET, SO_RCVLOWAT, 1);
  return ready && !*ready ? wait_for(fd, POLLIN, idle) : ready;
}

Result<std::size_t> read_piece(int fd, MutableByteView out, std::size_t wanted, Patience& patience) {
  for (;;) {
    const ssize_t size = ::recv(fd, out.data(), out.size(), 0);
    if (size >= 0) {
      patience.came(static_cast<std::size_t>(size));
      return static_cast<std::size_t>(size);
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return io_failed("receive", errno);
    const auto since = std::chrono::steady_clock::now();
    BRUME_ASSIGN(const bool ready, wait_for_bytes(fd, wanted, patience.left()));
    if (!ready) return std::unexpected(patience.error());
    patience.waited(std::chrono::steady_clock::now() - since);
  }
}

Result<bool> read_full_or_end(int fd, MutableByteView out, Patience& patience) {
  std::size_t used = 0;
  while (used < out.size()) {
    const MutableByteView rest = out.subspan(used);
    BRUME_ASSIGN(const std::size_t size, read_piece(fd, rest, rest.size(), patience));
    if (size == 0 && used == 0) return false;
    if (size == 0) return fail(ErrorCode::kUnavailable, "receive: the peer closed in the middle");
    used += size;
  }
  return true;
}

Result<UniqueFd> connect_address(const addrinfo& address, Milliseconds timeout) {
  UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return io_failed("socket", errno);
  tune_socket(fd.get());
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return io_failed("connect", errno);
  BRUME_ASSIGN(const bool ready, wait_for(fd.get(), POLLOUT, timeout));
  if (!ready) return fail(ErrorCode::kUnavailable, "connect: no answer in time");
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return io_failed("connect", error);
  return fd;
}

}  // namespace

std::string Endpoint::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Status check_host(std::string_view host) {
  if (host.empty() || host.size() > kMaxHostSize) return malformed("host: 1 to 253 characters");
  for (const char c : host) {
    const bool known = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                       c == '-' || c == '_' || c == ':';
    if (!known) return malformed("host: letters, digits, '.', '-', '_' and ':' only");
  }
  return {};
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed("endpoint: expected HOST:PORT");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return malformed("endpoint: an IPv6 address stands in brackets");
  }
  BRUME_TRY(check_host(host));
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc() || end != port.data() + port.size() || value == 0) {
    return malformed("endpoint: port is a number from 1 to 65535");
  }
  return Endpoint{std::string(host), value};
}

Result<UniqueFd> connect_tcp(const Endpoint& endpoint, Milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (error != 0) {
    return fail(ErrorCode::kUnavailable, "resolve " + endpoint.host + ": " + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  Error last{ErrorCode::kUnavailable, "no address"};
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - std::chrono::steady_clock::now());
    auto fd = connect_address(*at, std::max(left, Milliseconds(1)));
    if (fd) return fd;
    last = std::move(fd.error());
  }
  return within("connect to " + endpoint.text(), std::move(last));
}

Result<UniqueFd> listen_tcp(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return fail(ErrorCode::kUsage, "listen address: not a numeric address");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  UniqueFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return io_failed("socket", errno);
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0) {
    return within("listen on port " + std::to_string(port),
                  Error{ErrorCode::kUnavailable, std::generic_category().message(errno)});
  }
  if (::listen(fd.get(), 512) != 0) return io_failed("listen", errno);
  return fd;
}

Result<std::uint16_t> local_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return io_failed("getsockname", errno);
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return fail(ErrorCode::kUnsupported, "local port: not a TCP socket");
}

std::string local_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  return numeric_address(address, size);
}

std::string peer_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  return numeric_address(address, size);
}

void tune_socket(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0) (void)::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleS);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalS);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveCount);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnackedTimeoutMs);
  // Where nothing is lost on the way, an algorithm that paces (BBR) only costs timers: half the speed.
  const std::string peer = peer_address(fd);
  if (!peer.empty() && peer == local_address(fd)) (void)::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
  // Buffers are left to the kernel: it grows them to megabytes, a size set by hand stops at rmem_max.
}

std::chrono::nanoseconds Patience::grace_left() const {
  const std::chrono::duration<double> earned(static_cast<double>(bytes_) / least_bytes_s_);
  return grace_ + std::chrono::duration_cast<std::chrono::nanoseconds>(earned) - waited_;
}

Milliseconds Patience::left() const {
  if (least_bytes_s_ == 0) return idle_;
  return std::clamp(std::chrono::duration_cast<Milliseconds>(grace_left()), Milliseconds(0), idle_);
}

void Patience::came(std::size_t size) {
  bytes_ += size;
  if (static_cast<double>(bytes_) < std::chrono::duration<double>(waited_).count() * least_bytes_s_) return;
  bytes_ = 0;
  waited_ = {};
}

Error Patience::error() const {
  if (left() == idle_) return {ErrorCode::kUnavailable, "receive: the peer is silent for too long"};
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(waited_ + left()).count();
  return {ErrorCode::kUnavailable,
          "receive: the peer is too slow: " + std::to_string(bytes_) + " bytes in " + std::to_string(seconds) + " s"};
}

Result<std::size_t> read_some(int fd, MutableByteView out, Milliseconds idle) {
  Patience patience(idle);
  return read_piece(fd, out, 1, patience);
}

Result<bool> read_full_or_end(int fd, MutableByteView out, Milliseconds idle) {
  Patience patience(idle);
  return read_full_or_end(fd, out, patience);
}

Status read_full(int fd, MutableByteView out, Patience& patience) {
  BRUME_ASSIGN(const bool all, read_full_or_end(fd, out, patience));
  if (!all) return fail(ErrorCode::kUnavailable, "receive: the peer closed");
  return {};
}

Status read_full(int fd, MutableByteView out, Milliseconds idle) {
  Patience patience(idle);
  return read_full(fd, out, patience);
}

Status write_full(int fd, std::span<iovec> parts, Milliseconds idle) {
  while (!parts.empty()) {
    if (parts[0].iov_len == 0) {
      parts = parts.subspan(1);
      continue;
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = std::min<std::size_t>(parts.size(), 64);
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return io_failed("send", errno);
      BRUME_ASSIGN(const bool ready, wait_for(fd, POLLOUT, idle));
      if (!ready) return fail(ErrorCode::kUnavailable, "send: the peer takes nothing for too long");
      continue;
    }
    std::size_t left = static_cast<std::size_t>(sent);
    while (left > 0) {
      const std::size_t step = std::min(left, parts[0].iov_len);
      parts[0].iov_base = static_cast<char*>(parts[0].iov_base) + step;
      parts[0].iov_len -= step;
      left -= step;
      if (parts[0].iov_len == 0) parts = parts.subspan(1);
    }
  }
  return {};
}

Status write_full(int fd, ByteView bytes, Milliseconds idle) {
  iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  return write_full(fd, std::span(&part, 1), idle);
}

}  // namespace brume::transport

// TCP sockets with a deadline on every step. All sockets here are non-blocking inside; the blocking
// calls wait with poll, so that no peer can hold a thread longer than the caller allowed.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace brume::transport {

using Milliseconds = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
  std::string text() const;
};

// "host:port", "1.2.3.4:port" or "[v6]:port". The host keeps to letters, digits, '.', '-', '_' and ':'.
Result<Endpoint> parse_endpoint(std::string_view text);
// The host alone, by the same rule.
Status check_host(std::string_view host);

// Resolves and connects; tries every address until the deadline. (getaddrinfo itself has the resolver's own
// deadline.) Errors: kUnavailable.
Result<UniqueFd> connect_tcp(const Endpoint& endpoint, Milliseconds timeout);
// `address` is numeric; port 0 takes a free one.
Result<UniqueFd> listen_tcp(const std::string& address, std::uint16_t port);
Result<std::uint16_t> local_port(int fd);
// Numeric address of this or the other end, "" where there is none.
std::string local_address(int fd);
std::string peer_address(int fd);
// No delay, keep-alive (a silent peer is noticed after about 25 s), non-blocking, no pacing where it is accepted from
// this host.
void tune_socket(int fd);

// How long a reader waits for a peer. Only waiting counts: what the reader does between two reads is its own time.
class Patience {
 public:
  // At most `idle` for a byte. With a least rate, all waiting besides takes at most `grace` longer than the bytes that
  // came would take at that rate. What came faster is no credit: who sent a gigabyte may not drip for hours.
  explicit Patience(Milliseconds idle, Milliseconds grace = {}, std::uint64_t least_bytes_s = 0)
      : idle_(idle), grace_(grace), least_bytes_s_(static_cast<double>(least_bytes_s)) {}

  // For the next wait; zero where there is none.
  Milliseconds left() const;
  void waited(std::chrono::nanoseconds time) { waited_ += time; }
  void came(std::size_t size);
  // Of a wait for left() that was in vain.
  Error error() const;

 private:
  std::chrono::nanoseconds grace_left() const;

  Milliseconds idle_;
  Milliseconds grace_;
  double least_bytes_s_;
  // Since the peer was last fast enough.
  std::uint64_t bytes_ = 0;
  std::chrono::nanoseconds waited_{0};
};

// Waits for each piece at most `idle`. Errors: kUnavailable (closed, reset, too slow).
Status read_full(int fd, MutableByteView out, Milliseconds idle);
Status read_full(int fd, MutableByteView out, Patience& patience);
// As read_full; returns false where the peer closed before the first byte.
Result<bool> read_full_or_end(int fd, MutableByteView out, Milliseconds idle);
// At least one byte, at most out.size(); 0 at the end of the stream.
Result<std::size_t> read_some(int fd, MutableByteView out, Milliseconds idle);
// Sends all parts; changes `parts` on the way.
Status write_full(int fd, std::span<iovec> parts, Milliseconds idle);
Status write_full(int fd, ByteView bytes, Milliseconds idle);

}  // namespace brume::transport

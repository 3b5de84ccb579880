#include "remote/range_client.h"

#include <sys/socket.h>

#include <algorithm>

namespace brume::remote {
namespace {

using std::chrono::steady_clock;
using transport::Milliseconds;

constexpr Milliseconds kRefusalPatience{1'000};

constexpr Milliseconds kWaitGrain{2};  // waits end up to a millisecond early

RangeFailure too_slow(steady_clock::duration limit) {
  return {{ErrorCode::kUnavailable,
           "the server takes more than " + std::to_string(limit / std::chrono::seconds(1)) + " s for one range"},
          true};
}

Error cancelled_error() { return {ErrorCode::kState, "cancelled"}; }

std::string request_text(const HttpUrl& url, const ByteRange& range) {
  return "GET " + url.target + " HTTP/1.1\r\nHost: " + url.authority() +
         "\r\nRange: bytes=" + std::to_string(range.first) + "-" + std::to_string(range.first + range.size - 1) +
         "\r\nAccept-Encoding: identity\r\nUser-Agent: brume\r\n\r\n";
}

RangeFailure of(Error error) {
  const bool again = error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kIo;
  return {std::move(error), again};
}

// A server with the same name may be asked over http, over https, and under other roots: these do not mix.
std::string server_of(const HttpUrl& url, const Roots& roots) {
  return std::string(url.tls ? "s:" : ":") + url.authority() +
         (url.tls ? "@" + std::to_string(reinterpret_cast<std::uintptr_t>(roots.get())) : "");
}

}  // namespace

// Registers a socket in use, so that cancel() can end it.
class RangeClient::Lease {
 public:
  Lease(RangeClient& client, int socket) : client_(client), socket_(socket) {
    const std::lock_guard lock(client_.mutex_);
    client_.busy_.insert(socket_);
    if (client_.cancelled_) (void)::shutdown(socket_, SHUT_RDWR);
  }
  ~Lease() {
    const std::lock_guard lock(client_.mutex_);
    client_.busy_.erase(socket_);
  }

 private:
  RangeClient& client_;
  int socket_;
};

Status RangeClient::read(const HttpUrl& url, const Roots& roots, const ByteRange& range, MutableByteView out,
                         const OnFilled& on_filled) {
  std::size_t filled = 0;
  Milliseconds wait = options_.first_pause;
  for (int attempt = 1;; ++attempt) {
    const ByteRange rest{range.first + filled, range.size - filled, range.file_size};
    const OnFilled tell = [&](std::size_t more) { on_filled(filled + more); };
    Attempt one{url, roots, rest, out.subspan(filled), tell};
    auto done = try_once(one);
    filled += one.filled;
    if (done) return {};
    if (cancelled()) return std::unexpected(cancelled_error());
    RangeFailure& failure = done.error();
    // All came, but not the end of the answer: what is there was the right range.
    if (failure.again && filled == out.size()) return {};
    if (!failure.again || attempt >= options_.attempt_limit) {
      if (failure.again) failure.error.what += " (" + std::to_string(attempt) + " times)";
      return within(url.shown(), std::move(failure.error));
    }
    // Half of it by chance, so that hosts that failed together do not come back together.
    ByteArray<2> chance{};
    random_.fill(chance);
    Milliseconds now = wait / 2 + wait * (chance[0] * 256 + chance[1]) / (2 * 65'536);
    if (failure.retry_after) now = std::max<Milliseconds>(now, *failure.retry_after);
    if (!pause(now)) return std::unexpected(cancelled_error());
    wait = std::min(2 * wait, options_.pause_limit);
  }
}

std::expected<void, RangeFailure> RangeClient::try_once(Attempt& attempt) {
  const std::string server = server_of(attempt.url, attempt.roots);
  for (;;) {
    if (cancelled()) return std::unexpected(of(cancelled_error()));
    std::unique_ptr<Connection> connection = take_kept(server);
    const bool fresh = !connection;
    if (fresh) {
      auto made = Connection::dial(attempt.url, options_.connect_timeout);
      if (!made) return std::unexpected(of(std::move(made.error())));
      connection = std::move(*made);
    }
    bool keeps = false;
    std::expected<void, RangeFailure> done;
    {
      const Lease lease(*this, connection->socket());
      done = ask(attempt, *connection, fresh, keeps);
    }
    if (done && keeps) keep(server, attempt.roots, std::move(connection));
    // A kept connection may have been closed by the server meanwhile; that says nothing about a fresh one.
    if (!done && !fresh && !attempt.any_byte && done.error().again) continue;
    return done;
  }
}

std::expected<void, RangeFailure> RangeClient::ask(Attempt& attempt, Connection& connection, bool fresh, bool& keeps) {
  const auto limit = options_.whole_limit + std::chrono::seconds(attempt.range.size / options_.slowest_bytes_s);
  const auto deadline = steady_clock::now() + limit;
  if (fresh) {
    auto done = connection.secure(attempt.url, attempt.roots, options_.idle_limit, deadline);
    if (!done && deadline - steady_clock::now() < kWaitGrain) return std::unexpected(too_slow(limit));
    if (!done) return std::unexpected(of(std::move(done.error())));
  }
  const std::string request = request_text(attempt.url, attempt.range);
  if (auto sent = connection.send(as_bytes(request), options_.idle_limit); !sent)
    return std::unexpected(of(std::move(sent.error())));
  RangeAnswer answer(attempt.range, attempt.out);
  for (;;) {
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - steady_clock::now());
    if (left < kWaitGrain) return std::unexpected(too_slow(limit));
    // What a refusal says besides its status is not worth a long wait.
    const Milliseconds patience =
        answer.refused() ? std::min(kRefusalPatience, options_.idle_limit) : options_.idle_limit;
    auto bytes = connection.receive(std::min(left, patience));
    if (!bytes && deadline - steady_clock::now() < kWaitGrain) return std::unexpected(too_slow(limit));
    if (!bytes && answer.refused()) return std::unexpected(answer.ended());
    if (!bytes) return std::unexpected(of(std::move(bytes.error())));
    if (bytes->empty()) return std::unexpected(answer.ended());
    attempt.any_byte = true;
    auto done = answer.feed(*bytes);
    if (const std::size_t filled = answer.filled(); filled > attempt.filled) {
      attempt.filled = filled;
      attempt.on_filled(filled);
    }
    if (!done) return std::unexpected(std::move(done.error()));
    if (!*done) continue;
    keeps = answer.keeps_connection();
    return {};
  }
}

bool RangeClient::pause(Milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return cancelled_; });
}

bool RangeClient::cancelled() {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

std::unique_ptr<Connection> RangeClient::take_kept(const std::string& server) {
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(server);
  if (found == kept_.end()) return nullptr;
  while (!found->second.empty()) {
    Kept kept = std::move(found->second.back());
    found->second.pop_back();
    if (now - kept.since < options_.keep_for) return std::move(kept.connection);
  }
  return nullptr;
}

void RangeClient::keep(const std::string& server, const Roots& roots, std::unique_ptr<Connection> connection) {
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (cancelled_) return;
  // What nobody asks for again must not hold a descriptor for ever.
  for (auto at = kept_.begin(); at != kept_.end();) {
    std::erase_if(at->second, [&](const Kept& kept) { return now - kept.since >= options_.keep_for; });
    at = at->second.empty() ? kept_.erase(at) : std::next(at);
  }
  auto& kept = kept_[server];
  if (kept.size() < options_.kept_per_server) kept.push_back({std::move(connection), roots, now});
}

void RangeClient::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  kept_.clear();
  for (const int socket : busy_) (void)::shutdown(socket, SHUT_RDWR);
  changed_.notify_all();
}

}  // namespace brume::remote

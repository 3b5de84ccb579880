#include "transport/fetch_client.h"

#include <sys/socket.h>

namespace brume::transport {
namespace {

constexpr std::size_t kSizeField = 4;

std::uint32_t read_u32le(ByteView bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(bytes[i]) << (8 * i);
  return value;
}

// A frame and the next one's size. One buffer a thread: a fetch is short against making a fresh megabyte.
MutableByteView frame_buffer() {
  thread_local Bytes buffer(kAnswerFrameLimit + kSizeField);
  return buffer;
}

Error cancelled_error() { return {ErrorCode::kState, "fetch: cancelled"}; }

}  // namespace

// Registers a socket in use, so that cancel() can end it.
class FetchClient::Lease {
 public:
  Lease(FetchClient& client, int socket) : client_(client), socket_(socket) {
    const std::lock_guard lock(client_.mutex_);
    client_.busy_.insert(socket_);
    if (client_.cancelled_) (void)::shutdown(socket_, SHUT_RDWR);
  }
  ~Lease() {
    const std::lock_guard lock(client_.mutex_);
    client_.busy_.erase(socket_);
  }

 private:
  FetchClient& client_;
  int socket_;
};

Status FetchClient::fetch(const Endpoint& peer, const FetchRequest& request, const OnFrame& on_frame) {
  const Bytes asked = encode_fetch_request(request);
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (cancelled_) return std::unexpected(cancelled_error());
    }
    UniqueFd socket = take_kept(peer);
    const bool reused = static_cast<bool>(socket);
    if (!reused) {
      BRUME_ASSIGN(socket, connect_tcp(peer, options_.connect_timeout));
    }
    bool any_byte = false;
    Status done;
    {
      const Lease lease(*this, socket.get());
      if (!reused) done = write_full(socket.get(), encode_preface(ConnectionKind::kFetch), options_.idle_limit);
      if (done) done = write_full(socket.get(), asked, options_.idle_limit);
      if (done) done = read_answer(socket.get(), on_frame, any_byte);
    }
    if (done || done.error().code == ErrorCode::kNotFound) {
      keep(peer, std::move(socket));
      return done;
    }
    // A kept connection may have been closed by the peer meanwhile; that says nothing about a fresh one.
    if (reused && !any_byte && done.error().code == ErrorCode::kUnavailable) continue;
    {
      const std::lock_guard lock(mutex_);
      if (cancelled_) return std::unexpected(cancelled_error());
    }
    return within("fetch from " + peer.text(), std::move(done.error()));
  }
}

Status FetchClient::read_answer(int socket, const OnFrame& on_frame, bool& any_byte) {
  const MutableByteView buffer = frame_buffer();
  Patience patience(options_.idle_limit, options_.slow_limit, options_.least_bytes_s);
  BRUME_TRY(read_full(socket, buffer.first(kSizeField), patience));
  any_byte = true;
  for (std::uint32_t size = read_u32le(buffer); size != 0;) {
    if (size == kFetchFailedMark) {
      BRUME_TRY(read_full(socket, buffer.first(1), patience));
      BRUME_ASSIGN(const FetchFailure failure, parse_fetch_failure(buffer[0]));
      const ErrorCode code = failure == FetchFailure::kNotFound ? ErrorCode::kNotFound : ErrorCode::kUnavailable;
      return fail(code, fetch_failure_text(failure));
    }
    if (size > kAnswerFrameLimit) return fail(ErrorCode::kLimit, "answer frame: size is over the limit");
    BRUME_TRY(read_full(socket, buffer.first(size + kSizeField), patience));
    const ByteView frame = buffer.first(size);
    size = read_u32le(buffer.subspan(size));
    if (!on_frame(frame)) return fail(ErrorCode::kState, "the consumer ended the fetch");
  }
  return {};
}

UniqueFd FetchClient::take_kept(const Endpoint& peer) {
  const SteadyTime now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(peer);
  if (found == kept_.end()) return {};
  while (!found->second.empty()) {
    Kept kept = std::move(found->second.back());
    found->second.pop_back();
    if (now - kept.since < options_.keep_for) return std::move(kept.socket);
  }
  return {};
}

void FetchClient::keep(const Endpoint& peer, UniqueFd socket) {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return;
  auto& kept = kept_[peer];
  if (kept.size() < options_.kept_per_peer) kept.push_back({std::move(socket), std::chrono::steady_clock::now()});
}

void FetchClient::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  kept_.clear();
  for (const int socket : busy_) (void)::shutdown(socket, SHUT_RDWR);
}

}  // namespace brume::transport

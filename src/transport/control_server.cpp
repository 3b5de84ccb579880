#include "transport/control_server.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/check.h"

namespace brume::transport {
namespace {

constexpr std::size_t kReadSize = 256u << 10;
constexpr Milliseconds kTick{500};

}  // namespace

struct ControlServer::Connection {
  ConnectionId id = 0;
  std::string peer;
  // Only on the loop's thread.
  EventLoop::WatchId watch = 0;
  bool ended = false;
  ControlFrameParser parser;
  SteadyTime last_heard;
  SteadyTime last_heartbeat;
  // Under the mutex.
  std::mutex mutex;
  UniqueFd socket;
  Bytes queue;
  std::size_t queue_at = 0;
  bool overflowed = false;
  bool closing = false;
  SteadyTime close_deadline;

  std::size_t queued() const { return queue.size() - queue_at; }

  // Sends what the kernel takes. False: the socket is broken.
  bool flush() {
    while (queued() > 0) {
      const ssize_t sent = ::send(socket.get(), queue.data() + queue_at, queued(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return errno == EAGAIN;
      queue_at += static_cast<std::size_t>(sent);
    }
    queue.clear();
    queue_at = 0;
    return true;
  }
};

ControlServer::ControlServer(EventLoop& loop, ControlHandler& handler, ControlOptions options)
    : loop_(loop), handler_(handler), options_(options), read_buffer_(kReadSize) {
  loop_.run_sync([this] { timer_ = loop_.after(kTick, [this] { tick(); }); });
}

ControlServer::~ControlServer() {
  loop_.run_sync([this] {
    *alive_ = false;
    loop_.cancel(timer_);
    const std::lock_guard lock(mutex_);
    for (const auto& [id, connection] : connections_) {
      connection->ended = true;
      loop_.unwatch(connection->watch);
    }
    connections_.clear();
  });
}

void ControlServer::adopt(UniqueFd socket, std::string peer_address) {
  auto connection = std::make_shared<Connection>();
  connection->socket = std::move(socket);
  connection->peer = std::move(peer_address);
  {
    const std::lock_guard lock(mutex_);
    if (connections_.size() >= options_.connection_limit) return;
    connection->id = next_id_++;
    connections_.emplace(connection->id, connection);
  }
  if (loop_.on_loop_thread()) {
    attach(connection);
  } else {
    (void)loop_.post([this, alive = alive_, connection] {
      if (*alive) attach(connection);
    });
  }
}

void ControlServer::attach(const Shared& connection) {
  connection->last_heard = connection->last_heartbeat = std::chrono::steady_clock::now();
  connection->watch = loop_.watch(connection->socket.get(), EPOLLIN,
                                  [this, connection](std::uint32_t events) { on_ready(connection, events); });
  handler_.on_connect(connection->id, connection->peer);
}

ControlServer::Shared ControlServer::find(ConnectionId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

std::size_t ControlServer::connection_count() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

bool ControlServer::send(ConnectionId id, Channel channel, ByteView payload) {
  const Shared connection = find(id);
  if (!connection) return false;
  BRUME_CHECK(channel == Channel::kEnclave || payload.size() <= kControlPayloadLimit);
  bool waits = false;
  bool accepted = true;
  {
    const std::lock_guard lock(connection->mutex);
    if (!connection->socket || connection->closing || connection->overflowed) return false;
    const bool was_empty = connection->queued() == 0;
    if (connection->queued() + payload.size() > options_.queue_limit) {
      connection->overflowed = true;
      accepted = false;
    } else {
      do {
        const ByteView piece = payload.first(std::min(payload.size(), kControlPayloadLimit));
        append(connection->queue, encode_control_header(channel, piece.size()));
        append(connection->queue, piece);
        payload = payload.subspan(piece.size());
      } while (!payload.empty());
      // A broken socket is found by the loop, too.
      if (was_empty) (void)connection->flush();
    }
    waits = connection->overflowed || connection->queued() > 0;
  }
  if (waits) {
    (void)loop_.post([this, alive = alive_, connection] {
      if (*alive) update_watch(connection);
    });
  }
  return accepted;
}

void ControlServer::close(ConnectionId id) {
  const Shared connection = find(id);
  if (!connection) return;
  {
    const std::lock_guard lock(connection->mutex);
    if (connection->closing) return;
    connection->closing = true;
    connection->close_deadline = std::chrono::steady_clock::now() + options_.close_linger;
  }
  (void)loop_.post([this, alive = alive_, connection] {
    if (*alive) update_watch(connection);
  });
}

// Decides what the connection waits for; ends it where it is done or overflowed.
void ControlServer::update_watch(const Shared& connection) {
  if (connection->ended) return;
  bool overflowed = false;
  bool done = false;
  bool waits = false;
  {
    const std::lock_guard lock(connection->mutex);
    overflowed = connection->overflowed;
    waits = connection->queued() > 0;
    done = connection->closing && !waits;
  }
  if (overflowed) return end(connection, {ErrorCode::kLimit, "control: the peer is too slow, its queue is full"});
  if (done) return end(connection, {ErrorCode::kState, "control: closed by this side"});
  loop_.rewatch(connection->watch, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void ControlServer::on_ready(const Shared& connection, std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    bool sound = true;
    {
      const std::lock_guard lock(connection->mutex);
      sound = connection->flush();
    }
    if (!sound) return end(connection, {ErrorCode::kUnavailable, "control: the connection broke while sending"});
    update_watch(connection);
  }
  if (!connection->ended && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some_frames(connection);
}

void ControlServer::read_some_frames(const Shared& connection) {
  const ssize_t size = ::recv(connection->socket.get(), read_buffer_.data(), read_buffer_.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) return end(connection, {ErrorCode::kUnavailable, "control: the connection broke"});
  if (size == 0) return end(connection, {ErrorCode::kUnavailable, "control: the peer closed"});
  connection->last_heard = std::chrono::steady_clock::now();
  const auto fed = connection->parser.feed(ByteView(read_buffer_).first(static_cast<std::size_t>(size)),
                                           [&](Channel channel, ByteView payload) {
                                             if (connection->ended || channel == Channel::kHeartbeat) return;
                                             handler_.on_message(connection->id, channel, payload);
                                           });
  if (!fed) end(connection, fed.error());
}

void ControlServer::end(const Shared& connection, Error why) {
  if (connection->ended) return;
  connection->ended = true;
  loop_.unwatch(connection->watch);
  {
    const std::lock_guard lock(connection->mutex);
    connection->socket.reset();
  }
  {
    const std::lock_guard lock(mutex_);
    connections_.erase(connection->id);
  }
  handler_.on_close(connection->id, why);
}

// Heartbeats out, silent and lingering connections away.
void ControlServer::tick() {
  timer_ = loop_.after(kTick, [this] { tick(); });
  const SteadyTime now = std::chrono::steady_clock::now();
  std::vector<Shared> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, connection] : connections_) {
      if (connection->watch != 0) all.push_back(connection);
    }
  }
  for (const Shared& connection : all) {
    bool lingered = false;
    {
      const std::lock_guard lock(connection->mutex);
      lingered = connection->closing && now > connection->close_deadline;
    }
    if (lingered) {
      end(connection, {ErrorCode::kState, "control: closed by this side, the peer did not take all"});
    } else if (now - connection->last_heard > options_.idle_limit) {
      end(connection, {ErrorCode::kUnavailable, "control: the peer is silent for too long"});
    } else if (now - connection->last_heartbeat > options_.heartbeat_interval) {
      connection->last_heartbeat = now;
      (void)send(connection->id, Channel::kHeartbeat, {});
    }
  }
}

}  // namespace brume::transport

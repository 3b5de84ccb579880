#include "transport/control_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace brume::transport {
namespace {

constexpr std::size_t kReadSize = 256u << 10;
constexpr std::size_t kStrangerReadSize = 16u << 10;  // small messages may each be some work
constexpr Milliseconds kTick{500};

}  // namespace

struct ControlServer::Connection {
  ConnectionId id = 0;
  std::string peer;
  // Only on the loop's thread.
  EventLoop::WatchId watch = 0;
  IpBytes from{};
  bool announced = false;  // on_connect was called
  bool stranger = true;
  bool waits_turn = false;  // until then nothing is read
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
  connection->from = source_of(peer_address);
  connection->peer = std::move(peer_address);
  if (loop_.on_loop_thread()) return attach(connection);
  (void)loop_.post([this, alive = alive_, connection] {
    if (*alive) attach(connection);
  });
}

void ControlServer::attach(const Shared& connection) {
  if (connection_count() >= options_.connection_limit && !make_room(connection->from)) return;
  {
    const std::lock_guard lock(mutex_);
    connection->id = next_id_++;
    connections_.emplace(connection->id, connection);
  }
  ++strangers_[connection->from];
  connection->last_heard = connection->last_heartbeat = std::chrono::steady_clock::now();
  connection->watch = loop_.watch(connection->socket.get(), 0,
                                  [this, connection](std::uint32_t events) { on_ready(connection, events); });
  await_turn(connection);
}

// False: nobody has to give way to this newcomer.
bool ControlServer::make_room(const IpBytes& newcomer) {
  const auto most = std::ranges::max_element(strangers_, {}, [](const auto& source) { return source.second; });
  const auto held = strangers_.find(newcomer);
  if (most == strangers_.end() || most->second <= options_.address_share) return false;
  if (held != strangers_.end() && held->second >= options_.address_share) return false;
  Shared oldest;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        connections_, [&](const auto& entry) { return entry.second->stranger && entry.second->from == most->first; });
    if (found != connections_.end()) oldest = found->second;
  }
  if (!oldest) return false;
  end(oldest, {ErrorCode::kLimit, "control: many at this address have not joined, and others need the place"});
  return true;
}

void ControlServer::joined(ConnectionId id) {
  const Shared connection = find(id);
  if (!connection || !connection->stranger) return;
  connection->stranger = false;
  forget_stranger(connection->from);
}

void ControlServer::forget_stranger(const IpBytes& source) {
  if (const auto found = strangers_.find(source); --found->second == 0) strangers_.erase(found);
}

void ControlServer::await_turn(const Shared& connection) {
  if (turns_.empty()) {
    (void)loop_.post([this, alive = alive_] {
      if (*alive) serve_turn();
    });
  }
  connection->waits_turn = true;
  turns_[connection->from].push_back(connection);
}

// The first of the address that comes after the last one served.
ControlServer::Shared ControlServer::next_in_turn() {
  auto place = turns_.upper_bound(last_turn_);
  if (place == turns_.end()) place = turns_.begin();
  last_turn_ = place->first;
  Shared connection = std::move(place->second.front());
  place->second.pop_front();
  if (place->second.empty()) turns_.erase(place);
  return connection;
}

void ControlServer::serve_turn() {
  const Shared connection = next_in_turn();
  if (!turns_.empty()) {
    (void)loop_.post([this, alive = alive_] {
      if (*alive) serve_turn();
    });
  }
  if (connection->ended) return;
  connection->waits_turn = false;
  connection->last_heard = std::chrono::steady_clock::now();  // it waited for us
  if (connection->announced) {
    read_some_frames(connection);
  } else {
    connection->announced = true;
    (void)send(connection->id, Channel::kHeartbeat, {});  // "you have a place"
    handler_.on_connect(connection->id, connection->peer);
  }
  update_watch(connection);
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
  const std::uint32_t reads = connection->waits_turn ? 0u : EPOLLIN;
  {
    const std::lock_guard lock(connection->mutex);
    overflowed = connection->overflowed;
    waits = connection->queued() > 0;
    done = connection->closing && !waits;
  }
  if (overflowed) return end(connection, {ErrorCode::kLimit, "control: the peer is too slow, its queue is full"});
  if (done) return end(connection, {ErrorCode::kState, "control: closed by this side"});
  loop_.rewatch(connection->watch, waits ? reads | EPOLLOUT : reads);
}

void ControlServer::on_ready(const Shared& connection, std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    bool sound = true;
    {
      const std::lock_guard lock(connection->mutex);
      sound = connection->flush();
    }
    if (!sound) return end(connection, {ErrorCode::kUnavailable, "the connection to the node broke while sending"});
    update_watch(connection);
  }
  if (connection->ended || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  if (!connection->stranger) return read_some_frames(connection);
  if (connection->waits_turn) {
    // Nobody is there any more: what it said is not worth a turn.
    return end(connection, {ErrorCode::kUnavailable, "control: the connection broke"});
  }
  await_turn(connection);
  update_watch(connection);
}

void ControlServer::read_some_frames(const Shared& connection) {
  const std::size_t most = connection->stranger ? kStrangerReadSize : read_buffer_.size();
  const ssize_t size = ::recv(connection->socket.get(), read_buffer_.data(), most, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) return end(connection, {ErrorCode::kUnavailable, "the connection to the node broke"});
  if (size == 0) return end(connection, {ErrorCode::kUnavailable, "the node closed its connection"});
  connection->last_heard = std::chrono::steady_clock::now();
  const auto fed = connection->parser.feed(ByteView(read_buffer_).first(static_cast<std::size_t>(size)),
                                           [&](Channel channel, ByteView payload) {
                                             if (connection->ended || channel == Channel::kHeartbeat) return;
                                             handler_.on_message(connection->id, channel, payload);
                                           });
  if (!fed) end(connection, fed.error());
}

void ControlServer::end(const Shared& connection, const Error& why) {
  if (connection->ended) return;
  connection->ended = true;
  loop_.unwatch(connection->watch);
  if (connection->stranger) forget_stranger(connection->from);
  {
    const std::lock_guard lock(connection->mutex);
    connection->socket.reset();
  }
  {
    const std::lock_guard lock(mutex_);
    connections_.erase(connection->id);
  }
  if (connection->announced) handler_.on_close(connection->id, why);
}

// Heartbeats out, silent and lingering connections away.
void ControlServer::tick() {
  timer_ = loop_.after(kTick, [this] { tick(); });
  const SteadyTime now = std::chrono::steady_clock::now();
  std::vector<Shared> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, connection] : connections_) {
      all.push_back(connection);
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
    } else if (!connection->waits_turn && now - connection->last_heard > options_.idle_limit) {
      end(connection, {ErrorCode::kUnavailable, "control: the peer is silent for too long"});
    } else if (connection->announced && now - connection->last_heartbeat > options_.heartbeat_interval) {
      connection->last_heartbeat = now;
      (void)send(connection->id, Channel::kHeartbeat, {});
    }
  }
}

}  // namespace brume::transport

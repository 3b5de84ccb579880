#include "transport/fetch_server.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace brume::transport {
namespace {

constexpr Milliseconds kTick{500};
// What one connection may send before others have their turn.
constexpr std::size_t kTurnSize = 2u << 20;

void put_u32le(Bytes& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

struct FetchServer::Connection {
  explicit Connection(const Patience& of_an_answer) : patience(of_an_answer) {}

  UniqueFd socket;
  IpBytes from{};
  EventLoop::WatchId watch = 0;
  bool asked = false;  // ever
  bool ended = false;
  bool waits_for_room = false;
  SteadyTime last_progress;

  // The request: its size field, then its body.
  Bytes request;
  // The answer: small bytes first, then the extents of the current frame.
  std::unique_ptr<FetchSource> source;
  Bytes head;
  std::size_t head_at = 0;
  FrameExtents extents;
  std::size_t extent_at = 0;
  bool answering = false;
  bool last = false;  // `head` holds the answer's end
  // How fast the peer takes it.
  Patience patience;
  std::uint64_t sent = 0;   // to the kernel
  std::uint64_t taken = 0;  // of that, by the peer
  SteadyTime measured;

  // Time in which something waited to be taken counts: so call it often.
  void measure(SteadyTime now) {
    int queued = 0;
    (void)::ioctl(socket.get(), SIOCOUTQ, &queued);
    const std::uint64_t waiting = std::min(sent, static_cast<std::uint64_t>(std::max(queued, 0)));
    if (waiting > 0) patience.waited(now - measured);
    const std::uint64_t taken_by_now = std::max(taken, sent - waiting);
    patience.came(taken_by_now - taken);
    taken = taken_by_now;
    measured = now;
  }
  bool is_slow() const { return answering && patience.left() == Milliseconds(0); }
};

FetchServer::FetchServer(EventLoop& loop, FetchProvider& provider, FetchServerOptions options)
    : loop_(loop), provider_(provider), options_(options) {
  loop_.run_sync([this] { timer_ = loop_.after(kTick, [this] { tick(); }); });
}

FetchServer::~FetchServer() {
  loop_.run_sync([this] {
    *alive_ = false;
    loop_.cancel(timer_);
    for (const auto& [watch, connection] : connections_) {
      connection->ended = true;
      loop_.unwatch(watch);
    }
    connections_.clear();
  });
}

void FetchServer::adopt(UniqueFd socket, std::string peer_address) {
  if (loop_.on_loop_thread()) return attach(std::move(socket), peer_address);
  auto shared = std::make_shared<UniqueFd>(std::move(socket));  // std::function must be copyable
  (void)loop_.post([this, alive = alive_, shared, peer_address = std::move(peer_address)] {
    if (*alive) attach(std::move(*shared), peer_address);
  });
}

void FetchServer::attach(UniqueFd socket, const std::string& peer_address) {
  const IpBytes source = source_of(peer_address);
  if (connections_.size() >= options_.connection_limit && !make_room(source)) return;
  auto connection =
      std::make_shared<Connection>(Patience(options_.slow_limit, options_.slow_limit, options_.least_bytes_s));
  connection->from = source;
  connection->socket = std::move(socket);
  connection->last_progress = std::chrono::steady_clock::now();
  connection->watch =
      loop_.watch(connection->socket.get(), EPOLLIN, [this, connection](std::uint32_t) { on_ready(connection); });
  connections_.emplace(connection->watch, connection);
  ++sources_[source];
  on_ready(connection);  // its request is there already, as a rule: who asks is not taken for idle
}

std::size_t FetchServer::count_from(const IpBytes& source) const {
  const auto found = sources_.find(source);
  return found == sources_.end() ? 0 : found->second;
}

// False: all get answers, and none of them has to give way to this newcomer.
bool FetchServer::make_room(const IpBytes& newcomer) {
  if (connections_.empty()) return false;
  const auto greediest = std::ranges::max_element(sources_, {}, [](const auto& source) { return source.second; });
  const std::size_t held = count_from(newcomer);
  const bool may_displace = greediest->second > options_.address_share && held < options_.address_share;
  Shared idle, greedy, slow;
  const auto prefer = [](Shared& best, const Shared& other) {
    if (!best || other->last_progress < best->last_progress) best = other;
  };
  for (const auto& [watch, connection] : connections_) {
    const std::size_t beside = count_from(connection->from);
    if (!connection->answering) {
      prefer(idle, connection);
    } else if (may_displace && connection->from == greediest->first) {
      prefer(greedy, connection);
    } else if (connection->is_slow() && (beside > held || connection->from == newcomer)) {
      // A node that computes is slow, too: it has few of them.
      if (slow && beside > count_from(slow->from)) slow.reset();
      if (!slow || beside == count_from(slow->from)) prefer(slow, connection);
    }
  }
  for (const Shared& victim : {idle, greedy, slow}) {
    if (!victim) continue;
    end(victim);
    return true;
  }
  return false;
}

void FetchServer::on_ready(const Shared& connection) {
  const bool alive = connection->answering ? send_answer(*connection) : read_request(*connection);
  if (!alive) return end(connection);
  if (connection->answering != connection->waits_for_room) {
    connection->waits_for_room = connection->answering;
    // While an answer goes out nothing is read: requests are not pipelined.
    loop_.rewatch(connection->watch, connection->answering ? EPOLLOUT : EPOLLIN);
  }
}

bool FetchServer::read_request(Connection& connection) {
  for (;;) {
    std::size_t want = 4;
    if (connection.request.size() >= 4) {
      std::uint32_t size = 0;
      for (std::size_t i = 0; i < 4; ++i) size |= static_cast<std::uint32_t>(connection.request[i]) << (8 * i);
      if (size == 0 || size > kFetchRequestLimit) return false;
      want += size;
      if (connection.request.size() == want) return start_answer(connection) && send_answer(connection);
    }
    std::uint8_t buffer[4 + kFetchRequestLimit];
    const ssize_t size = ::recv(connection.socket.get(), buffer, want - connection.request.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return false;
    if (connection.request.empty()) connection.last_progress = std::chrono::steady_clock::now();
    append(connection.request, ByteView(buffer, static_cast<std::size_t>(size)));
  }
}

bool FetchServer::start_answer(Connection& connection) {
  const auto request = parse_fetch_request(ByteView(connection.request).subspan(4));
  connection.request.clear();
  connection.answering = true;
  connection.asked = true;
  connection.last = false;
  connection.last_progress = connection.measured = std::chrono::steady_clock::now();
  connection.patience = Patience(options_.slow_limit, options_.slow_limit, options_.least_bytes_s);
  std::expected<std::unique_ptr<FetchSource>, FetchFailure> source = std::unexpected(FetchFailure::kBadRequest);
  if (request) source = provider_.open(*request);
  if (source) {
    connection.source = std::move(*source);
  } else {
    put_u32le(connection.head, kFetchFailedMark);
    connection.head.push_back(static_cast<std::uint8_t>(source.error()));
    connection.last = true;
  }
  return true;
}

// False: the connection is to be ended.
bool FetchServer::send_answer(Connection& connection) {
  std::size_t budget = kTurnSize;
  while (budget > 0) {
    if (connection.head_at == connection.head.size() && connection.extent_at == connection.extents.size()) {
      connection.head.clear();
      connection.head_at = 0;
      connection.extent_at = 0;
      connection.extents.clear();
      if (connection.last) {
        connection.answering = false;
        connection.source.reset();
        connection.last_progress = std::chrono::steady_clock::now();
        return true;
      }
      connection.extents = connection.source->next();
      std::uint64_t size = 0;
      for (const FileExtent& extent : connection.extents) size += extent.size;
      BRUME_CHECK(size <= kAnswerFrameLimit && (size > 0 || connection.extents.empty()));
      put_u32le(connection.head, static_cast<std::uint32_t>(size));
      connection.last = size == 0;
      budget -= std::min<std::size_t>(budget, size);
    }
    bool blocked = false;
    if (!send_piece(connection, blocked)) return false;
    if (blocked) return true;
    connection.last_progress = std::chrono::steady_clock::now();
  }
  return true;  // others first; the loop comes back while there is room
}

bool FetchServer::send_piece(Connection& connection, bool& blocked) {
  const int socket = connection.socket.get();
  ssize_t sent = 0;
  if (connection.head_at < connection.head.size()) {
    const int more = connection.last ? 0 : MSG_MORE;
    sent = ::send(socket, connection.head.data() + connection.head_at, connection.head.size() - connection.head_at,
                  MSG_NOSIGNAL | more);
    if (sent > 0) connection.head_at += static_cast<std::size_t>(sent);
  } else {
    FileExtent& extent = connection.extents[connection.extent_at];
    auto offset = static_cast<off_t>(extent.offset);
    sent = ::sendfile(socket, extent.file->get(), &offset, extent.size);
    if (sent == 0) return false;  // the file is shorter than it was: the peer sees a cut answer
    if (sent > 0) {
      extent.offset += static_cast<std::uint64_t>(sent);
      extent.size -= static_cast<std::uint64_t>(sent);
      if (extent.size == 0) ++connection.extent_at;
    }
  }
  if (sent > 0) connection.sent += static_cast<std::uint64_t>(sent);
  if (sent < 0 && errno == EINTR) return true;
  blocked = sent < 0 && errno == EAGAIN;
  return sent >= 0 || blocked;
}

void FetchServer::end(const Shared& connection) {
  if (connection->ended) return;
  connection->ended = true;
  loop_.unwatch(connection->watch);
  connections_.erase(connection->watch);
  if (const auto source = sources_.find(connection->from); --source->second == 0) sources_.erase(source);
  connection->source.reset();
  connection->socket.reset();
}

void FetchServer::tick() {
  timer_ = loop_.after(kTick, [this] { tick(); });
  const SteadyTime now = std::chrono::steady_clock::now();
  std::vector<Shared> late;
  for (const auto& [watch, connection] : connections_) {
    if (connection->answering) connection->measure(now);
    const Milliseconds limit = connection->answering          ? options_.stall_limit
                               : !connection->request.empty() ? options_.request_timeout
                               : connection->asked            ? options_.idle_limit
                                                              : options_.first_request_limit;
    if (now - connection->last_progress > limit) late.push_back(connection);
  }
  for (const Shared& connection : late) end(connection);
}

}  // namespace brume::transport

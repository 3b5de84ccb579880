// The master's end of the control connections: one loop, callbacks, sends from any thread.
//
// Who has not joined yet may be anybody, and each of his messages may cost a signature or an appraisal. So strangers'
// bytes are read one piece a turn of the loop, address after address: what one address sends delays neither nodes that
// have joined nor, by more than its share, other addresses. Nothing is held back while there is time.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>

#include "transport/ip_address.h"
#include "transport/listener.h"

namespace brume::transport {

// Given once each, never again; 0 is none.
using ConnectionId = std::uint64_t;

struct ControlOptions {
  Milliseconds heartbeat_interval{4'000};
  Milliseconds idle_limit{20'000};   // no byte from the peer, not even a heartbeat
  Milliseconds close_linger{2'000};  // to get out what was queued before close()
  // Bytes that wait for a slow peer; one more ends the connection. A node gets two tasks at once, each in a message of
  // at most 12 MiB (join/messages.h) and TLS's own bytes. So much for each node bounds the master's memory; what one
  // run orders is far less, for it has at most 2^22 streams of 128 bytes in all reduce tasks.
  std::size_t queue_limit = 28u << 20;
  // When all places are taken, strangers at the address with most of them, if those are more than its share, make room
  // for others. While there is room an address may have any number: a thousand nodes may share one.
  std::size_t connection_limit = 4'096;
  std::size_t address_share = 64;
};

// Called on the loop's thread, one at a time. on_close is the last call for a connection and comes also after
// close(). Views live during the call only. A callback may call send and close.
class ControlHandler {
 public:
  virtual ~ControlHandler() = default;
  virtual void on_connect(ConnectionId connection, const std::string& peer_address) = 0;
  // kEnclave or kHost. What it holds is not checked.
  virtual void on_message(ConnectionId connection, Channel channel, ByteView payload) = 0;
  virtual void on_close(ConnectionId connection, const Error& why) = 0;
};

class ControlServer final : public ConnectionSink {
 public:
  // The loop and the handler outlive the server. The destructor closes everything without callbacks.
  ControlServer(EventLoop& loop, ControlHandler& handler, ControlOptions options = {});
  ~ControlServer() override;
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // From any thread.
  void adopt(UniqueFd socket, std::string peer_address) override;
  // From any thread; never waits. kEnclave bytes may have any size, a kHost message kControlPayloadLimit.
  // False: the connection is gone, or is now being ended because its queue is full.
  bool send(ConnectionId connection, Channel channel, ByteView payload);
  // On the loop's thread: its peer has proved itself and is a stranger no more.
  void joined(ConnectionId connection);
  // From any thread: sends what is queued, then closes; on_close follows.
  void close(ConnectionId connection);
  std::size_t connection_count() const;

 private:
  struct Connection;
  using Shared = std::shared_ptr<Connection>;

  Shared find(ConnectionId id) const;
  void attach(const Shared& connection);
  bool make_room(const IpBytes& newcomer);
  void forget_stranger(const IpBytes& source);
  void await_turn(const Shared& connection);
  void serve_turn();
  Shared next_in_turn();
  void on_ready(const Shared& connection, std::uint32_t events);
  void read_some_frames(const Shared& connection);
  void update_watch(const Shared& connection);
  void end(const Shared& connection, const Error& why);
  void tick();

  EventLoop& loop_;
  ControlHandler& handler_;
  const ControlOptions options_;
  EventLoop::TimerId timer_ = 0;
  Bytes read_buffer_;
  mutable std::mutex mutex_;
  std::map<ConnectionId, Shared> connections_;
  ConnectionId next_id_ = 1;
  // Loop thread only: strangers by where they are from, and those of them that have something to be read.
  std::map<IpBytes, std::size_t> strangers_;
  std::map<IpBytes, std::deque<Shared>> turns_;
  IpBytes last_turn_{};
  // Posted calls outlive the server otherwise.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace brume::transport

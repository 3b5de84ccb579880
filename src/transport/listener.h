// One listening port for control and fetch connections: reads the preface, hands the socket on by its kind.
#pragma once

#include <list>
#include <string>

#include "transport/event_loop.h"
#include "transport/wire.h"

namespace brume::transport {

// Where a connection goes whose preface has been read. Called on the listener's loop thread; an
// implementation on another loop posts it there.
class ConnectionSink {
 public:
  virtual ~ConnectionSink() = default;
  virtual void adopt(UniqueFd socket, std::string peer_address) = 0;
};

struct ListenOptions {
  std::string address = "0.0.0.0";  // numeric
  std::uint16_t port = 0;           // 0: a free one
  Milliseconds preface_timeout{5'000};
  std::size_t waiting_limit = 256;  // connections without a preface; a new one then drops the oldest
};

class Listener {
 public:
  // A kind without a sink (nullptr) is refused by closing. The sinks and the loop outlive the listener.
  static Result<std::unique_ptr<Listener>> open(EventLoop& loop, const ListenOptions& options, ConnectionSink* control,
                                                ConnectionSink* fetch);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  struct Waiting {
    UniqueFd socket;
    EventLoop::WatchId watch = 0;
    EventLoop::TimerId timer = 0;
    ByteArray<kPrefaceSize> preface{};
    std::size_t used = 0;
  };
  using WaitingAt = std::list<Waiting>::iterator;

  Listener(EventLoop& loop, ListenOptions options, ConnectionSink* control, ConnectionSink* fetch)
      : loop_(loop), options_(std::move(options)), control_(control), fetch_(fetch) {}
  void accept_some();
  void read_preface(WaitingAt at);
  UniqueFd forget(WaitingAt at);

  EventLoop& loop_;
  ListenOptions options_;
  ConnectionSink* control_;
  ConnectionSink* fetch_;
  UniqueFd socket_;
  std::uint16_t port_ = 0;
  EventLoop::WatchId watch_ = 0;
  EventLoop::TimerId retry_timer_ = 0;
  std::list<Waiting> waiting_;
};

}  // namespace brume::transport

// A node's end of the control connection: one thread reads, any thread sends.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "transport/socket.h"
#include "transport/wire.h"

namespace brume::transport {

struct ControlConnectOptions {
  Milliseconds connect_timeout{5'000};  // and as long for the master's first word
  Milliseconds idle_limit{20'000};      // the master's heartbeats come every 4 s
  Milliseconds send_timeout{20'000};
};

class ControlConnection {
 public:
  // Connects, sends the preface and waits for the heartbeat that says that the master has a place for this node.
  static Result<std::unique_ptr<ControlConnection>> connect(const Endpoint& master,
                                                            const ControlConnectOptions& options = {});

  // Gives whole frames of kEnclave and kHost until the end; returns why it ended. One thread only. While
  // `on_frame` runs nothing is read: that is the back-pressure.
  Error read_until_end(const ControlFrameParser::OnFrame& on_frame);
  // From any thread. Waits for a slow peer up to the timeout; after an error the connection is shut down.
  Status send(Channel channel, ByteView payload);
  // From any thread: ends read_until_end and every send.
  void shut_down();
  // This side's numeric address towards the master.
  std::string address() const { return local_address(socket_.get()); }

 private:
  ControlConnection(UniqueFd socket, const ControlConnectOptions& options)
      : socket_(std::move(socket)), options_(options) {}

  UniqueFd socket_;
  ControlConnectOptions options_;
  std::mutex send_mutex_;
};

}  // namespace brume::transport

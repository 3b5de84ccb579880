// Answers fetch requests of other hosts on one loop thread; file bytes go from the page cache to the socket.
// A slow peer costs a descriptor and no memory: the next frame is made when the last one is out.
#pragma once

#include <unordered_map>

#include "transport/fetch_source.h"
#include "transport/listener.h"

namespace brume::transport {

struct FetchServerOptions {
  Milliseconds request_timeout{5'000};  // from a request's first byte to its last
  Milliseconds idle_limit{120'000};     // between requests
  Milliseconds stall_limit{30'000};     // a peer that takes nothing
  std::size_t connection_limit = 512;   // containers may have 1024 descriptors
};

class FetchServer final : public ConnectionSink {
 public:
  // The loop and the provider outlive the server.
  FetchServer(EventLoop& loop, FetchProvider& provider, FetchServerOptions options = {});
  ~FetchServer() override;
  FetchServer(const FetchServer&) = delete;
  FetchServer& operator=(const FetchServer&) = delete;

  // From any thread.
  void adopt(UniqueFd socket, std::string peer_address) override;

 private:
  struct Connection;
  using Shared = std::shared_ptr<Connection>;

  void attach(UniqueFd socket);
  void on_ready(const Shared& connection);
  bool read_request(Connection& connection);
  bool start_answer(Connection& connection);
  bool send_answer(Connection& connection);
  bool send_piece(Connection& connection, bool& blocked);
  void end(const Shared& connection);
  void tick();

  EventLoop& loop_;
  FetchProvider& provider_;
  const FetchServerOptions options_;
  EventLoop::TimerId timer_ = 0;
  std::unordered_map<EventLoop::WatchId, Shared> connections_;  // loop thread only
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for calls posted by adopt
};

}  // namespace brume::transport

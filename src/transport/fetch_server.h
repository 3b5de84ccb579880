// Answers fetch requests of other hosts on one loop thread; file bytes go from the page cache to the socket.
// A slow peer costs a descriptor and no memory: the next frame is made when the last one is out.
#pragma once

#include <map>
#include <unordered_map>

#include "transport/fetch_source.h"
#include "transport/ip_address.h"
#include "transport/listener.h"

namespace brume::transport {

struct FetchServerOptions {
  Milliseconds first_request_limit{5'000};  // who connects has something to ask
  Milliseconds request_timeout{5'000};      // from a request's first byte to its last
  Milliseconds idle_limit{120'000};         // between requests
  // A peer that takes nothing. An enclave reads nothing while its job computes, and a task may compute for so long
  // without a word (attempt_limit_ms in mapreduce/plan.h). A dead machine is noticed by TCP.
  Milliseconds stall_limit{600'000};
  // Who takes less than this for so long (what lies in a socket here is not taken yet) gives way in a full server, and
  // only there: a node whose enclave computes is as slow. A link of 128 kbit/s is fast enough.
  Milliseconds slow_limit{30'000};
  std::uint64_t least_bytes_s = 16u << 10;
  // Containers may have 1024 descriptors. When all are taken, a new connection has the place of the one that has been
  // without a request for longest.
  std::size_t connection_limit = 512;
  // If all of them get answers: who has more connections than this from one address loses one to who has fewer, so that
  // slow takers on one machine do not shut others out. Twice what a node has with all of its fetches. It is no limit
  // while there is room: many nodes may share an address.
  std::size_t address_share = 64;
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

  void attach(UniqueFd socket, const std::string& peer_address);
  bool make_room(const IpBytes& newcomer);
  std::size_t count_from(const IpBytes& source) const;
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
  // Loop thread only.
  std::unordered_map<EventLoop::WatchId, Shared> connections_;
  std::map<IpBytes, std::size_t> sources_;                      // how many of them are from where
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for calls posted by adopt
};

}  // namespace brume::transport

// Fetches from other hosts; keeps connections and uses them again. A fetch runs on the caller's thread, so a
// slow consumer holds its own fetch only; any number of threads may fetch at once.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "transport/socket.h"
#include "transport/wire.h"

namespace brume::transport {

struct FetchClientOptions {
  Milliseconds connect_timeout{5'000};
  Milliseconds idle_limit{30'000};  // a peer that sends nothing
  // A peer that sends little, so that no answer and no frame can take for ever: waiting for it may take so long, and
  // besides the time that the bytes take at the least rate. A sender's 100 Mbit/s may be shared by 700 fetches.
  Milliseconds slow_limit{30'000};
  std::uint64_t least_bytes_s = 16u << 10;
  std::size_t kept_per_peer = 4;  // idle connections
  Milliseconds keep_for{60'000};  // less than a server's idle limit
};

class FetchClient {
 public:
  explicit FetchClient(FetchClientOptions options = {}) : options_(options) {}
  FetchClient(const FetchClient&) = delete;
  FetchClient& operator=(const FetchClient&) = delete;

  // Called with each whole answer frame in order (1 to kAnswerFrameLimit bytes). False ends the fetch.
  using OnFrame = std::function<bool(ByteView frame)>;

  // Success: all frames came and the answer ended. The time that on_frame takes counts against no limit. Errors:
  // kNotFound, kUnavailable (peer gone, slow, busy), kMalformed, kState (on_frame said no, or cancelled). Frames given
  // before an error stay given: the caller discards what they led to. What they hold is not checked.
  Status fetch(const Endpoint& peer, const FetchRequest& request, const OnFrame& on_frame);
  // From any thread: ends every fetch, now and later.
  void cancel();

 private:
  struct Kept {
    UniqueFd socket;
    SteadyTime since;
  };
  class Lease;

  UniqueFd take_kept(const Endpoint& peer);
  void keep(const Endpoint& peer, UniqueFd socket);
  Status read_answer(int socket, const OnFrame& on_frame, bool& any_byte);

  FetchClientOptions options_;
  std::mutex mutex_;
  bool cancelled_ = false;
  std::map<Endpoint, std::vector<Kept>> kept_;
  std::set<int> busy_;
};

}  // namespace brume::transport

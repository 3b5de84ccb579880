// Brings ranges of files from HTTP servers: connections are kept and used again, what failed in passing is asked again,
// from where it stopped. Any number of threads may ask at once; each waits on its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "base/outside.h"
#include "remote/connection.h"
#include "remote/range_answer.h"

namespace brume::remote {

struct RangeClientOptions {
  transport::Milliseconds connect_timeout{5'000};
  transport::Milliseconds idle_limit{15'000};   // a server that sends nothing
  transport::Milliseconds whole_limit{30'000};  // of one request, and besides:
  std::uint64_t slowest_bytes_s = 64u << 10;    // one second more for so many bytes asked for
  std::size_t kept_per_server = 4;              // idle connections
  transport::Milliseconds keep_for{4'000};      // servers close theirs after 5 s (Apache, node.js) and more
  int attempt_limit = 5;                        // of one range
  transport::Milliseconds first_pause{500};     // doubles
  transport::Milliseconds pause_limit{5'000};
};

class RangeClient {
 public:
  explicit RangeClient(Random& random, RangeClientOptions options = {}) : random_(random), options_(options) {}
  RangeClient(const RangeClient&) = delete;
  RangeClient& operator=(const RangeClient&) = delete;

  // Told, in this thread, how many bytes of `out` are there already.
  using OnFilled = std::function<void(std::size_t filled)>;
  // Fills out (range.size bytes). Errors name the place as shown(): kNotFound, kAuthFailed (refused, or a certificate),
  // kUnsupported, kMalformed, kLimit (the server's answers are no good), kUnavailable (tried often enough), kState
  // (cancelled).
  Status read(const HttpUrl& url, const Roots& roots, const ByteRange& range, MutableByteView out,
              const OnFilled& on_filled);
  // From any thread: ends every read, now and later.
  void cancel();

 private:
  struct Kept {
    std::unique_ptr<Connection> connection;
    Roots roots;  // lives as long as a connection under it, for it is part of the connection's name
    transport::SteadyTime since;
  };
  class Lease;
  // One request over one connection; `filled` grows as bytes come.
  struct Attempt {
    const HttpUrl& url;
    const Roots& roots;
    const ByteRange& range;
    MutableByteView out;
    const OnFilled& on_filled;
    std::size_t filled = 0;
    bool any_byte = false;  // of the answer
  };

  std::expected<void, RangeFailure> try_once(Attempt& attempt);
  std::expected<void, RangeFailure> ask(Attempt& attempt, Connection& connection, bool fresh, bool& keeps);
  bool pause(transport::Milliseconds time);
  std::unique_ptr<Connection> take_kept(const std::string& server);
  void keep(const std::string& server, const Roots& roots, std::unique_ptr<Connection> connection);
  bool cancelled();

  Random& random_;
  const RangeClientOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
  std::map<std::string, std::vector<Kept>> kept_;
  std::set<int> busy_;
};

}  // namespace brume::remote

// Sealed streams of other nodes that this one's enclave will probably ask for: fetched while map tasks still run, at
// the master's hint, and kept on the host's disk. Ciphertext that means nothing here; the enclave checks it as if it
// came from the node that made it. A hint that is not followed costs the time that it would have saved.
#pragma once

#include <condition_variable>

#include "node/block_store.h"
#include "node/task_pool.h"
#include "transport/fetch_client.h"
#include "transport/host_messages.h"

namespace brume::node {

struct PrefetchLimits {
  std::uint64_t size = 16ull << 30;  // bytes kept, of all runs; and never more than a quarter of the disk's free space
  std::size_t stream_count = 1u << 16;  // kept or waiting
  std::size_t fetches_at_once = 2;
};

// Any thread.
class Prefetcher {
 public:
  // Keeps in `directory`, which is its own. `client` outlives it. Where there can be no directory, all hints are
  // ignored.
  Prefetcher(const std::string& directory, transport::FetchClient& client, const PrefetchLimits& limits = {});
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Never waits.
  void want(const transport::Prefetch& hint, const transport::Endpoint& holder);
  // The stream's part, waiting for the stream where it is on its way; nothing where it was not fetched, and now it
  // will not be.
  std::unique_ptr<transport::FetchSource> take(const abi::StreamPart& part);
  struct Totals {
    std::uint64_t streams = 0;
    std::uint64_t size = 0;
  };
  // What was taken of that run.
  Totals drop_run(const RunId& run);
  // Whoever waits gets nothing. The client must have been cancelled.
  void stop();

 private:
  enum class State { kWaiting, kFetching, kHere };
  struct Stream {
    State state = State::kWaiting;
    bool taken = false;
    std::uint64_t size = 0;      // as the hint says
    std::uint64_t received = 0;  // no more than that
  };

  void fetch(const abi::StreamName& name, const transport::Endpoint& holder);
  bool begin(const abi::StreamName& name);
  bool put(const abi::StreamName& name, ByteView frame);
  bool has_room(std::uint64_t size) const;

  transport::FetchClient& client_;
  const std::string directory_;
  const PrefetchLimits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<BlockStore> store_;
  std::map<abi::StreamName, Stream> streams_;
  bool stopped_ = false;
  TaskPool fetches_;
};

}  // namespace brume::node

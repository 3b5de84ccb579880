// Sealed streams of this node's enclave on the host's disk, for other nodes to fetch. The bytes are ciphertext and
// mean nothing here; whether they are right is for the enclaves that open them.
//
// One append-only file a run (a container has few descriptors), an index in memory. No name from outside becomes
// a path: a file is named by its run id in hexadecimal.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "transport/fetch_source.h"

namespace brume::node {

struct BlockStoreLimits {
  std::uint64_t size = 64ull << 30;     // bytes of all runs; the disk itself is often the tighter limit
  std::size_t run_count = 64;           // one open file each
  std::size_t stream_count = 1u << 20;  // 1000 splits by 1000 partitions; about 200 bytes of index each, 24 a block put
};

// Any thread.
class BlockStore {
 public:
  // Removes what an earlier node left in `directory`, which is this store's own.
  static Result<std::unique_ptr<BlockStore>> open(const std::string& directory, const BlockStoreLimits& limits = {});
  // Removes its files.
  ~BlockStore();
  BlockStore(const BlockStore&) = delete;
  BlockStore& operator=(const BlockStore&) = delete;

  // Appends sealed blocks, each with its u32 size before it, at most one answer frame in all. Errors: kMalformed,
  // kLimit, kIo, kState (the stream has ended). After an error the stream is never shown to a reader.
  Status put(const abi::StreamName& name, ByteView blocks);
  // From now on readers see the stream. An empty stream is one, too. Errors: kState, kLimit.
  Status end(const abi::StreamName& name);
  void drop_run(const RunId& run);
  // Its place on the disk is free again, where the file system can do that.
  void drop_stream(const abi::StreamName& name);

  // kNotFound until end(), kBadRequest where no block begins at the offset. Stays readable if the run is dropped
  // meanwhile.
  std::expected<std::unique_ptr<transport::FetchSource>, transport::FetchFailure> open_stream(
      const abi::StreamPart& part);
  std::uint64_t stored_size() const;

 private:
  struct Block {
    std::uint64_t place = 0;   // in the file
    std::uint64_t offset = 0;  // in the stream
    std::uint64_t size = 0;
  };
  using Blocks = std::vector<Block>;
  class BlockSource;
  struct Stream {
    std::shared_ptr<Blocks> blocks = std::make_shared<Blocks>();  // readers share it once it is complete
    std::uint64_t size = 0;
    bool complete = false;
    bool broken = false;
  };
  struct Run {
    std::shared_ptr<UniqueFd> file;
    std::uint64_t size = 0;  // of the file
    std::uint64_t dropped_size = 0;
    std::map<abi::StreamName, Stream> streams;
  };

  BlockStore(UniqueFd directory, const BlockStoreLimits& limits) : directory_(std::move(directory)), limits_(limits) {}
  Status remove_left_files();
  Result<Run*> run_of(const RunId& id);
  Result<Stream*> stream_of(Run& run, const abi::StreamName& name);
  Status append_blocks(Run& run, Stream& stream, ByteView blocks, std::span<const ByteView> each);

  UniqueFd directory_;
  const BlockStoreLimits limits_;
  mutable std::mutex mutex_;
  std::map<RunId, Run> runs_;
  std::uint64_t stored_size_ = 0;
  std::size_t stream_count_ = 0;
};

}  // namespace brume::node

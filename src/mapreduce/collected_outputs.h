// The outputs of the partitions as they come from hosts: opened block by block, so that only what is authentic and in
// its place stays. Opened in memory while there is room, else sealed in the store, to be opened once more.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "mapreduce/output_store.h"
#include "mapreduce/record_buffer.h"
#include "sealed/stream.h"

namespace brume::mapreduce {

class CollectedOutputs {
 public:
  // `store` outlives it. `memory`: bytes of sealed blocks that may be kept opened, of all partitions.
  CollectedOutputs(std::uint32_t partition_count, OutputStore& store, std::uint64_t memory)
      : store_(store), room_(memory), outputs_(partition_count) {}

  // This stream is the partition's; what came for it before is gone.
  void begin(std::uint32_t partition, const crypto::Key32& key, const sealed::StreamId& id,
             const sealed::StreamTotals& committed);
  void discard(std::uint32_t partition);
  // The next sealed block. Errors: kIo, the store takes no more; else the stream is not the committed one.
  Status add(std::uint32_t partition, ByteView sealed_block);
  // Errors: the stream is not whole, or not the committed one.
  Status end(std::uint32_t partition);

  // All partitions, each of which has ended. Once: what is in memory goes as it is read. An error of one means that the
  // store did not give back what was put: nothing of the whole may be used. The store outlives them.
  std::vector<std::unique_ptr<PieceSource>> take();

 private:
  class Held;
  class Stored;
  struct Block {
    std::unique_ptr<std::uint8_t[]> bytes;
    ByteView data;  // in them
  };
  struct Stream {
    crypto::Key32 key;
    sealed::StreamId id;
    sealed::StreamTotals committed;
    sealed::BlockOpener opener;
    std::uint64_t reserved = 0;     // of the memory; 0: its blocks are in the store
    std::uint64_t sealed_size = 0;  // so far
    std::deque<Block> blocks = {};  // opened
  };

  OutputStore& store_;
  std::uint64_t room_;
  std::vector<std::optional<Stream>> outputs_;
};

}  // namespace brume::mapreduce

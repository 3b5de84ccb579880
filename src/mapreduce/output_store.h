// Where the master keeps those outputs of partitions that memory has no room for, between collecting and merging.
// Sealed still, so a store on disk needs no trust: what it gives back is opened and checked again.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::mapreduce {

class OutputStore {
 public:
  virtual ~OutputStore() = default;
  // One sealed block after another.
  virtual Status put(std::uint32_t partition, ByteView block) = 0;
  virtual void discard(std::uint32_t partition) = 0;
  // The index-th block that was put; empty where there is none. Valid until the next call for that partition.
  virtual Result<ByteView> get(std::uint32_t partition, std::uint64_t index) = 0;
};

class MemoryOutputStore final : public OutputStore {
 public:
  explicit MemoryOutputStore(std::uint32_t partition_count) : blocks_(partition_count) {}
  Status put(std::uint32_t partition, ByteView block) override {
    blocks_[partition].push_back(to_bytes(block));
    return {};
  }
  void discard(std::uint32_t partition) override { blocks_[partition].clear(); }
  Result<ByteView> get(std::uint32_t partition, std::uint64_t index) override {
    const std::vector<Bytes>& blocks = blocks_[partition];
    return index < blocks.size() ? ByteView(blocks[index]) : ByteView();
  }

 private:
  std::vector<std::vector<Bytes>> blocks_;
};

}  // namespace brume::mapreduce

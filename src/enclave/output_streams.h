// The sealed streams that one attempt writes: sealed block by block, handed to the host as they fill.
#pragma once

#include <optional>
#include <vector>

#include "enclave/outbox.h"
#include "mapreduce/completeness.h"

namespace brume::enclave {

// Blocks of streams that are merged: readers hold one of each at once.
inline constexpr std::size_t kMergedBlock = 64u << 10;

class OutputStreams {
 public:
  // All streams of the task. The salt names the attempt and must be fresh from the TEE's randomness. block_limit: bytes
  // in one block; less where many streams are read at once.
  OutputStreams(const mapreduce::Descriptor& descriptor, const mapreduce::TaskId& task, const crypto::Key32& task_key,
                const Salt& salt, Outbox& outbox, std::size_t block_limit);

  std::uint32_t count() const { return static_cast<std::uint32_t>(sealers_.size()); }
  // partition < count(), and not ended.
  Status write(std::uint32_t partition, ByteView plaintext);
  // Seals what is left of the stream, with its padding, and closes it. Once.
  Status end(std::uint32_t partition);
  // Of what was written to the partition: for the report.
  void largest_pair(std::uint32_t partition, std::uint64_t size) { largest_pairs_[partition] = size; }
  // Closes all streams that are not ended, in their order. Once.
  Result<std::vector<mapreduce::ReportedTotals>> finish();
  // Plaintext so far, in all streams.
  std::uint64_t data_size() const;

 private:
  Status put(std::uint32_t partition, ByteView block);

  std::vector<sealed::BlockSealer> sealers_;
  std::vector<std::optional<sealed::StreamTotals>> totals_;  // of those that are ended
  std::vector<std::uint64_t> largest_pairs_;
  std::vector<Bytes> names_;
  Bytes scratch_;
  Outbox& outbox_;
};

}  // namespace brume::enclave

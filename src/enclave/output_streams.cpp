#include "enclave/output_streams.h"

#include <algorithm>

#include "base/check.h"
#include "base/writer.h"

namespace brume::enclave {
namespace {

// What the blocks being filled may take in all; with few partitions blocks are as large as they get.
constexpr std::size_t kFillingLimit = 16u << 20;
constexpr std::size_t kSmallestBlock = 4u << 10;

}  // namespace

OutputStreams::OutputStreams(const mapreduce::Descriptor& descriptor, const mapreduce::TaskId& task,
                             const crypto::Key32& task_key, const Salt& salt, Outbox& outbox, std::size_t block_limit)
    : scratch_(sealed::kSealedBlockLimit), outbox_(outbox) {
  const std::uint32_t count = mapreduce::stream_count(descriptor, task);
  totals_.resize(count);
  largest_pairs_.resize(count);
  sealed::BlockSealer::Options options;
  options.padding = sealed::Padding::by_padme(descriptor.fields().padding_least);
  options.block_size =
      std::clamp(kFillingLimit / count, kSmallestBlock, std::min(block_limit, sealed::kBlockPlaintextLimit));
  sealers_.reserve(count);
  names_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    // A reduce task's one stream is that of its partition.
    const std::uint32_t partition = task.stage == mapreduce::Stage::kReduce ? task.index : i;
    const sealed::StreamId id = mapreduce::stream_id(descriptor, task, partition, salt);
    sealers_.emplace_back(mapreduce::derive_stream_key(task_key, salt, partition), id, options);
    names_.push_back(
        abi::encode_stream_name({descriptor.run(), static_cast<abi::Stage>(id.stage), id.split, id.partition, salt}));
  }
}

Status OutputStreams::write(std::uint32_t partition, ByteView plaintext) {
  BRUME_CHECK(partition < count());
  if (totals_[partition]) return fail(ErrorCode::kState, "partition " + std::to_string(partition) + ": was ended");
  return sealers_[partition].push(plaintext, scratch_, [&](ByteView block) { return put(partition, block); });
}

Status OutputStreams::put(std::uint32_t partition, ByteView block) {
  const Bytes size = Writer().u32le(static_cast<std::uint32_t>(block.size())).take();
  outbox_.frame(abi::ToHost::kPutBlock, 0, {names_[partition], size, block});
  return {};
}

Status OutputStreams::end(std::uint32_t partition) {
  BRUME_CHECK(partition < count());
  if (totals_[partition]) return fail(ErrorCode::kState, "partition " + std::to_string(partition) + ": was ended");
  BRUME_ASSIGN(totals_[partition],
               sealers_[partition].finish(scratch_, [&](ByteView block) { return put(partition, block); }));
  outbox_.frame(abi::ToHost::kPutEnd, 0, {names_[partition]});
  return {};
}

Result<std::vector<mapreduce::ReportedTotals>> OutputStreams::finish() {
  std::vector<mapreduce::ReportedTotals> totals;
  totals.reserve(count());
  for (std::uint32_t i = 0; i < count(); ++i) {
    if (!totals_[i]) BRUME_TRY(end(i));
    totals.push_back({*totals_[i], largest_pairs_[i]});
  }
  return totals;
}

std::uint64_t OutputStreams::data_size() const {
  std::uint64_t size = 0;
  for (const sealed::BlockSealer& sealer : sealers_) size += sealer.data_size();
  return size;
}

}  // namespace brume::enclave

#include "enclave/task_scratch.h"

#include "base/writer.h"
#include "mapreduce/keys.h"

namespace brume::enclave {
namespace {

constexpr std::size_t kScratchBlock = 64u << 10;
// Runs of one attempt: each is a stream of the host's store.
constexpr std::size_t kRunLimit = 1u << 16;

}  // namespace

TaskScratch::TaskScratch(const mapreduce::Descriptor& descriptor, const mapreduce::TaskId& task,
                         const crypto::Key32& task_key, const Salt& salt, Outbox& outbox, FetchedStreams& streams,
                         FetchedStreams::OnFault on_fault)
    : descriptor_(descriptor),
      task_(task),
      task_key_(task_key),
      salt_(salt),
      outbox_(outbox),
      streams_(streams),
      on_fault_(std::move(on_fault)) {}

TaskScratch::~TaskScratch() {
  if (sealer_) drop(runs_.size());
  for (std::size_t run = 0; run < runs_.size(); ++run) {
    if (!runs_[run].dropped) drop(run);
  }
}

sealed::StreamId TaskScratch::stream_id(std::size_t run) const {
  return {descriptor_.hash(),
          static_cast<std::uint8_t>(abi::Stage::kScratch),
          task_.index,
          descriptor_.source_count(),
          static_cast<std::uint32_t>(run),
          descriptor_.partition_count(),
          salt_};
}

abi::StreamName TaskScratch::name(std::size_t run) const {
  return {descriptor_.run(), abi::Stage::kScratch, task_.index, static_cast<std::uint32_t>(run), salt_};
}

void TaskScratch::drop(std::size_t run) {
  outbox_.frame(abi::ToHost::kDropStream, 0, {abi::encode_stream_name(name(run))});
}

Status TaskScratch::put(ByteView block) {
  const Bytes size = Writer().u32le(static_cast<std::uint32_t>(block.size())).take();
  outbox_.frame(abi::ToHost::kPutBlock, 0, {name_, size, block});
  written_size_ += block.size();
  return {};
}

JobStatus TaskScratch::write(std::span<const std::uint8_t> bytes) {
  if (!sealer_) {
    if (runs_.size() == kRunLimit) return job_error("a task's memory is too small: over 65536 sorted runs");
    sealed::BlockSealer::Options options;
    options.padding = sealed::Padding::by_padme(descriptor_.fields().padding_least);
    options.block_size = kScratchBlock;
    const auto run = static_cast<std::uint32_t>(runs_.size());
    sealer_.emplace(mapreduce::derive_scratch_key(task_key_, salt_, run), stream_id(run), options);
    name_ = abi::encode_stream_name(name(run));
    sealed_.resize(sealed::kSealedBlockLimit);
  }
  const auto status = sealer_->push(bytes, sealed_, [this](ByteView block) { return put(block); });
  return status ? JobStatus{} : job_error(status.error().what);
}

std::expected<std::size_t, std::string> TaskScratch::end_run() {
  if (!sealer_) {
    if (auto status = write({}); !status) return std::unexpected(std::move(status.error()));
  }
  const auto totals = sealer_->finish(sealed_, [this](ByteView block) { return put(block); });
  if (!totals) return std::unexpected(totals.error().what);
  outbox_.frame(abi::ToHost::kPutEnd, 0, {name_});
  sealer_.reset();
  sealed_ = {};
  runs_.push_back({*totals});
  return runs_.size() - 1;
}

std::unique_ptr<ByteSource> TaskScratch::open(std::size_t run, std::size_t window) {
  StreamToRead stream{name(run),
                      {},
                      stream_id(run),
                      mapreduce::derive_scratch_key(task_key_, salt_, static_cast<std::uint32_t>(run)),
                      runs_[run].totals};
  return streams_.open(std::move(stream), window, on_fault_, [this, run] {
    drop(run);
    runs_[run].dropped = true;
  });
}

}  // namespace brume::enclave

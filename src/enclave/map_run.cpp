#include "enclave/map_run.h"

namespace brume::enclave {
namespace {

using Extent = mapreduce::SplitCutter::Extent;

Extent extent_of(const mapreduce::Descriptor& descriptor, std::uint32_t split) {
  if (descriptor.fields().is_sample) return Extent::kSample;
  return descriptor.is_cut(split) ? Extent::kPart : Extent::kWholeInput;
}

// An encoded input is read whole, by one task.
std::unique_ptr<formats::InputDecoder> decoder_for(const mapreduce::Descriptor& descriptor, std::uint32_t split,
                                                   const mapreduce::TaskLimits& limits) {
  const auto encoding = descriptor.fields().inputs[descriptor.input_of(split)].encoding;
  if (encoding == mapreduce::InputEncoding::kNone) return nullptr;
  const bool gzip = encoding == mapreduce::InputEncoding::kGzip;
  return formats::InputDecoder::create(gzip ? formats::Compression::kGzip : formats::Compression::kZstd,
                                       formats::decoder_limits_for_heap(limits.heap_size));
}

}  // namespace

MapRun::Work::Work(MapRun& run, const crypto::Key32& task_key)
    : salt(run.context_.random.make<Salt>()),
      streams(run.descriptor(), run.id(), task_key, salt, run.context_.outbox,
              run.context_.program.merges() ? kMergedBlock : sealed::kBlockPlaintextLimit),
      scratch(run.descriptor(), run.id(), task_key, salt, run.context_.outbox, run.fetched_, run.scratch_fault()),
      engine(run.context_.program, scratch, streams, run.descriptor().partition_count()),
      cutter(run.context_.program.borders(), extent_of(run.descriptor(), run.id().index),
             mapreduce::begin_of(run.descriptor(), run.id().index), run.context_.limits.longest_record, engine),
      decoder(decoder_for(run.descriptor(), run.id().index, run.context_.limits)) {}

MapRun::MapRun(TaskContext& context, const mapreduce::Descriptor& descriptor, const mapreduce::MapOrder& order)
    : Task(context, descriptor, order.ticket, {mapreduce::Stage::kMap, order.split}),
      task_key_(order.task_key),
      reader_(descriptor, descriptor.range(order.split), order.payload_key, context.outbox, context.next_fetch) {}

void MapRun::start() {
  work_ = std::make_unique<Work>(*this, task_key_);
  reader_.begin(*this);
}

MutableByteView MapRun::room(std::size_t size) {
  if (!work_->decoder) return work_->cutter.next_chunk(size);
  work_->encoded.resize(size);
  return work_->encoded;
}

Status MapRun::decode() {
  return work_->decoder->feed(work_->encoded, [&](ByteView piece) {
    std::ranges::copy(piece, work_->cutter.next_chunk(piece.size()).begin());
    return work_->cutter.advance();
  });
}

std::optional<InputFault> MapRun::filled() {
  const auto status = work_->decoder ? decode() : work_->cutter.advance();
  if (status) return std::nullopt;
  return InputFault{reason_of(status.error()), status.error().what};
}

void MapRun::work() {
  reader_.proceed();
  if (const auto& fault = reader_.fault()) return fail(fault->reason, fault->text);
  if (!reader_.complete()) return;
  if (work_->decoder)
    if (auto status = work_->decoder->finish(); !status) return fail(reason_of(status.error()), status.error().what);
  if (auto status = work_->cutter.finish(); !status) return fail(reason_of(status.error()), status.error().what);
  if (auto status = work_->engine.finish(); !status) return fail(reason_of(status.error()), status.error().what);
  finish(work_->streams, work_->salt, reader_.size());
}

}  // namespace brume::enclave

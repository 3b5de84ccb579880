#include "enclave/map_run.h"

namespace brume::enclave {
namespace {

using Extent = mapreduce::SplitCutter::Extent;

Extent extent_of(const mapreduce::Descriptor& descriptor, std::uint32_t split) {
  if (descriptor.fields().is_sample) return Extent::kSample;
  return descriptor.is_cut(split) ? Extent::kPart : Extent::kWholeInput;
}

}  // namespace

MapRun::Work::Work(MapRun& run, const crypto::Key32& task_key)
    : salt(run.context_.random.make<Salt>()),
      streams(run.descriptor(), run.id(), task_key, salt, run.context_.outbox,
              run.context_.program.merges() ? kMergedBlock : sealed::kBlockPlaintextLimit),
      scratch(run.descriptor(), run.id(), task_key, salt, run.context_.outbox, run.fetched_, run.scratch_fault()),
      engine(run.context_.program, scratch, streams, run.descriptor().partition_count()),
      cutter(run.context_.program.borders(), extent_of(run.descriptor(), run.id().index),
             mapreduce::begin_of(run.descriptor(), run.id().index), run.context_.limits.longest_record, engine) {}

MapRun::MapRun(TaskContext& context, const mapreduce::Descriptor& descriptor, const mapreduce::MapOrder& order)
    : Task(context, descriptor, order.ticket, {mapreduce::Stage::kMap, order.split}),
      task_key_(order.task_key),
      reader_(descriptor, descriptor.range(order.split), order.payload_key, context.outbox, context.next_fetch) {}

void MapRun::start() {
  work_ = std::make_unique<Work>(*this, task_key_);
  reader_.begin(*this);
}

std::optional<InputFault> MapRun::filled() {
  const auto status = work_->cutter.advance();
  if (status) return std::nullopt;
  return InputFault{reason_of(status.error()), status.error().what};
}

void MapRun::work() {
  reader_.proceed();
  if (const auto& fault = reader_.fault()) return fail(fault->reason, fault->text);
  if (!reader_.complete()) return;
  if (auto status = work_->cutter.finish(); !status) return fail(reason_of(status.error()), status.error().what);
  if (auto status = work_->engine.finish(); !status) return fail(reason_of(status.error()), status.error().what);
  finish(work_->streams, work_->salt, reader_.size());
}

}  // namespace brume::enclave

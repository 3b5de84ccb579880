#include "enclave/merge_run.h"

namespace brume::enclave {

using mapreduce::FailureReason;

void MergeRun::work() {
  const Salt salt = context_.random.make<Salt>();
  OutputStreams streams(descriptor(), id(), task_key(), salt, context_.outbox, sealed::kBlockPlaintextLimit);
  streams_ = &streams;
  TaskScratch scratch(descriptor(), id(), task_key(), salt, context_.outbox, fetched_, scratch_fault());
  const auto status = context_.program.new_merge(scratch)->run(*this, *this);
  if (!status) return fail(FailureReason::kJob, status.error());
  finish(streams, salt, input_size_);
}

std::unique_ptr<ByteSource> MergeRun::open(std::size_t index, std::size_t window) {
  const mapreduce::Source& from = sources()[index];
  return fetched_.open({name_of(index), from.holder, stream_of(index), from.key, from.totals, &input_size_}, window,
                       [this, index](FetchedStreams::Fault fault, const std::string& why) {
                         fail_source(fault == FetchedStreams::Fault::kRefused ? FailureReason::kStreamRefused
                                                                              : FailureReason::kStreamUnavailable,
                                     index, why);
                       });
}

JobStatus MergeRun::write(std::span<const std::uint8_t> bytes) {
  const auto status = streams_->write(0, bytes);
  return status ? JobStatus{} : job_error(status.error().what);
}

}  // namespace brume::enclave

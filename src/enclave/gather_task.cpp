#include "enclave/gather_task.h"

namespace brume::enclave {

std::uint32_t GatherTask::partition() const {
  return id().stage == mapreduce::Stage::kStitch ? descriptor().partition_count() : id().index;
}

mapreduce::TaskId GatherTask::producer_of(std::size_t source) const {
  return mapreduce::source_task(descriptor(), sources()[source].split);
}

abi::StreamName GatherTask::name_of(std::size_t source) const {
  const mapreduce::Source& from = sources()[source];
  return {descriptor().run(), static_cast<abi::Stage>(producer_of(source).stage), from.split, partition(), from.salt};
}

sealed::StreamId GatherTask::stream_of(std::size_t source) const {
  return mapreduce::stream_id(descriptor(), producer_of(source), partition(), sources()[source].salt);
}

void GatherTask::fail_source(mapreduce::FailureReason reason, std::size_t source, std::string_view what) {
  const mapreduce::TaskId producer = producer_of(source);
  std::string text = mapreduce::to_string(producer) + ", partition " + std::to_string(partition()) + ", kept by node " +
                     std::to_string(sources()[source].holder.value) + ": ";
  fail(reason, text.append(what), producer);
}

}  // namespace brume::enclave

// What tasks that read committed streams have in common: their order, and whom they blame for a stream.
#pragma once

#include "enclave/task.h"

namespace brume::enclave {

class GatherTask : public Task {
 public:
  // The order's sources passed check_sources().
  GatherTask(TaskContext& context, const mapreduce::Descriptor& descriptor, mapreduce::GatherOrder order)
      : Task(context, descriptor, order.ticket, order.task), order_(std::move(order)) {}

 protected:
  // Which of the sources' streams it reads.
  std::uint32_t partition() const;
  const std::vector<mapreduce::Source>& sources() const { return order_.sources; }
  const crypto::Key32& task_key() const { return order_.task_key; }
  mapreduce::TaskId producer_of(std::size_t source) const;
  abi::StreamName name_of(std::size_t source) const;
  sealed::StreamId stream_of(std::size_t source) const;
  void fail_source(mapreduce::FailureReason reason, std::size_t source, std::string_view what);

 private:
  mapreduce::GatherOrder order_;
};

}  // namespace brume::enclave

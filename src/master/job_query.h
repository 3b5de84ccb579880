// Asks an admitted enclave what the job is (mapreduce/describe.h), and waits for its answer.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "mapreduce/describe.h"

namespace brume::master {

class JobQuery {
 public:
  JobQuery(NodeId node, std::uint64_t number) : node_(node), number_(number) {}

  NodeId node() const { return node_; }
  std::uint64_t number() const { return number_; }

  // On the loop thread. An error is a message that no sound enclave sends: drop the node.
  Status on_message(ByteView body);
  void node_lost();

  // On the waiting thread. kUnavailable: the node is gone or silent; ask another. kUsage: the job refuses the run.
  Result<mapreduce::JobDescription> wait(std::chrono::milliseconds patience);

 private:
  const NodeId node_;
  const std::uint64_t number_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<mapreduce::JobDescription> answer_;
  bool lost_ = false;
};

}  // namespace brume::master

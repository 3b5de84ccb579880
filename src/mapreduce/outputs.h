// A job's outputs, each with a sink of its own.
#pragma once

#include "mapreduce/merge.h"

namespace brume::mapreduce {

// Takes the merged result: the first output, then the others in the order of their names.
class OutputRouter final : public LineSink {
 public:
  // At least one; they outlive it.
  explicit OutputRouter(std::vector<LineSink*> sinks) : sinks_(std::move(sinks)) {}
  Status write(ByteView text) override { return sinks_[at_]->write(text); }
  Status next_output() override {
    if (at_ + 1 == sinks_.size()) return malformed("the result has more outputs than the job names");
    ++at_;
    return {};
  }
  // After the merge.
  Status finish() const {
    return at_ + 1 == sinks_.size() ? Status{} : malformed("the result has fewer outputs than the job names");
  }

 private:
  std::vector<LineSink*> sinks_;
  std::size_t at_ = 0;
};

}  // namespace brume::mapreduce

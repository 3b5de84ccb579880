// One attempt of a job's map task, behind the two interfaces that feed it and that it feeds.
#pragma once

#include <brume/program.h>

#include <memory>

#include "mapreduce/fragments.h"

namespace brume::mapreduce {

// A job's word as a Status.
inline Status checked(JobStatus status) {
  if (!status) return fail(ErrorCode::kState, std::move(status.error()));
  return {};
}

// Lanes: Status write(std::uint32_t lane, ByteView); a lane for each partition, and behind them one for the fragments.
// Where it matters when they are closed, Status end(std::uint32_t lane). Where they are merged,
// void largest_pair(std::uint32_t lane, std::uint64_t size).
// All references outlive the attempt.
template <typename Lanes>
class MapAttempt final : public PieceSink, public PartitionSink {
 public:
  MapAttempt(JobProgram& program, Scratch& scratch, Lanes& lanes, std::uint32_t partition_count)
      : program_(program), task_(program.new_map(scratch)), lanes_(lanes), partition_count_(partition_count) {}

  Status piece(const Piece& piece) override {
    program_.counters().at_input(piece.input, piece.source);
    BRUME_TRY(checked(task_->feed(piece, *this)));
    return checked(program_.counters().status());
  }
  Status fragment(ByteView bytes) override { return lanes_.write(partition_count_, bytes); }
  JobStatus write(std::uint32_t partition, std::span<const std::uint8_t> bytes) override {
    if (partition >= partition_count_) return job_error("the job wrote to a partition that the run does not have");
    if (auto status = lanes_.write(partition, bytes); !status) return job_error(status.error().what);
    return {};
  }
  JobStatus end(std::uint32_t partition) override {
    if (partition >= partition_count_) return job_error("the job ended a partition that the run does not have");
    if constexpr (requires { lanes_.end(partition); }) {
      if (auto status = lanes_.end(partition); !status) return job_error(status.error().what);
    }
    return {};
  }
  void largest_pair(std::uint32_t partition, std::uint64_t size) override {
    if constexpr (requires { lanes_.largest_pair(partition, size); }) {
      if (partition < partition_count_) lanes_.largest_pair(partition, size);
    }
  }
  Status finish() { return checked(task_->finish(*this)); }

 private:
  JobProgram& program_;
  std::unique_ptr<MapTask> task_;
  Lanes& lanes_;
  const std::uint32_t partition_count_;
};

}  // namespace brume::mapreduce

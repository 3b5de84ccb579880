// A spool as jobs' tasks see it: the streams of a lane, to be merged, and scratch.
#pragma once

#include <brume/program.h>

#include <memory>

#include "local/spool.h"

namespace brume::local {

class SpoolStreams final : public StreamSet {
 public:
  SpoolStreams(const Spool& spool, std::uint32_t lane) : spool_(spool), lane_(lane), begins_(spool.begins(lane)) {}
  std::expected<std::size_t, std::string> count() override { return begins_.size(); }
  std::uint64_t largest_pair(std::size_t) const override { return spool_.largest_pair(lane_); }
  std::unique_ptr<ByteSource> open(std::size_t index, std::size_t) override;

 private:
  const Spool& spool_;
  const std::uint32_t lane_;
  const std::vector<std::size_t> begins_;
};

// Of one task at a time.
class SpoolScratch final : public Scratch {
 public:
  explicit SpoolScratch(Spool spool) : spool_(std::move(spool)) {}

  JobStatus write(std::span<const std::uint8_t> bytes) override;
  std::expected<std::size_t, std::string> end_run() override;
  std::unique_ptr<ByteSource> open(std::size_t run, std::size_t window) override;

  // The task is over.
  void clear() {
    spool_.clear(0);
    begins_.clear();
  }
  // Bytes of all tasks so far.
  std::uint64_t size() const { return spool_.size(); }

 private:
  Spool spool_;
  std::vector<std::size_t> begins_;  // of runs
};

}  // namespace brume::local

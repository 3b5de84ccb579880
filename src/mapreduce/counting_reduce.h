// A reduce task of a counting job: streams of sums per key to one output, in order. Keys that are more than its memory
// holds go to scratch, sorted, and are merged at the end.
#pragma once

#include <brume/detail/pairs.h>

#include "mapreduce/count_sort.h"
#include "mapreduce/counting_map.h"

namespace brume::mapreduce {

class CountingReduceTask final : public ReduceTask, private GroupReader::Target, private CountTables::Room {
 public:
  CountingReduceTask(const detail::CountingHooks& hooks, CountingState& state, Scratch& scratch);

  JobStatus feed(std::span<const std::uint8_t> bytes) override;
  JobStatus end_of_stream() override;
  JobStatus finish(OutputSink& sink) override;

 private:
  JobStatus on_group(std::uint64_t expected, bool long_keys) override;
  JobStatus on_records(const std::uint8_t* text, std::uint32_t* words, std::size_t count,
                       const std::uint64_t* values) override;
  JobStatus on_large(std::string_view key, std::uint64_t value) override;
  bool make_room(bool in_long_table) override;
  JobStatus write_lines(SortedCounts& sorted, OutputSink& sink);
  JobStatus move_to_sorter();
  JobStatus sort_total(std::string_view key, std::uint64_t total);
  JobStatus write_sorted(OutputSink& sink);
  JobStatus failure() const;

  const detail::CountingHooks& hooks_;
  CountingState& state_;
  CountTables& tables_;
  Scratch& scratch_;
  std::unique_ptr<detail::PairSorter> sorter_;  // once the tables were too small
  JobStatus status_;
  GroupReader reader_;
  bool out_of_memory_ = false;
  std::uint64_t stream_records_ = 0;  // of the current stream
  std::size_t size_before_ = 0;       // keys before the current stream
  NewKeys new_keys_;
};

}  // namespace brume::mapreduce

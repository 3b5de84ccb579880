// A map task of a counting job: text to sums per key, written as one stream per partition.
#pragma once

#include <brume/detail/counting.h>

#include "mapreduce/count_tables.h"
#include "mapreduce/record_format.h"

namespace brume::mapreduce {

// What outlives a task: the memory, and how large the last one's tables were.
struct CountingState {
  CountTables tables;
  HashSchedule schedule;
  std::uint32_t partitions = 1;
  std::uint64_t memory_budget = 0;
  std::size_t map_short_count = 0;
  std::size_t map_long_count = 0;
  std::size_t reduce_short_count = 0;  // of the last reduce task: partitions are about alike
  std::size_t reduce_long_count = 0;
};

class CountingMapTask final : public MapTask, private detail::CountSink, private CountTables::Room {
 public:
  CountingMapTask(const detail::CountingHooks& hooks, CountingState& state);

  JobStatus feed(const Piece& piece, PartitionSink& sink) override;
  JobStatus finish(PartitionSink& sink) override;

 private:
  struct Buffers;

  void add(std::string_view key, std::uint64_t value) override;
  void add_words(const Words& words, std::string_view text, std::uint64_t value) override;
  bool make_room(bool in_long_table) override;

  void add_segment(std::string_view text, bool has_slack, std::uint64_t value);
  void add_long_word(std::string_view word, std::uint64_t value);
  void add_large(std::string_view key, std::uint64_t value);
  void flush_pairs();
  void keep_within_budget(std::size_t more);
  enum class Spill { kForRoom, kLast };
  void spill(Spill spill);
  void write_partition(GroupWriter& writer, std::uint32_t partition);
  void fail(std::string why);

  const detail::CountingHooks& hooks_;
  CountingState& state_;
  CountTables& tables_;
  PartitionSink* sink_ = nullptr;
  JobStatus status_;
  const Kernels& kernels_ = best_kernels();
  Block buffers_block_;
  Buffers* buffers_ = nullptr;
  std::size_t pair_count_ = 0;
  std::size_t pair_bytes_ = 0;
  Words words_;
  ByteClass separators_;
};

}  // namespace brume::mapreduce

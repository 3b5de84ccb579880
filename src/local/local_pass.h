// One pass of a local run: map tasks, one after another, then reduce tasks, then the merge.
#pragma once

#include <map>

#include "local/local_run.h"
#include "local/spool_streams.h"
#include "mapreduce/map_attempt.h"

namespace brume::local {

// Of the input's size, which is known: an empty input has one, as its age file has.
std::uint64_t chunks_of(const Input& input);

class LocalPass {
 public:
  // program is configured for the pass. All references outlive it.
  static Result<LocalPass> create(JobProgram& program, const LocalOptions& options, std::uint32_t partition_count);

  Status map_input(Input& input, std::uint32_t index);
  // Whole records of so many chunks, evenly spread over all inputs, whose sizes are known.
  Status map_sample(std::span<Input* const> inputs, std::uint32_t chunk_count);
  Status reduce_all();
  Status merge(mapreduce::LineSink& sink);
  // Adds what this pass did.
  void tell(LocalTotals& totals) const;
  std::vector<JobCounter> counters() const;
  const std::vector<RecordPlace>& malformed_places() const { return places_; }

 private:
  using MapAttempt = mapreduce::MapAttempt<Spool>;
  using Extent = mapreduce::SplitCutter::Extent;

  LocalPass(JobProgram& program, const LocalOptions& options, std::uint32_t partition_count, Spool mapped,
            Spool reduced, Spool scratch);
  // The task at hand is over: what it counted joins the run's.
  Status take_counters();
  Status finish(MapAttempt& attempt);
  Result<std::size_t> map_split(Input& input, const Piece& begin, std::uint64_t split_size, Extent extent);
  Status skip(Input& input, std::uint64_t size);
  Status stitch(const Piece& place, std::uint64_t input_size);
  Status reduce_in_turn(std::uint32_t partition, OutputSink& sink);
  Status reduce(std::uint32_t partition);

  JobProgram& program_;
  const LocalOptions& options_;
  const std::uint32_t partition_count_;
  Spool mapped_;   // a lane for each partition, and one for the fragments
  Spool reduced_;  // a lane for each partition
  SpoolScratch scratch_;
  std::uint64_t input_size_ = 0;
  std::uint64_t map_count_ = 0;
  mapreduce::MergeTotals output_;
  std::map<std::string, std::uint64_t> sums_;
  std::vector<RecordPlace> places_;
  Bytes chunk_ = Bytes(mapreduce::SplitCutter::kChunkLimit);
};

}  // namespace brume::local

#include "local/local_run.h"

#include <algorithm>
#include <map>

#include "local/spool_streams.h"
#include "mapreduce/descriptor.h"
#include "mapreduce/map_attempt.h"

namespace brume::local {
namespace {

using mapreduce::checked;
using MapAttempt = mapreduce::MapAttempt<Spool>;

class LaneSink final : public OutputSink {
 public:
  LaneSink(Spool& spool, std::uint32_t lane) : spool_(spool), lane_(lane) {}
  JobStatus write(std::span<const std::uint8_t> bytes) override {
    if (auto status = spool_.write(lane_, bytes); !status) return job_error(status.error().what);
    return {};
  }

 private:
  Spool& spool_;
  const std::uint32_t lane_;
};

class LaneSource final : public mapreduce::PieceSource {
 public:
  LaneSource(const Spool& spool, std::uint32_t lane) : reader_(spool, lane) {}
  Result<ByteView> next() override {
    for (;;) {
      BRUME_ASSIGN(const auto block, reader_.next());
      if (!block) return ByteView();
      if (!block->bytes.empty()) return block->bytes;
    }
  }

 private:
  Spool::Reader reader_;
};

class Run {
 public:
  Run(JobProgram& program, const LocalOptions& options, Spool mapped, Spool reduced, Spool scratch)
      : program_(program),
        options_(options),
        mapped_(std::move(mapped)),
        reduced_(std::move(reduced)),
        scratch_(std::move(scratch)) {}

  Status map_input(Input& input);
  Status reduce(std::uint32_t partition);
  Status merge(mapreduce::LineSink& sink);
  const LocalTotals& totals() const { return totals_; }

 private:
  // The task at hand is over: what it counted joins the run's.
  Status take_counters();
  Status finish(MapAttempt& attempt);
  Result<std::size_t> map_split(Input& input, std::uint64_t begin, bool whole);
  Status stitch(std::uint64_t input_size);
  Status reduce_in_turn(std::uint32_t partition, OutputSink& sink);

  JobProgram& program_;
  const LocalOptions& options_;
  Spool mapped_;   // a lane for each partition, and one for the fragments
  Spool reduced_;  // a lane for each partition
  SpoolScratch scratch_;
  LocalTotals totals_;
  std::map<std::string, std::uint64_t> sums_;
  std::vector<std::uint64_t> places_;  // of malformed records, in the present input
  Bytes chunk_ = Bytes(mapreduce::SplitCutter::kChunkLimit);
};

Status Run::take_counters() {
  JobCounters& counters = program_.counters();
  BRUME_TRY(checked(counters.status()));
  for (const std::uint64_t place : counters.malformed_places()) keep_lowest(places_, place);
  for (const JobCounter& counter : counters.all()) sums_[counter.name] = add_to_limit(sums_[counter.name], counter.sum);
  counters.clear();
  return {};
}

Status Run::finish(MapAttempt& attempt) {
  BRUME_TRY(attempt.finish());
  scratch_.clear();
  for (std::uint32_t lane = 0; lane < options_.partition_count; ++lane) BRUME_TRY(mapped_.end_of_stream(lane));
  return take_counters();
}

// Reads up to the split's end; says how much it read.
Result<std::size_t> Run::map_split(Input& input, std::uint64_t begin, bool whole) {
  MapAttempt attempt(program_, scratch_, mapped_, options_.partition_count);
  using Extent = mapreduce::SplitCutter::Extent;
  mapreduce::SplitCutter cutter(program_.borders(), whole ? Extent::kWholeInput : Extent::kPart, begin,
                                options_.limits.longest_record, attempt);
  std::size_t size = 0;
  while (size < options_.split_size) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.size(), options_.split_size - size));
    BRUME_ASSIGN(const std::size_t got, input.read(MutableByteView(chunk_).first(wanted)));
    if (got == 0) break;
    std::memcpy(cutter.next_chunk(got).data(), chunk_.data(), got);
    BRUME_TRY(cutter.advance());
    size += got;
    if (got < wanted) break;
  }
  BRUME_TRY(cutter.finish());
  BRUME_TRY(finish(attempt));
  if (!whole) BRUME_TRY(mapped_.end_of_stream(options_.partition_count));
  return size;
}

// What the splits' borders cut, joined again.
Status Run::stitch(std::uint64_t input_size) {
  MapAttempt attempt(program_, scratch_, mapped_, options_.partition_count);
  std::uint64_t split_end = 0;
  mapreduce::FragmentJoiner joiner(program_.borders(), options_.limits.longest_record, attempt);
  Spool::Reader fragments(mapped_, options_.partition_count);
  for (;;) {
    BRUME_ASSIGN(const auto block, fragments.next());
    if (!block) break;
    BRUME_TRY(joiner.feed(block->bytes));
    if (!block->ends_stream) continue;
    split_end = std::min(split_end + options_.split_size, input_size);
    BRUME_TRY(joiner.end_of_stream(split_end));
  }
  mapped_.clear(options_.partition_count);
  BRUME_TRY(joiner.finish());
  return finish(attempt);
}

Status Run::map_input(Input& input) {
  const bool whole = input.size() && *input.size() <= options_.split_size;
  std::uint64_t begin = 0;
  for (;;) {
    const auto size = map_split(input, begin, whole);
    if (!size) {
      return within("map " + std::to_string(totals_.map_count) + " (" + input.name() + ", from byte " +
                        std::to_string(begin) + ")",
                    size.error());
    }
    ++totals_.map_count;
    begin += *size;
    if (whole || *size < options_.split_size) break;
  }
  totals_.input_size += begin;
  if (!whole) {
    if (auto status = stitch(begin); !status) return within("stitch (" + input.name() + ")", status.error());
  }
  for (const std::uint64_t place : std::exchange(places_, {})) {
    if (totals_.malformed_places.size() < kMalformedPlaceLimit)
      totals_.malformed_places.push_back({input.name(), place});
  }
  return {};
}

Status Run::reduce_in_turn(std::uint32_t partition, OutputSink& sink) {
  const auto task = program_.new_reduce(scratch_);
  Spool::Reader streams(mapped_, partition);
  for (;;) {
    BRUME_ASSIGN(const auto block, streams.next());
    if (!block) break;
    BRUME_TRY(checked(task->feed(block->bytes)));
    if (block->ends_stream) BRUME_TRY(checked(task->end_of_stream()));
  }
  return checked(task->finish(sink));
}

Status Run::reduce(std::uint32_t partition) {
  LaneSink sink(reduced_, partition);
  if (program_.merges()) {
    SpoolStreams streams(mapped_, partition);
    BRUME_TRY(checked(program_.new_merge(scratch_)->run(streams, sink)));
  } else {
    BRUME_TRY(reduce_in_turn(partition, sink));
  }
  mapped_.clear(partition);
  scratch_.clear();
  BRUME_TRY(take_counters());
  return reduced_.end_of_stream(partition);
}

Status Run::merge(mapreduce::LineSink& sink) {
  std::vector<LaneSource> lanes;
  lanes.reserve(options_.partition_count);
  std::vector<mapreduce::PieceSource*> sources;
  for (std::uint32_t partition = 0; partition < options_.partition_count; ++partition) {
    sources.push_back(&lanes.emplace_back(reduced_, partition));
  }
  totals_.shuffled_size = mapped_.size();
  for (const auto& [name, sum] : sums_) totals_.counters.push_back({name, sum});
  BRUME_ASSIGN(totals_.output, mapreduce::merge_outputs(sources, sink));
  return {};
}

}  // namespace

Result<LocalTotals> run_local(JobProgram& program, const LocalOptions& options, std::span<Input* const> inputs,
                              mapreduce::LineSink& sink) {
  if (options.partition_count == 0 || options.partition_count > mapreduce::kPartitionLimit)
    return fail(ErrorCode::kUsage, "partitions: 1 to " + std::to_string(mapreduce::kPartitionLimit));
  if (options.split_size == 0) return fail(ErrorCode::kUsage, "split size: at least one byte");
  JobConfig config;
  config.parameters = options.parameters;
  config.partitions = options.partition_count;
  config.hash_key = options.hash_key;
  config.memory_budget = options.limits.memory_budget;
  if (auto status = program.configure(config); !status) return fail(ErrorCode::kUsage, "parameters: " + status.error());
  program.counters().clear();
  BRUME_ASSIGN(Spool mapped, Spool::create(options.partition_count + 1));
  BRUME_ASSIGN(Spool reduced, Spool::create(options.partition_count));
  BRUME_ASSIGN(Spool scratch, Spool::create(1));
  Run run(program, options, std::move(mapped), std::move(reduced), std::move(scratch));
  for (Input* input : inputs) BRUME_TRY(run.map_input(*input));
  for (std::uint32_t partition = 0; partition < options.partition_count; ++partition) {
    if (auto status = run.reduce(partition); !status)
      return within("reduce " + std::to_string(partition), status.error());
  }
  BRUME_TRY(run.merge(sink));
  return run.totals();
}

}  // namespace brume::local

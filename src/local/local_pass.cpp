#include "local/local_pass.h"

#include <algorithm>

#include "mapreduce/descriptor.h"

namespace brume::local {
namespace {

using mapreduce::checked;

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

}  // namespace

Result<LocalPass> LocalPass::create(JobProgram& program, const LocalOptions& options, std::uint32_t partition_count) {
  program.counters().clear();
  BRUME_ASSIGN(Spool mapped, Spool::create(partition_count + 1));
  BRUME_ASSIGN(Spool reduced, Spool::create(partition_count));
  BRUME_ASSIGN(Spool scratch, Spool::create(1));
  return LocalPass(program, options, partition_count, std::move(mapped), std::move(reduced), std::move(scratch));
}

LocalPass::LocalPass(JobProgram& program, const LocalOptions& options, std::uint32_t partition_count, Spool mapped,
                     Spool reduced, Spool scratch)
    : program_(program),
      options_(options),
      partition_count_(partition_count),
      mapped_(std::move(mapped)),
      reduced_(std::move(reduced)),
      scratch_(std::move(scratch)) {}

Status LocalPass::take_counters() {
  JobCounters& counters = program_.counters();
  BRUME_TRY(checked(counters.status()));
  for (const RecordPlace& place : counters.malformed_places()) keep_lowest(places_, place);
  for (const JobCounter& counter : counters.all()) sums_[counter.name] = add_to_limit(sums_[counter.name], counter.sum);
  counters.clear();
  return {};
}

Status LocalPass::finish(MapAttempt& attempt) {
  BRUME_TRY(attempt.finish());
  scratch_.clear();
  for (std::uint32_t lane = 0; lane < partition_count_; ++lane) BRUME_TRY(mapped_.end_of_stream(lane));
  return take_counters();
}

// Reads up to the split's end; says how much it read.
Result<std::size_t> LocalPass::map_split(Input& input, const Piece& begin, std::uint64_t split_size, Extent extent) {
  MapAttempt attempt(program_, scratch_, mapped_, partition_count_);
  mapreduce::SplitCutter cutter(program_.borders(), extent, begin, options_.limits.longest_record, attempt);
  std::size_t size = 0;
  while (size < split_size) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.size(), split_size - size));
    BRUME_ASSIGN(const std::size_t got, input.read(MutableByteView(chunk_).first(wanted)));
    if (got == 0) break;
    std::memcpy(cutter.next_chunk(got).data(), chunk_.data(), got);
    BRUME_TRY(cutter.advance());
    size += got;
    if (got < wanted) break;
  }
  BRUME_TRY(cutter.finish());
  BRUME_TRY(finish(attempt));
  if (extent == Extent::kPart) BRUME_TRY(mapped_.end_of_stream(partition_count_));
  ++map_count_;
  input_size_ += size;
  return size;
}

// What the splits' borders cut, joined again.
Status LocalPass::stitch(const Piece& place, std::uint64_t input_size) {
  MapAttempt attempt(program_, scratch_, mapped_, partition_count_);
  std::uint64_t split_end = 0;
  mapreduce::FragmentJoiner joiner(program_.borders(), place, options_.limits.longest_record, attempt);
  Spool::Reader fragments(mapped_, partition_count_);
  for (;;) {
    BRUME_ASSIGN(const auto block, fragments.next());
    if (!block) break;
    BRUME_TRY(joiner.feed(block->bytes));
    if (!block->ends_stream) continue;
    split_end = std::min(split_end + options_.split_size, input_size);
    BRUME_TRY(joiner.end_of_stream(split_end));
  }
  mapped_.clear(partition_count_);
  BRUME_TRY(joiner.finish());
  return finish(attempt);
}

Status LocalPass::map_input(Input& input, std::uint32_t index) {
  const bool whole = !program_.borders().may_cut() || (input.size() && *input.size() <= options_.split_size);
  const std::uint64_t split_size = whole ? ~std::uint64_t{0} : options_.split_size;
  const Piece place{{}, 0, index, input.name()};
  std::uint64_t begin = 0;
  for (;;) {
    const auto size =
        map_split(input, {{}, begin, index, input.name()}, split_size, whole ? Extent::kWholeInput : Extent::kPart);
    if (!size) {
      return within(mapreduce::map_name(map_count_, {{}, begin, index, input.name()}), size.error());
    }
    begin += *size;
    if (whole || *size < split_size) break;
  }
  if (whole) return {};
  if (auto status = stitch(place, begin); !status) return within("stitch (" + input.name() + ")", status.error());
  return {};
}

Status LocalPass::skip(Input& input, std::uint64_t size) {
  while (size > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.size(), size));
    BRUME_ASSIGN(const std::size_t got, input.read(MutableByteView(chunk_).first(wanted)));
    if (got == 0) return fail(ErrorCode::kIo, input.name() + ": ends before its size");
    size -= got;
  }
  return {};
}

std::uint64_t chunks_of(const Input& input) {
  return std::max<std::uint64_t>(1, (*input.size() + mapreduce::kChunkSize - 1) / mapreduce::kChunkSize);
}

Status LocalPass::map_sample(std::span<Input* const> inputs, std::uint32_t sample_count) {
  std::uint64_t total = 0;
  for (const Input* input : inputs) total += chunks_of(*input);
  std::uint64_t first = 0;  // chunk of the present input
  std::uint64_t next = 0;   // sample
  for (std::uint32_t index = 0; index < inputs.size(); ++index) {
    Input& input = *inputs[index];
    const std::uint64_t end = first + chunks_of(input);
    std::uint64_t at = 0;  // bytes read
    for (; next < sample_count && next * total / sample_count < end; ++next) {
      const std::uint64_t begin = (next * total / sample_count - first) * mapreduce::kChunkSize;
      BRUME_TRY(skip(input, begin - at));
      const Piece place{{}, begin, index, input.name()};
      BRUME_ASSIGN(const std::size_t size, map_split(input, place, mapreduce::kChunkSize, Extent::kSample));
      at = begin + size;
    }
    first = end;
  }
  return {};
}

Status LocalPass::reduce_in_turn(std::uint32_t partition, OutputSink& sink) {
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

Status LocalPass::reduce(std::uint32_t partition) {
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

Status LocalPass::reduce_all() {
  for (std::uint32_t partition = 0; partition < partition_count_; ++partition) {
    if (auto status = reduce(partition); !status) return within("reduce " + std::to_string(partition), status.error());
  }
  return {};
}

Status LocalPass::merge(mapreduce::LineSink& sink) {
  std::vector<LaneSource> lanes;
  lanes.reserve(partition_count_);
  std::vector<mapreduce::PieceSource*> sources;
  for (std::uint32_t partition = 0; partition < partition_count_; ++partition) {
    sources.push_back(&lanes.emplace_back(reduced_, partition));
  }
  BRUME_ASSIGN(output_, mapreduce::merge_outputs(sources, sink));
  return {};
}

std::vector<JobCounter> LocalPass::counters() const {
  std::vector<JobCounter> out;
  for (const auto& [name, sum] : sums_) out.push_back({name, sum});
  return out;
}

void LocalPass::tell(LocalTotals& totals) const {
  totals.input_size += input_size_;
  totals.map_count += map_count_;
  ++totals.pass_count;
  totals.shuffled_size += mapped_.size();
  totals.scratch_size += scratch_.size();
  totals.output = output_;
}

}  // namespace brume::local

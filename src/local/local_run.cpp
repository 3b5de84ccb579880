#include "local/local_run.h"

#include <algorithm>

#include "local/local_pass.h"
#include "mapreduce/descriptor.h"
#include "mapreduce/passes.h"

namespace brume::local {
namespace {

using mapreduce::checked;

// What one pass wrote, until the next has read it.
class PassOutput final : public mapreduce::LineSink {
 public:
  explicit PassOutput(Spool spool) : spool_(std::move(spool)) {}
  Status write(ByteView text) override { return spool_.write(0, text); }
  Status finish() { return spool_.end_of_stream(0); }
  const Spool& spool() const { return spool_; }

  Result<Bytes> read_all() const {
    Bytes out;
    Spool::Reader reader(spool_, 0);
    for (;;) {
      BRUME_ASSIGN(const auto block, reader.next());
      if (!block) return out;
      append(out, block->bytes);
    }
  }

 private:
  Spool spool_;
};

class PreviousInput final : public Input {
 public:
  explicit PreviousInput(const Spool& spool) : spool_(spool), reader_(spool, 0) {}
  const std::string& name() const override { return name_; }
  std::optional<std::uint64_t> size() const override { return spool_.size(); }
  Result<std::size_t> read(MutableByteView out) override {
    std::size_t size = 0;
    while (size < out.size()) {
      if (rest_.empty()) {
        BRUME_ASSIGN(const auto block, reader_.next());
        if (!block) break;
        rest_ = block->bytes;
        continue;
      }
      const std::size_t part = std::min(rest_.size(), out.size() - size);
      std::memcpy(out.data() + size, rest_.data(), part);
      rest_ = rest_.subspan(part);
      size += part;
    }
    return size;
  }
  Status rewind() override {
    reader_.rewind();
    rest_ = {};
    return {};
  }

 private:
  const std::string name_{kPreviousInput};
  const Spool& spool_;
  Spool::Reader reader_;
  ByteView rest_;
};

class LocalRun {
 public:
  LocalRun(JobProgram& program, const LocalOptions& options, std::span<Input* const> inputs, mapreduce::Passes passes)
      : program_(program), options_(options), inputs_(inputs), passes_(std::move(passes)) {}

  Result<LocalTotals> run(mapreduce::OutputRouter& result) {
    for (;;) {
      const auto more = one_pass(result);
      if (more && *more) continue;
      if (more) return totals_;
      return passes_.title().empty() ? std::unexpected(more.error()) : within(passes_.title(), more.error());
    }
  }

 private:
  JobConfig config(const Bytes& carried, std::vector<JobSide>& sides) const;
  Status map(LocalPass& pass);
  // Whether there is another.
  Result<bool> one_pass(mapreduce::OutputRouter& result);

  JobProgram& program_;
  const LocalOptions& options_;
  const std::span<Input* const> inputs_;
  mapreduce::Passes passes_;
  std::optional<PassOutput> previous_;
  LocalTotals totals_;
};

JobConfig LocalRun::config(const Bytes& carried, std::vector<JobSide>& sides) const {
  std::size_t sides_size = 0;
  for (const LocalSide& side : options_.sides) {
    if (passes_.takes_side(side.name)) sides.push_back({side.name, as_chars(side.bytes)});
  }
  if (const auto name = passes_.carries()) sides.push_back({passes_.stage().carries, as_chars(carried)});
  for (const JobSide& side : sides) sides_size += side.bytes.size();
  JobConfig config;
  config.parameters = options_.parameters;
  config.partitions = passes_.stage().partitions != 0 ? passes_.stage().partitions : options_.partition_count;
  config.hash_key = options_.hash_key;
  config.memory_budget = options_.limits.memory_budget - std::min(options_.limits.memory_budget / 2, sides_size);
  config.stage = passes_.stage_index();
  config.sides = sides;
  return config;
}

Status LocalRun::map(LocalPass& pass) {
  std::vector<Input*> inputs;
  if (passes_.reads_input()) inputs.assign(inputs_.begin(), inputs_.end());
  std::optional<PreviousInput> previous;
  if (passes_.reads_previous()) inputs.push_back(&previous.emplace(previous_->spool()));
  if (!passes_.is_first()) {
    for (Input* input : inputs) BRUME_TRY(input->rewind());
  }
  const std::uint32_t sample = passes_.stage().sample_chunks;
  std::uint64_t chunks = 0;
  bool known = true;
  for (const Input* input : inputs) {
    known = known && input->size();
    if (known) chunks += chunks_of(*input);
  }
  if (sample > 0 && known && sample < chunks) return pass.map_sample(inputs, sample);
  for (std::uint32_t i = 0; i < inputs.size(); ++i) BRUME_TRY(pass.map_input(*inputs[i], i));
  return {};
}

Result<bool> LocalRun::one_pass(mapreduce::OutputRouter& result) {
  Bytes carried;
  if (passes_.carries()) {
    BRUME_ASSIGN(carried, previous_->read_all());
  }
  std::vector<JobSide> sides;
  const JobConfig configuration = config(carried, sides);
  if (auto status = program_.configure(configuration); !status) return fail(ErrorCode::kUsage, status.error());
  BRUME_ASSIGN(LocalPass pass, LocalPass::create(program_, options_, configuration.partitions));
  BRUME_TRY(map(pass));
  BRUME_TRY(pass.reduce_all());
  if (passes_.advance({pass.counters(), pass.malformed_places()}, static_cast<std::uint32_t>(inputs_.size()))) {
    BRUME_ASSIGN(Spool spool, Spool::create(1));
    PassOutput output(std::move(spool));
    BRUME_TRY(pass.merge(output));
    BRUME_TRY(output.finish());
    pass.tell(totals_);
    previous_.emplace(std::move(output));
    return true;
  }
  BRUME_TRY(pass.merge(result));
  BRUME_TRY(result.finish());
  pass.tell(totals_);
  totals_.counters = passes_.told_counters();
  totals_.malformed_places = passes_.told_places();
  totals_.notes = passes_.notes();
  return false;
}

}  // namespace

Result<LocalTotals> run_local(JobProgram& program, const LocalOptions& options, std::span<Input* const> inputs,
                              const OpenOutputs& open_outputs) {
  if (options.partition_count == 0 || options.partition_count > mapreduce::kPartitionLimit)
    return fail(ErrorCode::kUsage, "partitions: 1 to " + std::to_string(mapreduce::kPartitionLimit));
  if (options.split_size == 0) return fail(ErrorCode::kUsage, "split size: at least one byte");
  JobConfig config;
  config.parameters = options.parameters;
  std::vector<StageFacts> stages;
  if (auto status = program.describe(config, stages); !status) return fail(ErrorCode::kUsage, status.error());
  std::vector<std::string> sides;
  for (const LocalSide& side : options.sides) sides.push_back(side.name);
  BRUME_ASSIGN(mapreduce::Passes passes, mapreduce::Passes::create(std::move(stages), sides));
  BRUME_ASSIGN(std::vector<mapreduce::LineSink*> sinks, open_outputs(passes.last_outputs()));
  mapreduce::OutputRouter result(std::move(sinks));
  return LocalRun(program, options, inputs, std::move(passes)).run(result);
}

}  // namespace brume::local

#include "mapreduce/counting_reduce.h"

#include <brume/output_format.h>
#include <brume/reduction.h>

#include <algorithm>

#include "mapreduce/count_sort.h"

namespace brume::mapreduce {

CountingReduceTask::CountingReduceTask(const detail::CountingHooks& hooks, CountingState& state)
    : hooks_(hooks), state_(state), tables_(state.tables), reader_(hooks.is_signed) {
  tables_.configure(state.schedule, state.partitions, hooks.value_bits, hooks.is_signed);
  out_of_memory_ = !tables_.reset(0, 0);
}

JobStatus CountingReduceTask::failure() const {
  if (tables_.saw_other_partition()) return job_error("map stream: a key belongs to another partition");
  return job_error("a partition is larger than the memory budget of a task: use more partitions");
}

JobStatus CountingReduceTask::feed(std::span<const std::uint8_t> bytes) {
  if (out_of_memory_) return failure();
  return detail::guarded([&] { return reader_.feed(bytes, *this); });
}

JobStatus CountingReduceTask::end_of_stream() {
  const std::size_t size = tables_.short_table().size() + tables_.long_table().size();
  if (stream_records_ > 1000) {
    new_share_ = static_cast<double>(size - size_before_) / static_cast<double>(stream_records_);
  }
  stream_records_ = 0;
  size_before_ = size;
  return reader_.end_of_stream();
}

// Streams come in hash order: a table that grew with them would fill from its front, far over its
// limit there. So it gets its room before, from the writer's word and the share of new keys so far.
std::size_t CountingReduceTask::expect_new(std::uint64_t expected) const {
  const double share = std::min(1.0, new_share_ * 1.125 + 0.02);
  return static_cast<std::size_t>(static_cast<double>(std::min(expected, kMaxKeySize)) * share);
}

JobStatus CountingReduceTask::on_group(std::uint64_t expected, bool long_keys) {
  const auto room_for = [&](auto& table) {
    const std::size_t count = table.size() + expect_new(expected);
    if (count <= table.limit()) return true;
    if (tables_.bytes() + table.bytes_for(count) > state_.memory_budget) return true;  // the hint may be too high
    return table.grow(count);
  };
  if (long_keys ? room_for(tables_.long_table()) : room_for(tables_.short_table())) return {};
  return failure();
}

JobStatus CountingReduceTask::on_records(const std::uint8_t* text, std::uint32_t* words, std::size_t count,
                                         const std::uint64_t* values) {
  stream_records_ += count;
  if (tables_.bytes() + kSegmentSize > state_.memory_budget) return failure();
  if (!tables_.add_segment(text, words, count, values, 0, *this)) return failure();
  return {};
}

JobStatus CountingReduceTask::on_large(std::string_view key, std::uint64_t value) {
  ++stream_records_;
  if (tables_.bytes() + key.size() > state_.memory_budget) return failure();
  return tables_.add_large(key, value, *this) ? JobStatus{} : failure();
}

bool CountingReduceTask::make_room(bool in_long_table) {
  ShortTable& shorts = tables_.short_table();
  LongTable& longs = tables_.long_table();
  const std::size_t more = in_long_table ? LongTable::bytes_for(longs.next_limit())
                                         : ShortTable::bytes_for(shorts.next_limit()) - shorts.bytes();
  if (tables_.bytes() + more > state_.memory_budget) return false;
  return in_long_table ? longs.grow(longs.next_limit()) : shorts.grow(shorts.next_limit());
}

JobStatus CountingReduceTask::finish(OutputSink& sink) {
  return detail::guarded([&] { return write_lines(sink); });
}

JobStatus CountingReduceTask::write_lines(OutputSink& sink) {
  Block storage;
  const std::span<SortedKey> keys = sort_keys(tables_, hooks_.order, hooks_.is_signed, storage);
  if (!storage) return failure();
  OutputWriter writer(sink);
  Line line;
  constexpr std::size_t kAhead = 16;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i + kAhead < keys.size()) keys[i + kAhead].prefetch();
    const std::string_view key = keys[i].key();
    const std::uint64_t value = tables_.total(key, keys[i].count());
    line.clear();
    hooks_.format(hooks_.job, key, value, line);
    const std::uint64_t rank = rank_of(hooks_.order, hooks_.is_signed, value);
    if (auto status = writer.write(rank, key.size(), key, line.view()); !status) return status;
  }
  return writer.finish();
}

namespace {

class Engine final : public detail::CountingEngine {
 public:
  explicit Engine(const detail::CountingHooks& hooks) : hooks_(hooks) {}

  JobStatus configure(const JobConfig& config) override {
    if (config.partitions == 0 || config.partitions > kMaxPartitions) return job_error("partitions: 1 to 65536");
    if (config.memory_budget < kLeastBudget) return job_error("memory budget: at least 1 MiB");
    state_.schedule = detail::make_hash_schedule(config.hash_key);
    state_.partitions = config.partitions;
    state_.memory_budget = config.memory_budget;
    state_.map_short_count = state_.map_long_count = 0;
    return {};
  }
  std::unique_ptr<MapTask> new_map() override { return std::make_unique<CountingMapTask>(hooks_, state_); }
  std::unique_ptr<ReduceTask> new_reduce() override { return std::make_unique<CountingReduceTask>(hooks_, state_); }

 private:
  static constexpr std::uint64_t kLeastBudget = std::uint64_t{1} << 20;

  detail::CountingHooks hooks_;
  CountingState state_;
};

}  // namespace
}  // namespace brume::mapreduce

std::unique_ptr<brume::detail::CountingEngine> brume::detail::make_counting_engine(const CountingHooks& hooks) {
  return std::make_unique<mapreduce::Engine>(hooks);
}

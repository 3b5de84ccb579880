#include "mapreduce/counting_reduce.h"

#include <brume/output_format.h>
#include <brume/reduction.h>

#include <algorithm>

#include "base/bytes.h"

namespace brume::mapreduce {
namespace {

// Totals on their way through scratch: 64 bits, little-endian.
std::string_view encode_total(std::uint64_t total, std::uint8_t (&bytes)[8]) {
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(total >> (8 * i));
  return as_chars(bytes);
}
std::uint64_t decode_total(std::string_view bytes) {
  std::uint64_t total = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) total = total << 8 | static_cast<std::uint8_t>(bytes[i]);
  return total;
}

}  // namespace

CountingReduceTask::CountingReduceTask(const detail::CountingHooks& hooks, CountingState& state, Scratch& scratch)
    : hooks_(hooks), state_(state), tables_(state.tables), scratch_(scratch), reader_(hooks.is_signed) {
  tables_.configure(state.schedule, state.partitions, hooks.value_bits, hooks.is_signed, 0);
  out_of_memory_ = !tables_.reset(state.reduce_short_count, state.reduce_long_count);
}

JobStatus CountingReduceTask::failure() const {
  if (tables_.saw_other_partition()) return job_error("map stream: a key belongs to another partition");
  if (!status_) return status_;
  return job_error(detail::kOutOfMemory);
}

JobStatus CountingReduceTask::feed(std::span<const std::uint8_t> bytes) {
  if (out_of_memory_) return failure();
  return detail::guarded([&] { return reader_.feed(bytes, *this); });
}

JobStatus CountingReduceTask::end_of_stream() {
  const std::size_t size = tables_.short_table().size() + tables_.long_table().size();
  new_keys_.learn(size_before_, size, std::exchange(stream_records_, 0));
  size_before_ = size;
  return reader_.end_of_stream();
}

// Streams come in hash order: a table that grew with them would fill from its front, far over its
// limit there. So it gets its room before, from the writer's word and the share of new keys so far.
JobStatus CountingReduceTask::on_group(std::uint64_t expected, bool long_keys) {
  if (sorter_) return {};
  const auto has_room = [&](const auto& table) {
    const std::size_t count = table.size() + new_keys_.expected(expected);
    // At once for streams to come, where there is memory for that.
    return count <= table.limit() ||
           tables_.grow(long_keys, std::max(count, table.limit() / 2 * 3), state_.memory_budget) ||
           tables_.grow(long_keys, count, state_.memory_budget);
  };
  if (long_keys ? has_room(tables_.long_table()) : has_room(tables_.short_table())) return {};
  return move_to_sorter();
}

JobStatus CountingReduceTask::on_records(const std::uint8_t* text, std::uint32_t* words, std::size_t count,
                                         const std::uint64_t* values) {
  stream_records_ += count;
  if (!sorter_ && tables_.bytes() + kSegmentSize > state_.memory_budget) {
    if (auto status = move_to_sorter(); !status) return status;
  }
  if (!sorter_) return tables_.add_segment(text, words, count, values, 0, *this) ? JobStatus{} : failure();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view key(reinterpret_cast<const char*>(text) + word_begin(words[i]), word_size(words[i]));
    if (!tables_.check_partition(key)) return failure();
    if (auto status = sort_total(key, values[i]); !status) return status;
  }
  return {};
}

JobStatus CountingReduceTask::on_large(std::string_view key, std::uint64_t value) {
  ++stream_records_;
  if (key.size() > state_.memory_budget / 4) return job_error("a key is larger than the memory budget of a task");
  if (!sorter_ && tables_.bytes() + key.size() > state_.memory_budget) {
    if (auto status = move_to_sorter(); !status) return status;
  }
  if (!sorter_) return tables_.add_large(key, value, *this) ? JobStatus{} : failure();
  return tables_.check_partition(key) ? sort_total(key, value) : failure();
}

bool CountingReduceTask::make_room(bool in_long_table) {
  if (tables_.grow(in_long_table, state_.memory_budget)) return true;
  status_ = move_to_sorter();
  return status_.has_value();
}

JobStatus CountingReduceTask::finish(OutputSink& sink) {
  return detail::guarded([&] {
    const auto with_some_more = [](std::size_t count) { return count + count / 32; };
    state_.reduce_short_count = with_some_more(tables_.short_table().size());
    state_.reduce_long_count = with_some_more(tables_.long_table().size());
    if (!sorter_) {
      SortedCounts sorted(tables_, hooks_.order, hooks_.is_signed);
      const std::uint64_t most = state_.memory_budget / 4 * 7;  // of the twice as much that a task's process has
      if (tables_.bytes() + sorted.bytes() <= most && sorted.copy_keys()) return write_lines(sorted, sink);
    }
    return write_sorted(sink);
  });
}

// From now on keys are sorted in pieces, which scratch holds: streams come in the order of hashes, and a table that is
// too small for them would be full at its front and empty behind.
JobStatus CountingReduceTask::move_to_sorter() {
  if (!sorter_) {
    detail::PairRules rules;
    rules.ties = detail::Ties::kAsTheyCame;
    rules.memory = static_cast<std::size_t>(state_.memory_budget / 2);
    rules.combine = [](std::string& into, std::string_view more) {
      std::uint8_t bytes[8];
      into = encode_total(decode_total(into) + decode_total(more), bytes);
      return true;
    };
    sorter_ = detail::make_pair_sorter(scratch_, std::move(rules));
  }
  JobStatus status;
  tables_.for_each([&](std::string_view key, std::int32_t count) {
    if (status) status = sort_total(key, tables_.total(key, count));
  });
  tables_.release_tables();
  if (status && !tables_.reset(0, 0)) return failure();
  return status;
}

JobStatus CountingReduceTask::sort_total(std::string_view key, std::uint64_t total) {
  std::uint8_t bytes[8];
  return sorter_->add(key, encode_total(total, bytes));
}

JobStatus CountingReduceTask::write_sorted(OutputSink& sink) {
  if (auto status = move_to_sorter(); !status) return status;
  tables_.release();
  auto totals = sorter_->read();
  if (!totals) return std::unexpected(std::move(totals.error()));
  detail::LineSorter lines(scratch_, static_cast<std::size_t>(state_.memory_budget / 2));
  OutputWriter writer(sink);
  Line line;
  for (detail::Pair pair;;) {
    auto more = (*totals)->next(pair);
    if (!more) return std::unexpected(std::move(more.error()));
    if (!*more) break;
    const std::uint64_t value = tables_.wrapped(decode_total(pair.value));
    line.clear();
    hooks_.format(hooks_.job, pair.key, value, line);
    if (hooks_.order == detail::LineOrder::kKey) {
      if (auto status = writer.write(0, pair.key, line.view(), hooks_.line_kind); !status) return status;
    } else {
      lines.add(0, rank_of(hooks_.order, hooks_.is_signed, value), pair.key, line.view(), hooks_.line_kind);
    }
  }
  if (auto status = lines.finish(writer, 1); !status) return status;
  return writer.finish();
}

JobStatus CountingReduceTask::write_lines(SortedCounts& sorted, OutputSink& sink) {
  OutputWriter writer(sink);
  Line line;
  auto status = sorted.for_each([&](std::string_view key, std::uint64_t value) {
    line.clear();
    hooks_.format(hooks_.job, key, value, line);
    return writer.write_short(rank_of(hooks_.order, hooks_.is_signed, value), key, line.view(), hooks_.line_kind);
  });
  return status ? writer.finish() : status;
}

namespace {

class Engine final : public detail::CountingEngine {
 public:
  explicit Engine(const detail::CountingHooks& hooks) : hooks_(hooks) {}

  JobStatus configure(const JobConfig& config) override {
    if (config.partitions == 0 || config.partitions > kMaxPartitions) return job_error("partitions: 1 to 65536");
    if (config.memory_budget < kLeastBudget)
      return job_error("memory: " + std::to_string(config.memory_budget) + " bytes for a task's tables, and at least " +
                       std::to_string(kLeastBudget) +
                       " are needed; they are half of --memory, which must be 2M or more");
    state_.schedule = detail::make_hash_schedule(config.hash_key);
    state_.partitions = config.partitions;
    state_.memory_budget = config.memory_budget;
    state_.map_short_count = state_.map_long_count = state_.reduce_short_count = state_.reduce_long_count = 0;
    return {};
  }
  std::unique_ptr<MapTask> new_map() override { return std::make_unique<CountingMapTask>(hooks_, state_); }
  std::unique_ptr<ReduceTask> new_reduce(Scratch& scratch) override {
    return std::make_unique<CountingReduceTask>(hooks_, state_, scratch);
  }

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

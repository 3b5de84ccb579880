// The reduce side of a job of any kind: the map tasks' sorted streams, merged; key after key to the job; lines out.
#pragma once

#include <brume/detail/keyed_hash.h>
#include <brume/reduction.h>

namespace brume::detail {

struct GeneralState {
  HashSchedule schedule;
  std::uint32_t partitions = 1;
  std::size_t memory_budget = 0;
};

template <typename Job>
PairRules pair_rules(std::size_t memory) {
  PairRules rules;
  rules.memory = memory;
  if constexpr (Combines<Job>) {
    using Value = typename Job::Value;
    rules.ties = Ties::kAsTheyCame;
    rules.combine = [](std::string& into, std::string_view more) {
      std::string_view first = into;
      Value value{};
      Value other{};
      if (!Codec<Value>::decode(first, value) || !Codec<Value>::decode(more, other)) return false;
      if (!first.empty() || !more.empty()) return false;
      Job::combine(value, other);
      into.clear();
      Codec<Value>::encode(value, into);
      return true;
    };
  }
  return rules;
}

// Of a key as bytes. Throws TaskEnds where the job names a partition that the run does not have.
template <typename Job>
std::uint32_t partition_for(const Job& job, const GeneralState& state, std::string_view key) {
  if constexpr (ChoosesPartition<Job>) {
    const std::uint32_t partition = job.partition(key_from<Job>(key), state.partitions);
    if (partition >= state.partitions)
      throw TaskEnds("the job's partition function names one that the run does not have");
    return partition;
  } else {
    return partition_of(keyed_hash(state.schedule, key), state.partitions);
  }
}

template <typename Job>
class GeneralMergeTask final : public MergeTask, private MoreValues {
 public:
  using Value = typename Job::Value;

  GeneralMergeTask(const Job& job, const GeneralState& state, JobCounters& counters, Scratch& scratch)
      : job_(job), state_(state), counters_(counters), scratch_(scratch) {}

  JobStatus run(StreamSet& streams, OutputSink& sink) override {
    return guarded([&]() -> JobStatus {
      auto pairs = merge_streams(streams, scratch_, pair_rules<Job>(state_.memory_budget / 2));
      if (!pairs) return std::unexpected(std::move(pairs.error()));
      pairs_ = pairs->get();
      OutputWriter writer(sink);
      JobStatus status;
      if constexpr (kWritesInOrder) {
        status = write_in_order(writer);
      } else {
        status = write_sorted(writer);
      }
      return status ? writer.finish() : status;
    });
  }

 private:
  // Keys come in the order of the result, and each has its lines at its own place.
  static constexpr bool kWritesInOrder = !Reduces<Job> && order_of<Job>() == Order::kKey;

  JobStatus write_in_order(OutputWriter& writer) {
    JobStatus status;
    for (advance(); more_ && status;) {
      begin_key();
      const KeyOf<Job> key = key_from<Job>(key_);
      const auto write = [&](const Value& value) {
        line_.clear();
        format_line(job_, key, value, line_);
        if (status) status = writer.write(0, key_, line_.view(), kLineKind<Job>);
      };
      if constexpr (Combines<Job>) {
        write(combined());
      } else {
        for (; at_key_; advance()) write(decode(pair_.value));
      }
    }
    return status;
  }

  JobStatus write_sorted(OutputWriter& writer) {
    LineSorter lines(scratch_, state_.memory_budget / 4);
    constexpr auto outputs = outputs_of<Job>();
    for (advance(); more_ && lines.status();) {
      begin_key();
      if constexpr (Combines<Job>) {
        const Value value = combined();
        reduce(lines, value);
      } else if constexpr (ReducesList<Job>) {
        reduce_list(lines);
      } else {
        const KeyOf<Job> key = key_from<Job>(key_);
        for (; at_key_; advance()) format(lines, key, decode(pair_.value));
      }
    }
    return lines.finish(writer, static_cast<std::uint32_t>(outputs.size() + 1));
  }

  void reduce(LineSorter& lines, const Value& value) {
    const KeyOf<Job> key = key_from<Job>(key_);
    if constexpr (ReducesValue<Job>) {
      Output out(lines, counters_, outputs_of<Job>(), key_);
      job_.reduce(key, value, out);
    } else {
      format(lines, key, value);
    }
  }
  void format(LineSorter& lines, const KeyOf<Job>& key, const Value& value) {
    line_.clear();
    format_line(job_, key, value, line_);
    lines.add(0, rank_by_value(order_of<Job>(), value), key_, line_.view(), kLineKind<Job>);
  }

  // As many values as memory has room for are kept, so that the job may read them more than once.
  void reduce_list(LineSorter& lines) {
    std::size_t count = 0;
    group_.clear();
    for (; at_key_ && group_.size() < state_.memory_budget / 8; advance()) {
      group_ += pair_.value;
      ++count;
    }
    tail_begun_ = false;
    Output out(lines, counters_, outputs_of<Job>(), key_);
    job_.reduce(key_from<Job>(key_), Values<Value>(group_, count, at_key_ ? this : nullptr), out);
    while (at_key_) advance();
  }
  void begin() override {
    if (tail_begun_) {
      throw TaskEnds("the values of one key are more than a task's memory holds: they can be read once only");
    }
  }
  bool next(std::string_view& encoded) override {
    if (tail_begun_ && at_key_) advance();
    tail_begun_ = true;
    encoded = pair_.value;
    return at_key_;
  }

  // To the next pair, perhaps of another key.
  void advance() {
    auto more = pairs_->next(pair_);
    if (!more) throw TaskEnds(more.error());
    more_ = *more;
    at_key_ = more_ && pair_.same_key;
  }
  void begin_key() {
    key_.assign(pair_.key);
    at_key_ = true;
    const auto partition = static_cast<std::int64_t>(partition_for(job_, state_, key_));
    if (partition_ < 0) partition_ = partition;
    if (partition_ != partition) throw TaskEnds("map stream: a key belongs to another partition");
  }
  Value combined() {
    Value value = decode(pair_.value);
    for (advance(); at_key_; advance()) Job::combine(value, decode(pair_.value));
    return value;
  }
  static Value decode(std::string_view encoded) {
    Value value{};
    if (!Codec<Value>::decode(encoded, value) || !encoded.empty()) {
      throw TaskEnds("map stream: a value is malformed");
    }
    return value;
  }

  const Job& job_;
  const GeneralState& state_;
  JobCounters& counters_;
  Scratch& scratch_;
  PairReader* pairs_ = nullptr;
  Pair pair_;
  bool more_ = false;
  bool at_key_ = false;  // pair_ is of key_
  std::string key_;
  std::string group_;
  bool tail_begun_ = false;
  Line line_;
  std::int64_t partition_ = -1;
};

}  // namespace brume::detail

// A typed job of any kind: its pairs are sorted by key within map tasks, and merged by reduce tasks, both beyond
// memory. Correct for everything; the counting kernels are what is fast for counts.
//
// Its streams are the sorted pairs of docs/formats/records.md.
#pragma once

#include <brume/detail/configuration.h>
#include <brume/detail/general_merge.h>
#include <brume/detail/keyed_hash.h>
#include <brume/detail/value_table.h>

#include <optional>

namespace brume::detail {

// The values of each key, one behind the other: PairRules::lists.
struct ValueLists {
  using Value = std::string;
  static void combine(Value& into, const Value& more) { into += more; }
};

// Pairs are sorted by partition (two bytes, big-endian), then key.
template <typename Job>
class GeneralMapTask final : public MapTask, private PairSink<typename Job::Value> {
 public:
  using Value = typename Job::Value;

  GeneralMapTask(const Job& job, const GeneralState& state, JobCounters& counters, Scratch& scratch)
      : job_(job),
        state_(state),
        counters_(counters),
        table_(state.schedule),
        sorter_(make_pair_sorter(scratch, rules(state.memory_budget))) {}

  JobStatus feed(const Piece& piece, PartitionSink&) override {
    return guarded([&]() -> JobStatus {
      EmitterOf<Job> emitter(*this, counters_);
      map_piece(job_, piece, task_state_, emitter);
      return status_;
    });
  }
  JobStatus finish(PartitionSink& sink) override {
    return guarded([&]() -> JobStatus {
      EmitterOf<Job> emitter(*this, counters_);
      end_of_map(job_, task_state_, emitter);
      empty_table();
      if (!status_) return status_;
      auto reader = sorter_->read();
      if (!reader) return std::unexpected(std::move(reader.error()));
      return write_streams(**reader, sink);
    });
  }

 private:
  static constexpr std::size_t kPrefixSize = 2;
  static_assert(kMaxPartitions <= 1u << (8 * kPrefixSize));

  // Where keys are likely to come again, they are looked up before they are sorted.
  static constexpr bool kKeepsTable = Combines<Job> || ReducesList<Job>;
  static constexpr std::size_t kListSize = std::size_t{64} << 10;  // at most, but for one value

  static PairRules rules(std::size_t memory) {
    PairRules rules = pair_rules<Job>(kKeepsTable ? memory / 2 : memory);
    rules.lists = ReducesList<Job>;
    return rules;
  }

  void add(std::string_view key, const Value& value) override {
    if constexpr (Combines<Job>) {
      table_.add(key, value);
    } else {
      encoded_.clear();
      if constexpr (kKeepsTable) {
        encode_element(value);
        table_.add(key, encoded_);
      } else {
        Codec<Value>::encode(value, encoded_);
        sort(key, encoded_);
      }
    }
    if constexpr (kKeepsTable) {
      if (table_.bytes() > state_.memory_budget / 2) empty_table();
    }
  }
  void add_words(const Words& words, std::string_view text, const Value& value) override {
    each_word(words, text, [&](std::string_view word, std::size_t) { add(word, value); });
  }

  // A value as an element of a list: its size, then its bytes.
  void encode_element(const Value& value) {
    encoded_.push_back(0);
    Codec<Value>::encode(value, encoded_);
    const std::size_t size = encoded_.size() - 1;
    if (size < 0x80) {
      encoded_.front() = static_cast<char>(size);
      return;
    }
    std::uint8_t field[kMaxVarintSize];
    const auto field_size = static_cast<std::size_t>(put_varint(field, size) - field);
    encoded_.replace(0, 1, reinterpret_cast<const char*>(field), field_size);
  }
  void empty_table() {
    table_.settle();
    table_.each([this](std::string_view key, const auto& value) {
      if constexpr (Combines<Job>) {
        encoded_.clear();
        Codec<Value>::encode(value, encoded_);
        sort(key, encoded_);
      } else {
        sort_list(key, value);
      }
    });
    table_.clear();
  }
  void sort_list(std::string_view key, std::string_view list) {
    std::string_view value;
    for (std::string_view rest = list; !list.empty() && Codec<std::string_view>::decode(rest, value);) {
      const std::size_t size = list.size() - rest.size();
      if (size < kListSize && !rest.empty()) continue;
      sort(key, list.substr(0, size));
      list = rest;
    }
  }
  void sort(std::string_view key, std::string_view encoded) {
    const std::uint32_t partition = partition_for(job_, state_, key);
    key_.assign({static_cast<char>(partition >> 8), static_cast<char>(partition)});
    key_ += key;
    if (status_) status_ = sorter_->add(key_, encoded);
  }

  JobStatus write_streams(PairReader& reader, PartitionSink& sink) const {
    std::optional<PairWriter> writer;
    std::uint32_t partition = 0;
    const auto end_before = [&](std::uint32_t next) -> JobStatus {
      if (writer) {
        if (auto status = writer->finish(); !status) return status;
        sink.largest_pair(partition, writer->largest_pair());
        writer.reset();
      }
      for (; partition < next; ++partition) {
        if (auto status = sink.end(partition); !status) return status;
      }
      return {};
    };
    for (Pair pair;;) {
      auto more = reader.next(pair);
      if (!more) return std::unexpected(std::move(more.error()));
      if (!*more) break;
      const auto its = static_cast<std::uint32_t>(static_cast<std::uint8_t>(pair.key[0]) << 8 |
                                                  static_cast<std::uint8_t>(pair.key[1]));
      if (!writer || its != partition) {
        if (auto status = end_before(its); !status) return status;
        writer.emplace([&sink, its](std::span<const std::uint8_t> bytes) { return sink.write(its, bytes); });
      }
      pair.key.remove_prefix(kPrefixSize);
      if (auto status = writer->put(pair); !status) return status;
    }
    return end_before(state_.partitions);
  }

  const Job& job_;
  const GeneralState& state_;
  JobCounters& counters_;
  std::optional<StateOf<Job>> task_state_;
  ValueTable<std::conditional_t<Combines<Job>, Job, ValueLists>> table_;
  std::unique_ptr<PairSorter> sorter_;
  std::string key_;
  std::string encoded_;
  JobStatus status_;
};

template <typename Job>
class GeneralProgram final : public JobProgram {
 public:
  explicit GeneralProgram(std::string_view name) : name_(name) {}

  std::string_view name() const override { return name_; }
  JobStatus configure(const JobConfig& config) override {
    return guarded([&]() -> JobStatus {
      if (config.partitions == 0 || config.partitions > kMaxPartitions) return job_error("partitions: 1 to 65536");
      if (auto status = configure_job(job_, config, counters(), borders_); !status) return status;
      state_ = {make_hash_schedule(config.hash_key), config.partitions, static_cast<std::size_t>(config.memory_budget)};
      return {};
    });
  }
  JobStatus describe(const JobConfig& config, std::vector<StageFacts>& stages) override {
    stages.assign(1, {});
    stages[0].merges = true;
    return describe_job<Job>(config, config.stage, stages[0]);
  }
  JobStatus add_known(std::span<const JobParameter> parameters, std::vector<std::string>& known) const override {
    return add_known_parameters<Job>(parameters, known);
  }
  const Borders& borders() const override { return borders_; }
  std::unique_ptr<MapTask> new_map(Scratch& scratch) override {
    return std::make_unique<GeneralMapTask<Job>>(*job_, state_, counters(), scratch);
  }
  bool merges() const override { return true; }
  std::unique_ptr<ReduceTask> new_reduce(Scratch&) override { return nullptr; }
  std::unique_ptr<MergeTask> new_merge(Scratch& scratch) override {
    return std::make_unique<GeneralMergeTask<Job>>(*job_, state_, counters(), scratch);
  }

 private:
  std::string_view name_;
  std::optional<Job> job_;
  GeneralState state_;
  Borders borders_;
};

}  // namespace brume::detail

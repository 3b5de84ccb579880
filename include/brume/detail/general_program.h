// A typed job of any other kind: a hash table of its values, combined where the job can, listed
// where it cannot. Correct for everything; the counting kernels are what is fast.
//
// Its streams have the groups of docs/formats/records.md; a value stands behind its size.
#pragma once

#include <brume/detail/keyed_hash.h>
#include <brume/emitter.h>
#include <brume/output_format.h>
#include <brume/parameters.h>
#include <brume/reduction.h>

#include <memory>
#include <optional>
#include <unordered_map>

namespace brume::detail {

// A value, or all values of a key encoded one after another.
template <typename Job>
using Held = std::conditional_t<Combines<Job>, typename Job::Value, std::string>;

struct KeyedHasher {
  using is_transparent = void;
  const HashSchedule* schedule;
  std::size_t operator()(std::string_view key) const { return keyed_hash(*schedule, key); }
};

template <typename Job>
class ValueTable {
 public:
  using Value = typename Job::Value;
  using Map = std::unordered_map<std::string, Held<Job>, KeyedHasher, std::equal_to<>>;

  explicit ValueTable(const HashSchedule& schedule) : map_(16, KeyedHasher{&schedule}) {}

  void add(std::string_view key, const Value& value) {
    if constexpr (Combines<Job>) {
      const auto [at, is_new] = slot(key);
      if (is_new) {
        at = value;
      } else {
        Job::combine(at, value);
      }
    } else {
      auto& list = slot(key).first;
      const std::size_t before = list.size();
      Codec<Value>::encode(value, list);
      bytes_ += list.size() - before;
    }
  }
  Map& map() { return map_; }
  // About; a combined value counts with its type's size.
  std::size_t bytes() const { return bytes_; }
  void clear() {
    map_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t kNodeSize = 64;

  std::pair<Held<Job>&, bool> slot(std::string_view key) {
    if (const auto found = map_.find(key); found != map_.end()) return {found->second, false};
    bytes_ += kNodeSize + 2 * sizeof(Held<Job>) + key.size();
    return {map_.try_emplace(std::string(key)).first->second, true};
  }

  Map map_;
  std::size_t bytes_ = 0;
};

struct GeneralState {
  HashSchedule schedule;
  std::uint32_t partitions = 1;
  std::uint64_t memory_budget = 0;
};

template <typename Job>
class GeneralMapTask final : public MapTask, private PairSink<typename Job::Value> {
 public:
  using Value = typename Job::Value;

  GeneralMapTask(const Job& job, const GeneralState& state, JobCounters& counters)
      : job_(job), state_(state), counters_(counters), table_(state.schedule) {}

  JobStatus feed(const Piece& piece, PartitionSink& sink) override {
    return guarded([&]() -> JobStatus {
      sink_ = &sink;
      Emitter<Value> emitter(*this, counters_);
      job_.map(piece, emitter);
      return status_;
    });
  }
  JobStatus finish(PartitionSink& sink) override {
    return guarded([&]() -> JobStatus {
      sink_ = &sink;
      spill();
      return status_;
    });
  }

 private:
  void add(std::string_view key, const Value& value) override {
    table_.add(key, value);
    if (table_.bytes() > state_.memory_budget) spill();
  }
  void add_words(const Words& words, std::string_view text, const Value& value) override {
    each_word(words, text, [&](std::string_view word, std::size_t) { add(word, value); });
  }

  void spill() {
    struct Item {
      std::uint64_t hash;
      typename ValueTable<Job>::Map::value_type* pair;
    };
    std::vector<Item> items;
    items.reserve(table_.map().size());
    for (auto& pair : table_.map()) items.push_back({keyed_hash(state_.schedule, pair.first), &pair});
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.hash < b.hash; });
    std::string records;
    for (std::size_t begin = 0; begin < items.size() && status_;) {
      const std::uint32_t partition = partition_of(items[begin].hash, state_.partitions);
      std::size_t end = begin;
      records.clear();
      while (end < items.size() && records.size() < 64 * 1024 &&
             partition_of(items[end].hash, state_.partitions) == partition) {
        Codec<std::string>::encode(items[end].pair->first, records);
        if constexpr (Combines<Job>) {
          encoded_.clear();
          Codec<Value>::encode(items[end].pair->second, encoded_);
          Codec<std::string>::encode(encoded_, records);
        } else {
          Codec<std::string>::encode(items[end].pair->second, records);
        }
        ++end;
      }
      std::string header;
      Codec<std::uint64_t>::encode(end - begin, header);
      Codec<std::uint64_t>::encode(end - begin, header);
      write(partition, header);
      write(partition, records);
      begin = end;
    }
    table_.clear();
  }
  void write(std::uint32_t partition, const std::string& bytes) {
    if (status_) status_ = sink_->write(partition, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  }

  const Job& job_;
  const GeneralState& state_;
  JobCounters& counters_;
  ValueTable<Job> table_;
  PartitionSink* sink_ = nullptr;
  std::string encoded_;
  JobStatus status_;
};

template <typename Job>
class GeneralReduceTask final : public ReduceTask {
 public:
  using Value = typename Job::Value;

  GeneralReduceTask(const Job& job, const GeneralState& state, JobCounters& counters)
      : job_(job), state_(state), counters_(counters), table_(state.schedule) {}

  JobStatus feed(std::span<const std::uint8_t> bytes) override {
    return guarded([&]() -> JobStatus {
      carry_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      if (carry_.size() < needed_) return {};
      std::string_view rest = carry_;
      auto status = read(rest);
      carry_.erase(0, carry_.size() - rest.size());
      return status;
    });
  }
  JobStatus end_of_stream() override {
    if (!carry_.empty()) return job_error("map stream: ends within a record");
    if (left_ != 0) return job_error("map stream: ends within a group");
    return {};
  }
  JobStatus finish(OutputSink& sink) override {
    return guarded([&]() -> JobStatus {
      Output output(counters_);
      Line line;
      for (const auto& [key, held] : table_.map()) {
        if constexpr (ReducesValue<Job>) {
          job_.reduce(key, held, output);
        } else if constexpr (ReducesList<Job>) {
          job_.reduce(key, Values<Value>(held), output);
        } else {
          line.clear();
          format_line(job_, key, held, line);
          output.line(rank_by_value(order_of<Job>(), held), key, line.view());
        }
        if (output.bytes() > state_.memory_budget) return over_budget();
      }
      OutputWriter writer(sink);
      const auto write = [&](std::uint64_t rank, std::size_t key_size, std::string_view text) {
        return writer.write(rank, key_size, text);
      };
      auto status = output.sorted(write);
      return status ? writer.finish() : status;
    });
  }

 private:
  static JobStatus over_budget() {
    return job_error("a partition is larger than the memory budget of a task: use more partitions");
  }

  // Takes whole records off the front.
  JobStatus read(std::string_view& rest) {
    for (;;) {
      std::string_view next = rest;
      if (left_ == 0) {
        std::uint64_t expected = 0;
        const VarintResult first = take(next, expected);
        const VarintResult second = first == VarintResult::kDone ? take(next, left_) : first;
        if (second != VarintResult::kDone) left_ = 0;
        if (second == VarintResult::kCut) return need(0);
        if (second == VarintResult::kMalformed || left_ == 0) {
          return job_error("map stream: a group's header is malformed");
        }
        rest = next;
      }
      std::string_view key;
      std::string_view encoded;
      for (std::string_view* field : {&key, &encoded}) {
        std::uint64_t size = 0;
        const VarintResult got = take(next, size);
        if (got == VarintResult::kMalformed) return job_error("map stream: a size is malformed");
        if (got == VarintResult::kCut) return need(0);
        if (size > state_.memory_budget) return over_budget();
        if (size > next.size()) return need((rest.size() - next.size()) + size);
        *field = next.substr(0, size);
        next.remove_prefix(size);
      }
      const std::int64_t partition = partition_of(keyed_hash(state_.schedule, key), state_.partitions);
      if (partition_ < 0) partition_ = partition;
      if (partition_ != partition) return job_error("map stream: a key belongs to another partition");
      do {
        Value value{};
        if (!Codec<Value>::decode(encoded, value)) return job_error("map stream: a value is malformed");
        table_.add(key, value);
      } while (!Combines<Job> && !encoded.empty());
      if (!encoded.empty()) return job_error("map stream: a value is malformed");
      if (table_.bytes() > state_.memory_budget) return over_budget();
      rest = next;
      --left_;
    }
  }
  // Nothing to do before the carry has this many bytes: so a long record costs linear time.
  JobStatus need(std::size_t bytes) {
    needed_ = bytes;
    return {};
  }
  static VarintResult take(std::string_view& in, std::uint64_t& value) {
    const auto* const begin = reinterpret_cast<const std::uint8_t*>(in.data());
    const std::uint8_t* at = begin;
    const VarintResult result = get_varint(at, begin + in.size(), value);
    in.remove_prefix(static_cast<std::size_t>(at - begin));
    return result;
  }

  const Job& job_;
  const GeneralState& state_;
  JobCounters& counters_;
  ValueTable<Job> table_;
  std::string carry_;
  std::size_t needed_ = 0;
  std::uint64_t left_ = 0;
  std::int64_t partition_ = -1;
};

template <typename Job>
class GeneralProgram final : public JobProgram {
 public:
  explicit GeneralProgram(std::string_view name) : name_(name) {}

  std::string_view name() const override { return name_; }
  JobStatus configure(const JobConfig& config) override {
    return guarded([&]() -> JobStatus {
      if (config.partitions == 0 || config.partitions > kMaxPartitions) return job_error("partitions: 1 to 65536");
      job_.emplace();
      Parameters parameters(config.parameters);
      counters().on_malformed(parameters.on_malformed());
      if constexpr (Configures<Job>) job_->configure(parameters);
      if (auto status = parameters.status(); !status) return status;
      if (auto status = set_borders(*job_, borders_); !status) return status;
      state_ = {make_hash_schedule(config.hash_key), config.partitions, config.memory_budget};
      return {};
    });
  }
  const Borders& borders() const override { return borders_; }
  std::unique_ptr<MapTask> new_map() override {
    return std::make_unique<GeneralMapTask<Job>>(*job_, state_, counters());
  }
  std::unique_ptr<ReduceTask> new_reduce() override {
    return std::make_unique<GeneralReduceTask<Job>>(*job_, state_, counters());
  }

 private:
  std::string_view name_;
  std::optional<Job> job_;
  GeneralState state_;
  Borders borders_;
};

}  // namespace brume::detail

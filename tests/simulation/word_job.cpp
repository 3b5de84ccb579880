#include "simulation/word_job.h"

#include <brume/output_format.h>

#include <algorithm>

namespace brume::simulation {
namespace {

using Counts = std::map<std::string, std::uint64_t, std::less<>>;

// Words that begin with a zero are called malformed, and counted all the same.
void count_words(const Piece& piece, const ByteSet& separators, Counts& counts, JobCounters& counters) {
  const std::string_view text = piece.text;
  std::uint64_t words = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && !separators.contains(text[end])) ++end;
    if (end > at) {
      ++words;
      if (text[at] == 0) counters.malformed(piece.offset + at);
      const std::string_view word = text.substr(at, end - at);
      const auto found = counts.find(word);
      if (found == counts.end()) {
        counts.emplace(word, 1);
      } else {
        ++found->second;
      }
    }
    at = end + 1;
  }
  counters.add("words", words);
}

void put_number(std::string& out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t number_at(std::string_view bytes) {
  std::uint64_t value = 0;
  for (int i = 8; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

std::vector<std::pair<std::uint64_t, std::string>> ranked(const Counts& counts) {
  std::vector<std::pair<std::uint64_t, std::string>> out;
  for (const auto& [word, count] : counts) out.emplace_back(~count, word);
  std::sort(out.begin(), out.end());
  return out;
}

std::string line_of(std::string_view word, std::uint64_t count) {
  return std::string(word) + "\t" + std::to_string(count) + "\n";
}

class Map final : public MapTask {
 public:
  Map(std::uint32_t partitions, const HashKey& key, JobCounters& counters)
      : partitions_(partitions), key_(key), counters_(counters) {}

  JobStatus feed(const Piece& piece, PartitionSink&) override {
    count_words(piece, WordJob::separators(), counts_, counters_);
    if (counts_.contains(WordJob::kRefused)) return job_error("not that word");
    return {};
  }
  JobStatus finish(PartitionSink& sink) override {
    for (const auto& [word, count] : counts_) {
      std::string record;
      put_number(record, word.size());
      record += word;
      put_number(record, count);
      const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(record.data()), record.size());
      if (auto status = sink.write(partition_of(word), bytes); !status) return status;
    }
    return {};
  }

 private:
  std::uint32_t partition_of(std::string_view word) const {
    std::uint64_t hash = number_at({reinterpret_cast<const char*>(key_.data()), 8});
    for (const char c : word) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
    return static_cast<std::uint32_t>((hash >> 32) % partitions_);
  }

  const std::uint32_t partitions_;
  const HashKey key_;
  JobCounters& counters_;
  Counts counts_;
};

class Reduce final : public ReduceTask {
 public:
  explicit Reduce(JobCounters& counters) : counters_(counters) {}
  JobStatus feed(std::span<const std::uint8_t> bytes) override {
    pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  JobStatus end_of_stream() override {
    std::string_view rest = pending_;
    while (!rest.empty()) {
      if (rest.size() < 16 || number_at(rest) > rest.size() - 16) return job_error("the stream ends within a record");
      const std::size_t size = number_at(rest);
      counts_[std::string(rest.substr(8, size))] += number_at(rest.substr(8 + size));
      rest.remove_prefix(16 + size);
    }
    pending_.clear();
    return {};
  }
  JobStatus finish(OutputSink& sink) override {
    counters_.add("distinct", counts_.size());
    OutputWriter writer(sink);
    for (const auto& [rank, word] : ranked(counts_)) {
      const std::string line = line_of(word, ~rank);
      if (auto status = writer.write(rank, word, std::string_view(line).substr(word.size())); !status) return status;
    }
    return writer.finish();
  }

 private:
  JobCounters& counters_;
  std::string pending_;
  Counts counts_;
};

}  // namespace

JobStatus WordJob::configure(const JobConfig& config) {
  if (!config.parameters.empty()) return job_error("takes no parameters");
  partitions_ = config.partitions;
  hash_key_ = config.hash_key;
  counters().on_malformed(OnMalformed::kSkip);
  return {};
}

std::unique_ptr<MapTask> WordJob::new_map(Scratch&) {
  return std::make_unique<Map>(partitions_, hash_key_, counters());
}

std::unique_ptr<ReduceTask> WordJob::new_reduce(Scratch&) { return std::make_unique<Reduce>(counters()); }

std::string naive_word_count(const std::vector<std::string>& texts) {
  Counts counts;
  JobCounters counters;
  for (const std::string& text : texts) count_words({text}, WordJob::separators(), counts, counters);
  std::string out;
  for (const auto& [rank, word] : ranked(counts)) out += line_of(word, ~rank);
  return out;
}

JobCounters naive_counters(const std::vector<std::string>& texts) {
  Counts counts;
  JobCounters counters;
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    counters.at_input(i, "");
    if (!texts[i].empty()) count_words({texts[i]}, WordJob::separators(), counts, counters);
  }
  counters.add("distinct", counts.size());
  return counters;
}

}  // namespace brume::simulation

// Drives a JobProgram from test code as the engine does: splits in, result lines out.
#pragma once

#include <brume/output_format.h>
#include <brume/program.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "mapreduce/test_scratch.h"

namespace brume::mapreduce::testing {

struct Streams final : PartitionSink {
  explicit Streams(std::uint32_t partitions) : of(partitions), largest(partitions) {}
  JobStatus write(std::uint32_t partition, std::span<const std::uint8_t> bytes) override {
    if (partition >= of.size()) return job_error("a partition out of range");
    of[partition].insert(of[partition].end(), bytes.begin(), bytes.end());
    return {};
  }
  void largest_pair(std::uint32_t partition, std::uint64_t size) override { largest.at(partition) = size; }
  std::vector<std::vector<std::uint8_t>> of;
  std::vector<std::uint64_t> largest;  // pairs
};

struct Collected final : OutputSink {
  JobStatus write(std::span<const std::uint8_t> more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
  std::vector<std::uint8_t> bytes;
};

inline JobConfig test_config(std::uint32_t partitions = 1, std::uint64_t memory_budget = std::uint64_t{1} << 30) {
  JobConfig config{{}, partitions, {}, memory_budget};
  for (std::size_t i = 0; i < config.hash_key.size(); ++i) config.hash_key[i] = static_cast<std::uint8_t>(7 * i + 1);
  return config;
}

// One split that stands at `offset` of the input and begins at a border: in pieces that end at borders,
// cut by `random` where it is given.
inline Streams map_text(JobProgram& program, std::uint32_t partitions, std::string_view text,
                        std::mt19937_64* random = nullptr, std::uint64_t offset = 0) {
  Streams streams(partitions);
  TestScratch scratch(random != nullptr ? 1 + (*random)() % 9999 : 64 << 10);
  auto task = program.new_map(scratch);
  while (!text.empty()) {
    std::size_t size = random != nullptr ? 1 + (*random)() % 3000 : std::size_t{1} << 20;
    size = std::min(size, text.size());
    const std::size_t more = program.borders().first(text.substr(size - 1), offset + size - 1);
    size = more == Borders::kNone ? text.size() : size - 1 + more;
    if (size == 0) size = program.borders().last(text, offset);
    // Exactly as long as it says: a read behind it is seen by sanitizers.
    const std::vector<char> piece(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
    const auto status = task->feed({{piece.data(), piece.size()}, offset}, streams);
    EXPECT_TRUE(status.has_value()) << status.error();
    text.remove_prefix(size);
    offset += size;
  }
  const auto status = task->finish(streams);
  EXPECT_TRUE(status.has_value()) << status.error();
  return streams;
}

inline JobStatus feed_stream(ReduceTask& task, std::span<const std::uint8_t> stream,
                             std::mt19937_64* random = nullptr) {
  while (!stream.empty()) {
    const std::size_t most = random != nullptr ? 1 + (*random)() % 200 : std::size_t{1} << 18;
    const std::size_t size = std::min(most, stream.size());
    const std::vector<std::uint8_t> piece(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    if (auto status = task.feed(piece); !status) return status;
    stream = stream.subspan(size);
  }
  return task.end_of_stream();
}

// The lines of one partition, in order.
inline std::vector<OutputRecord> read_output(const std::vector<std::uint8_t>& bytes) {
  static std::vector<std::uint8_t> kept;  // the records' views last until the next call
  kept = bytes;
  OutputReader reader;
  reader.feed(kept);
  std::vector<OutputRecord> records;
  OutputRecord record;
  while (reader.next(record) == OutputReader::Next::kRecord) records.push_back(record);
  EXPECT_TRUE(reader.at_border()) << reader.error();
  std::size_t at = 0;  // views into the reader's buffer become views into `kept`
  for (OutputRecord& each : records) {
    const std::string_view all(reinterpret_cast<const char*>(kept.data()), kept.size());
    at = all.find(each.bytes, at);
    each.bytes = all.substr(at, each.bytes.size());
    at += each.bytes.size();
  }
  return records;
}

// One partition's streams through its reduce task.
inline std::vector<std::uint8_t> reduce_streams(JobProgram& program, const std::vector<Bytes>& streams,
                                                std::mt19937_64* random = nullptr) {
  const std::size_t piece = random != nullptr ? 1 + (*random)() % 9999 : 64 << 10;
  TestScratch scratch(piece);
  Collected output;
  JobStatus status;
  if (program.merges()) {
    TestStreams set(streams, piece);
    status = program.new_merge(scratch)->run(set, output);
  } else {
    auto task = program.new_reduce(scratch);
    for (const Bytes& stream : streams) {
      if (status) status = feed_stream(*task, stream, random);
    }
    if (status) status = task->finish(output);
  }
  EXPECT_TRUE(status.has_value()) << status.error();
  return output.bytes;
}

// The whole job over splits: the lines of all partitions, merged by output order; "-- NAME" before each further output.
inline std::string run_job(JobProgram& program, std::uint32_t partitions, const std::vector<std::string>& splits,
                           std::mt19937_64* random = nullptr) {
  std::vector<Streams> mapped;
  std::uint64_t offset = program.borders().header();
  for (const std::string& split : splits) {
    mapped.push_back(map_text(program, partitions, split, random, offset));
    offset += split.size();
  }
  struct Line {
    std::size_t output;
    std::uint64_t rank;
    std::string key;
    std::string line;
  };
  std::vector<Line> lines;
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    std::vector<Bytes> of_partition;
    for (const Streams& streams : mapped) of_partition.push_back(streams.of[partition]);
    std::size_t output = 0;
    for (const OutputRecord& record : read_output(reduce_streams(program, of_partition, random))) {
      if (record.kind == OutputKind::kNextOutput) {
        ++output;
      } else {
        lines.push_back({output, record.rank, std::string(record.key()), std::string(record.line())});
      }
    }
  }
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    if (a.output != b.output) return a.output < b.output;
    return output_before(a.rank, a.key, b.rank, b.key);
  });
  std::string all;
  std::size_t output = 0;
  for (const Line& line : lines) {
    for (; output < line.output; ++output) all += "--\n";
    all += line.line;
  }
  return all;
}

// The word count that every path must equal.
inline std::string naive_count(std::string_view text, const ByteSet& separators, bool upper) {
  std::map<std::string, std::uint64_t> counts;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && !separators.contains(text[i])) {
      const char byte = text[i];
      word.push_back(upper && byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 32) : byte);
    } else if (!word.empty()) {
      ++counts[word];
      word.clear();
    }
  }
  std::vector<std::pair<std::string, std::uint64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string out;
  for (const auto& [key, count] : sorted) out += key + '\t' + std::to_string(count) + '\n';
  return out;
}

}  // namespace brume::mapreduce::testing

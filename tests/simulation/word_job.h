// A word count as plain as can be: what a simulated cluster runs, and what its result is held against.
#pragma once

#include <brume/program.h>

#include <map>
#include <string>
#include <vector>

namespace brume::simulation {

class WordJob final : public JobProgram {
 public:
  std::string_view name() const override { return "word-count"; }
  JobStatus configure(const JobConfig& config) override;
  const Borders& borders() const override { return borders_; }
  static ByteSet separators() { return {' ', '\n', '\t'}; }
  static constexpr std::string_view kRefused = "word-that-the-job-refuses";
  std::unique_ptr<MapTask> new_map(Scratch&) override;
  bool merges() const override { return false; }
  std::unique_ptr<ReduceTask> new_reduce(Scratch&) override;
  std::unique_ptr<MergeTask> new_merge(Scratch&) override { return nullptr; }

 private:
  Borders borders_{separators()};
  std::uint32_t partitions_ = 1;
  HashKey hash_key_{};
};

// Words and counts of all texts, as the job's result has them.
std::string naive_word_count(const std::vector<std::string>& texts);
// What the job counts beside: "distinct" in reduce, "words" in map; words that begin with a zero are malformed.
JobCounters naive_counters(const std::vector<std::string>& texts);

}  // namespace brume::simulation

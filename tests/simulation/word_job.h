// A word count as plain as can be: what a simulated cluster runs, and what its result is held against.
#pragma once

#include <brume/program.h>

#include <map>
#include <string>

namespace brume::simulation {

class WordJob final : public JobProgram {
 public:
  std::string_view name() const override { return "word-count"; }
  JobStatus configure(const JobConfig& config) override;
  const ByteSet& separators() const override { return separators_; }
  std::unique_ptr<MapTask> new_map() override;
  std::unique_ptr<ReduceTask> new_reduce() override;

 private:
  ByteSet separators_{' ', '\n', '\t'};
  std::uint32_t partitions_ = 1;
  HashKey hash_key_{};
};

// Words and counts of the whole text, as the job's result has them.
std::string naive_word_count(std::string_view text);

}  // namespace brume::simulation

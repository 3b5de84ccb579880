// The passes of a job of stages, one after another: what each reads, and when the last one was. Pure; a run of its own
// (run.h) does each pass.
#pragma once

#include <brume/counters.h>
#include <brume/stage.h>

#include <optional>

#include "base/result.h"

namespace brume::mapreduce {

inline constexpr std::uint32_t kRepetitionLimit = 1'000'000;

// Of a job as it describes itself: names and numbers that a run may have.
Status check_stages(const std::vector<StageFacts>& stages);

class Passes {
 public:
  // Of a job as it describes itself. Refuses what check_stages refuses, and sides that a stage must be given and are
  // not among `given`, or that no stage takes.
  static Result<Passes> create(std::vector<StageFacts> stages, const std::vector<std::string>& given_sides);

  const StageFacts& stage() const { return stages_[stage_]; }
  std::uint32_t stage_index() const { return stage_; }
  std::size_t stage_count() const { return stages_.size(); }
  // From 1, of the present stage.
  std::uint32_t repetition() const { return repetition_; }
  // No pass came before.
  bool is_first() const { return stage_ == 0 && repetition_ == 1; }
  // What the present pass reads; the output before only where there is one.
  bool reads_input() const { return stage().reads != Reads::kPrevious || is_first(); }
  bool reads_previous() const { return stage().reads != Reads::kInput && !is_first(); }
  // The name under which it gets the output before as side data.
  std::optional<std::string> carries() const {
    if (stage().carries.empty() || is_first()) return std::nullopt;
    return stage().carries;
  }
  // Whether it takes the run's side of that name.
  bool takes_side(const std::string& name) const;
  // The outputs besides the first that the job's result has.
  const std::vector<std::string>& last_outputs() const { return stages_.back().outputs; }
  // For people: "stage 2 of 3, pass 7".
  std::string title() const;

  // What a pass counted. Its places' inputs are those that it read.
  struct Counted {
    std::vector<JobCounter> counters;
    std::vector<RecordPlace> malformed_places{};
  };
  // The pass is done. False: it was the last one. Its output is the result, or the next pass needs it. `input_count`:
  // of the run's inputs.
  bool advance(const Counted& counted, std::uint32_t input_count);

  // What is told of the whole job, after the last pass: its counters; but of malformed records, which one stage leaves
  // out and the next never sees, all stages' sum, each as the pass with the most of them had it. Of passes that read
  // the run's inputs whole, and of the last one.
  const std::vector<JobCounter>& told_counters() const { return told_.counters; }
  // The lowest ones; input `input_count` is the output of the pass before.
  const std::vector<RecordPlace>& told_places() const { return told_.malformed_places; }
  // For people: which stage ended without having settled.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void keep(const Counted& counted, std::uint32_t input_count, bool is_last);
  void end_stage(const Counted& counted);
  explicit Passes(std::vector<StageFacts> stages) : stages_(std::move(stages)) {}

  std::vector<StageFacts> stages_;
  std::uint32_t stage_ = 0;
  std::uint32_t repetition_ = 1;
  Counted told_;
  std::uint64_t malformed_ = 0;        // of the stages before
  std::uint64_t stage_malformed_ = 0;  // of the present one
  std::vector<std::string> notes_;
};

}  // namespace brume::mapreduce

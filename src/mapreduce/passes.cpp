#include "mapreduce/passes.h"

#include <brume/output_format.h>

#include <algorithm>

#include "mapreduce/descriptor.h"

namespace brume::mapreduce {
namespace {

bool is_name(const std::string& text) { return is_counter_name(text); }  // the same alphabet

std::uint64_t sum_of(const std::vector<JobCounter>& counters, std::string_view name) {
  const auto found = std::ranges::find(counters, name, &JobCounter::name);
  return found == counters.end() ? 0 : found->sum;
}

Status check_stage(const StageFacts& stage) {
  if (!stage.carries.empty() && !is_name(stage.carries))
    return malformed("the job: a carried name is not [a-z0-9._-]{1,64}");
  if (!stage.until_zero.empty() && !is_name(stage.until_zero))
    return malformed("the job: a counter's name is not [a-z0-9._-]{1,64}");
  if (stage.at_most == 0 || stage.at_most > kRepetitionLimit)
    return malformed("the job: a stage repeats 1 to " + std::to_string(kRepetitionLimit) + " times");
  if (stage.partitions > kPartitionLimit)
    return malformed("the job: a stage has at most " + std::to_string(kPartitionLimit) + " partitions");
  if (stage.sample_chunks > kSplitLimit)
    return malformed("the job: a sample has at most " + std::to_string(kSplitLimit) + " chunks");
  if (stage.outputs.size() >= kOutputLimit || stage.sides.size() > kSideLimit)
    return malformed("the job: a stage has at most " + std::to_string(kOutputLimit) + " outputs and " +
                     std::to_string(kSideLimit) + " sides");
  for (const std::string& output : stage.outputs) {
    if (!is_name(output)) return malformed("the job: an output's name is not [a-z0-9._-]{1,64}");
    if (std::ranges::count(stage.outputs, output) > 1) return malformed("the job: it names an output twice");
  }
  for (const StageFacts::Side& side : stage.sides) {
    if (!is_name(side.name)) return malformed("the job: a side's name is not [a-z0-9._-]{1,64}");
  }
  return {};
}

}  // namespace

Status check_stages(const std::vector<StageFacts>& stages) {
  if (stages.empty() || stages.size() > kStageLimit)
    return malformed("the job: 1 to " + std::to_string(kStageLimit) + " stages");
  for (const StageFacts& stage : stages) BRUME_TRY(check_stage(stage));
  return {};
}

Result<Passes> Passes::create(std::vector<StageFacts> stages, const std::vector<std::string>& given_sides) {
  BRUME_TRY(check_stages(stages));
  std::string known;
  std::vector<std::string> names;
  std::vector<std::string> made;  // by the job itself
  for (const StageFacts& stage : stages) {
    for (const StageFacts::Side& side : stage.sides) {
      if (side.name == stage.carries && &stage != &stages.front()) {
        made.push_back(side.name);
        continue;
      }
      if (std::ranges::find(names, side.name) == names.end()) known += (known.empty() ? "" : ", ") + side.name;
      names.push_back(side.name);
      const bool given = std::ranges::find(given_sides, side.name) != given_sides.end();
      if (side.needed && !given && side.name != stage.carries)
        return fail(ErrorCode::kUsage, "the job needs side data: --side " + side.name + "=FILE");
    }
  }
  for (const std::string& given : given_sides) {
    if (std::ranges::find(names, given) != names.end()) continue;
    if (std::ranges::find(made, given) != made.end())
      return fail(ErrorCode::kUsage, "--side " + given + ": the job makes that itself, in the stage before");
    return fail(ErrorCode::kUsage,
                "--side " + given + ": the job takes " + (known.empty() ? "no side data" : "only " + known));
  }
  return Passes(std::move(stages));
}

bool Passes::takes_side(const std::string& name) const {
  if (carries() == name) return false;
  return std::ranges::find(stage().sides, name, &StageFacts::Side::name) != stage().sides.end();
}

std::string Passes::title() const {
  std::string out;
  if (stages_.size() > 1) out = "stage " + std::to_string(stage_ + 1) + " of " + std::to_string(stages_.size());
  if (stage().at_most > 1) out += (out.empty() ? "pass " : ", pass ") + std::to_string(repetition_);
  return out;
}

bool Passes::advance(const Counted& counted, std::uint32_t input_count) {
  const StageFacts& done = stage();
  const bool settled = !done.until_zero.empty() && sum_of(counted.counters, done.until_zero) == 0;
  const bool ends_stage = settled || repetition_ == done.at_most;
  const bool is_last = ends_stage && stage_ + 1 == stages_.size();
  keep(counted, input_count, is_last);
  if (ends_stage) end_stage(counted);
  if (is_last) {
    told_.counters = counted.counters;
    const auto malformed = std::ranges::lower_bound(told_.counters, kMalformedCounter, {}, &JobCounter::name);
    if (malformed != told_.counters.end() && malformed->name == kMalformedCounter) {
      malformed->sum = malformed_;
    } else if (malformed_ > 0) {
      told_.counters.insert(malformed, {std::string(kMalformedCounter), malformed_});
    }
    return false;
  }
  repetition_ = ends_stage ? 1 : repetition_ + 1;
  if (ends_stage) ++stage_;
  return true;
}

// A sample's records are read again as a whole.
void Passes::keep(const Counted& counted, std::uint32_t input_count, bool is_last) {
  const bool of_inputs = reads_input() && stage().sample_chunks == 0;
  if (!of_inputs && !is_last) return;
  stage_malformed_ = std::max(stage_malformed_, sum_of(counted.counters, kMalformedCounter));
  for (RecordPlace place : counted.malformed_places) {
    if (!reads_input()) place.input = input_count;
    if (is_last || place.input < input_count) keep_lowest(told_.malformed_places, place);
  }
}

void Passes::end_stage(const Counted& counted) {
  malformed_ = add_to_limit(malformed_, stage_malformed_);
  stage_malformed_ = 0;
  const std::uint64_t left = sum_of(counted.counters, stage().until_zero);
  if (stage().until_zero.empty() || left == 0) return;
  const std::string which = stages_.size() > 1 ? "stage " + std::to_string(stage_ + 1) : "the job";
  notes_.push_back(which + " did not converge: counter " + stage().until_zero + " is " + std::to_string(left) +
                   " after " + std::to_string(repetition_) + (repetition_ == 1 ? " pass" : " passes"));
}

}  // namespace brume::mapreduce

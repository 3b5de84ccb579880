// A job of several stages, each a job of its own.
#pragma once

#include <brume/program.h>

namespace brume::detail {

class StagedProgram final : public JobProgram {
 public:
  explicit StagedProgram(std::string_view name, std::vector<std::unique_ptr<JobProgram>> stages)
      : name_(name), stages_(std::move(stages)) {}

  std::string_view name() const override { return name_; }
  JobStatus describe(const JobConfig& config, std::vector<StageFacts>& facts) override {
    facts.clear();
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      const auto its = for_stage(config, i);
      if (!its) return std::unexpected(its.error());
      std::vector<StageFacts> one;
      if (auto status = stages_[i]->describe(*its, one); !status) return status;
      if (i + 1 < stages_.size() && !one[0].outputs.empty())
        return job_error("only a job's last stage has more outputs");
      facts.push_back(std::move(one[0]));
    }
    return {};
  }
  JobStatus configure(const JobConfig& config) override {
    if (config.stage >= stages_.size()) return job_error("the job has no such stage");
    const auto its = for_stage(config, config.stage);
    if (!its) return std::unexpected(its.error());
    at_ = config.stage;
    return current().configure(*its);
  }
  const Borders& borders() const override { return stages_[at_]->borders(); }
  std::unique_ptr<MapTask> new_map(Scratch& scratch) override { return current().new_map(scratch); }
  bool merges() const override { return stages_[at_]->merges(); }
  std::unique_ptr<ReduceTask> new_reduce(Scratch& scratch) override { return current().new_reduce(scratch); }
  std::unique_ptr<MergeTask> new_merge(Scratch& scratch) override { return current().new_merge(scratch); }
  JobCounters& counters() override { return current().counters(); }

 private:
  JobProgram& current() { return *stages_[at_]; }
  // A parameter is known if any stage asks for it.
  std::expected<JobConfig, std::string> for_stage(JobConfig config, std::size_t stage) const {
    for (const auto& each : stages_) {
      if (auto status = each->add_known(config.parameters, config.known_elsewhere); !status)
        return std::unexpected(std::move(status.error()));
    }
    config.stage = static_cast<std::uint32_t>(stage);
    return config;
  }

  std::string_view name_;
  std::vector<std::unique_ptr<JobProgram>> stages_;
  std::size_t at_ = 0;
};

}  // namespace brume::detail

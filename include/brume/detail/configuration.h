// A typed job and what a run says to it; what it says of itself.
#pragma once

#include <brume/reduction.h>
#include <brume/side.h>

#include <memory>
#include <optional>

namespace brume::detail {

template <typename Job>
concept Stages = requires(const Job& job) {
  { job.stage() } -> std::convertible_to<Stage>;
};
template <typename Job>
concept Loads = requires(Job& job, const SideData& data) { job.load(data); };
template <typename Job>
concept NamesSides = requires { std::span<const Side>(Job::sides); };

// Where a configured job's input may be cut.
template <typename Job>
JobStatus set_borders(const Job& job, Borders& borders) {
  if constexpr (FixesRecords<Job>) {
    const Records records = job.records();
    if (records.size == 0) return job_error("records: their size is at least 1");
    borders = Borders(records);
  } else if constexpr (TakesFiles<Job>) {
    borders = Borders(WholeFiles());
  } else {
    borders = Borders(ByteSet(job.separators()));
  }
  return {};
}

// A new job, configured, but without side data.
template <typename Job>
JobStatus make_job(std::optional<Job>& job, Parameters& parameters, Borders& borders) {
  job.emplace();
  if constexpr (Configures<Job>) job->configure(parameters);
  if (auto status = parameters.status(); !status) return status;
  return set_borders(*job, borders);
}

template <typename Job>
JobStatus configure_job(std::optional<Job>& job, const JobConfig& config, JobCounters& counters, Borders& borders) {
  Parameters parameters(config.parameters, config.known_elsewhere);
  counters.on_malformed(parameters.on_malformed());
  if (auto status = make_job(job, parameters, borders); !status) return status;
  if constexpr (Loads<Job>) job->load(SideData(config.sides));
  return {};
}

// position: of the stage among the job's.
template <typename Job>
JobStatus describe_job(const JobConfig& config, std::size_t position, StageFacts& facts) {
  return guarded([&]() -> JobStatus {
    const auto place = std::make_unique<std::optional<Job>>();  // a job may be larger than the stack
    std::optional<Job>& job = *place;
    Borders borders;
    Parameters parameters(config.parameters, config.known_elsewhere);
    static_cast<void>(parameters.on_malformed());
    if (auto status = make_job(job, parameters, borders); !status) return status;
    Stage stage;
    if constexpr (Stages<Job>) stage = job->stage();
    const bool reads_input = position == 0 || !stage.carries.empty();
    facts.reads = stage.reads.value_or(reads_input ? Reads::kInput : Reads::kPrevious);
    facts.carries = stage.carries;
    facts.sample_chunks = stage.sample_chunks;
    facts.until_zero = stage.until_zero;
    if (!stage.until_zero.empty() && !stage.at_most)
      return job_error("stage: one with until_zero says at_most, too: how many passes there may be");
    facts.at_most = stage.at_most.value_or(1);
    facts.partitions = stage.partitions;
    facts.may_cut = borders.may_cut();
    for (const std::string_view name : outputs_of<Job>()) facts.outputs.emplace_back(name);
    if constexpr (NamesSides<Job>) {
      for (const Side& side : Job::sides) facts.sides.push_back({std::string(side.name), side.needed});
    }
    return {};
  });
}

template <typename Job>
JobStatus add_known_parameters(std::span<const JobParameter> given, std::vector<std::string>& known) {
  return guarded([&]() -> JobStatus {
    if constexpr (Configures<Job>) {
      Parameters parameters(given, std::move(known));
      const auto job = std::make_unique<Job>();
      job->configure(parameters);
      known = parameters.known();
    }
    return {};
  });
}

}  // namespace brume::detail

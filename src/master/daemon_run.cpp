// The daemon's part of one pass of a job: which nodes do it, what it reads, and how it ends.
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "master/daemon_job.h"
#include "master/program_choice.h"
#include "sealed/padding.h"

namespace brume::master {

using nlohmann::json;

namespace {

constexpr std::chrono::milliseconds kProgressInterval{200};
constexpr std::chrono::milliseconds kRenewalPatience{10'000};
constexpr std::chrono::milliseconds kRenewalInterval{50};
constexpr std::uint64_t kSplitSizeLeast = 1u << 20;
constexpr std::uint64_t kSplitSizeMost = 128u << 20;
// Larger splits combine more before they shuffle, smaller ones at the end let mappers end together; a straggler is run
// again elsewhere (plan.h).
constexpr std::uint64_t kLastSplitSizeLeast = 16u << 20;

// A reducer does more than one partition of what is large: tables stay small, and it is collected while it is reduced.
constexpr std::uint64_t kInputPerPartition = 160u << 20;
constexpr std::uint64_t kSortedPerPartition = 64u << 20;
constexpr std::uint64_t kPartitionsPerReducer = 4;

// What is sorted should fit into memory at once: a pair takes more there than in the input, and what does not fit is
// sealed, kept on disk and opened once more.
constexpr std::uint64_t kMemoryPerSorted = 4;

constexpr std::uint64_t kOutputMemory = 512u << 20;
constexpr std::uint64_t kMachinesPart = 8;

std::uint64_t default_output_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_size = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_size <= 0) return 0;
  const std::uint64_t machine = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_size);
  return std::min(kOutputMemory, machine / kMachinesPart);
}

void choose_splits(std::uint64_t asked, std::uint64_t input_size, std::uint32_t mappers, std::uint64_t most,
                   mapreduce::RunRequest& request) {
  // Rounded up, so that nothing is left over for one more.
  const std::uint64_t share = input_size / std::max(1u, mappers) + sealed::kAgeChunkSize;
  const std::uint64_t size = asked > 0 ? asked : std::clamp(share, kSplitSizeLeast, most);
  request.chunks_per_split = std::max<std::uint64_t>(1, size / sealed::kAgeChunkSize);
  if (asked == 0) request.falling_for = mappers;
  request.least_chunks = kLastSplitSizeLeast / sealed::kAgeChunkSize;
}

std::uint32_t partitions_for(std::uint64_t input_size, std::uint32_t reducers, bool sorted) {
  const std::uint64_t least = std::max(1u, reducers);
  const std::uint64_t size = sorted ? kSortedPerPartition : kInputPerPartition;
  // As many for each reducer.
  const std::uint64_t wanted = std::clamp(input_size / size / least, std::uint64_t{1}, kPartitionsPerReducer) * least;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, mapreduce::kPartitionLimit));
}

json progress_event(const mapreduce::RunProgress& progress, const std::string& pass) {
  return {{"event", "progress"},
          {"pass", pass},
          {"maps_done", progress.maps_done},
          {"map_count", progress.map_count},
          {"reduces_done", progress.reduces_done},
          {"reduce_count", progress.reduce_count}};
}

}  // namespace

RunInputs Daemon::Job::reads() const {
  std::vector<RunFile> inputs;
  if (passes.reads_input()) inputs = given.inputs();
  if (passes.reads_previous()) inputs.push_back(*previous);
  std::vector<RunFile> sides;
  for (const RunFile& side : given.sides())
    if (passes.takes_side(side.name)) sides.push_back(side);
  if (const auto name = passes.carries()) sides.push_back({*name, previous->file});
  std::ranges::sort(sides, {}, &RunFile::name);
  return {std::move(inputs), std::move(sides)};
}

// Nodes that were asked for evidence anew have a moment for it, so that the run begins with them.
void Daemon::await_renewals() {
  const auto until = std::chrono::steady_clock::now() + kRenewalPatience;
  for (bool awaited = true; awaited && !stopping_;) {
    loop_->loop().run_sync([&] {
      awaited = std::ranges::any_of(membership_->records(), [&](const auto& entry) {
        return entry.second.state == NodeState::kAdmitted && !membership_->holds(entry.first);
      });
    });
    if (std::chrono::steady_clock::now() >= until) return;
    if (awaited) std::this_thread::sleep_for(kRenewalInterval);
  }
}

// Of a job that begins.
Result<Daemon::Workers> Daemon::first_workers(const std::optional<Measurement>& asked) const {
  ProgramCounts admitted;
  for (const auto& [connection, node] : membership_->records())
    if (membership_->holds(connection) && node.facts) ++admitted[node.facts->measurement];
  BRUME_ASSIGN(const Measurement program, choose_program(admitted, asked));
  return workers(program);
}

Result<Daemon::Workers> Daemon::workers(const Measurement& program) const {
  Workers out;
  out.measurement = program;
  for (const auto& [connection, node] : membership_->records()) {
    if (!membership_->holds(connection) || !node.facts || !node.role) continue;
    if (node.facts->measurement != program) continue;
    const mapreduce::Roles roles{*node.role != join::Role::kReducer, *node.role != join::Role::kMapper};
    out.mappers += roles.map ? 1 : 0;
    out.reducers += roles.reduce ? 1 : 0;
    out.nodes.emplace_back(node.id, roles);
  }
  if (out.nodes.empty())
    return fail(ErrorCode::kUnavailable, "no node of the job's program is left; see 'brume nodes'");
  return out;
}

Result<std::shared_ptr<JobRun>> Daemon::begin_run(const Job& job) {
  Result<std::shared_ptr<JobRun>> run = fail(ErrorCode::kState, "the master stops");
  loop_->loop().run_sync([&] { run = begin_run_of(job, job.reads()); });
  return run;
}

Result<std::shared_ptr<JobRun>> Daemon::begin_run_of(const Job& job, RunInputs inputs) {
  BRUME_ASSIGN(const Workers able, workers(job.program));
  const JobRequest& asked = job.request;
  const StageFacts& stage = job.passes.stage();
  mapreduce::RunRequest request{.job_name = asked.job_name,
                                .stage = job.passes.stage_index(),
                                .measurement = able.measurement,
                                .parameters = asked.parameters,
                                .whole_inputs = !stage.may_cut,
                                .sample_chunks = stage.sample_chunks,
                                .output_recipient = asked.output_recipient};
  inputs.add_to(request);
  const std::uint64_t most =
      stage.merges ? std::clamp(job.memory_budget / kMemoryPerSorted, kSplitSizeLeast, kSplitSizeMost) : kSplitSizeMost;
  choose_splits(asked.split_size, inputs.input_size(), able.mappers, most, request);
  if (asked.padded) request.padding_least = sealed::kPaddedLeast;
  request.partition_count = asked.partition_count > 0
                                ? asked.partition_count
                                : partitions_for(inputs.input_size(), able.reducers, stage.merges);
  if (stage.partitions > 0) request.partition_count = stage.partitions;
  if (request.partition_count > mapreduce::kPartitionLimit)
    return fail(ErrorCode::kUsage, "run: at most " + std::to_string(mapreduce::kPartitionLimit) + " partitions");
  request.policy_hash = membership_->policy().hash;
  request.epoch = membership_->policy().epoch;
  request.output_memory = options_.output_memory.value_or(default_output_memory());
  BRUME_ASSIGN(auto spool, OutputSpool::create(options_.home.runs(), request.partition_count));
  BRUME_ASSIGN(auto core, mapreduce::RunCore::create(std::move(request), random_, *spool));
  auto run = std::make_shared<JobRun>(std::move(spool), std::move(core), std::move(inputs), *this);
  {
    const std::lock_guard lock(run_mutex_);
    run_ = run;
  }
  json read = json::array();
  for (const RunFile& input : run->inputs().inputs()) read.push_back(input.name);
  audit(json{{"event", "run"}, {"run", run->id().hex()}, {"job", asked.job_name}, {"inputs", read}});
  renew_inputs_at_.reset();
  send_inputs(admitted_connections());
  run->tick(clock_.now_ms());
  for (const auto& [node, roles] : able.nodes) run->node_joined(node, roles, host_of(*membership_->find(node)));
  flush();
  return run;
}

Status Daemon::wait_for_run(const Job& job, JobRun& run, ControlPeer& peer) {
  const std::string pass = job.passes.title();
  for (;;) {
    const JobRun::News news = run.wait(kProgressInterval);
    for (const std::string& note : news.notes) peer.send({{"event", "note"}, {"text", note}});
    peer.send(progress_event(news.progress, pass));
    if (news.failed)
      return fail(ErrorCode::kState, "the run failed: " + (pass.empty() ? news.why : pass + ": " + news.why));
    if (news.finished) return {};
    if (peer.gone()) return fail(ErrorCode::kState, "the run was cancelled");
  }
}

void Daemon::end_run(const std::shared_ptr<JobRun>& run) {
  loop_->loop().run_sync([&] {
    const std::lock_guard lock(run_mutex_);
    if (run_ == run) run_.reset();
    run->cancel();
    renew_inputs_at_.reset();
    for (const transport::ConnectionId connection : admitted_connections())
      control_server_->send(connection, transport::Channel::kHost,
                            transport::encode_host_message(transport::DropRun{run->id()}));
    flush();
  });
}

}  // namespace brume::master

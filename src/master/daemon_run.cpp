// The daemon's part of one run: from the tool's request to the result file and the receipt.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "master/daemon.h"
#include "master/result_file.h"
#include "sealed/padding.h"

namespace brume::master {

using nlohmann::json;

namespace {

constexpr std::chrono::milliseconds kProgressInterval{200};
constexpr std::uint64_t kSplitSizeLeast = 1u << 20;
constexpr std::uint64_t kSplitSizeMost = 128u << 20;
// Larger splits combine more before they shuffle; a straggler is run again elsewhere (plan.h).
constexpr std::uint64_t kSplitsPerMapper = 1;

Result<JobRequest> parse_request(const json& request) {
  JobRequest out;
  out.job_name = request.value("job", "");
  std::replace(out.job_name.begin(), out.job_name.end(), '_', '-');
  BRUME_ASSIGN(out.input, InputName::parse(request.value("input", "")));
  BRUME_ASSIGN(out.access, parse_access(request.value("access", json::object())));
  out.output = request.value("output", "");
  out.output_recipient = request.value("recipient", "");
  out.padded = request.value("pad", false);
  out.partition_count = request.value("partitions", 0u);
  out.split_size = request.value("split_size", std::uint64_t{0});
  const json parameters = request.value("parameters", json::object());
  for (const auto& [key, value] : parameters.items()) out.parameters.push_back({key, value.get<std::string>()});
  if ((!out.input.remote() && !out.input.text.starts_with('/')) || !out.output.is_absolute())
    return fail(ErrorCode::kUsage, "run: input and output must be absolute paths");
  return out;
}

std::uint64_t chunks_per_split(const JobRequest& request, std::uint64_t input_size, std::uint64_t mapper_count) {
  std::uint64_t size = request.split_size;
  if (size == 0)
    size = std::clamp(input_size / std::max<std::uint64_t>(1, mapper_count * kSplitsPerMapper), kSplitSizeLeast,
                      kSplitSizeMost);
  return std::max<std::uint64_t>(1, size / sealed::kAgeChunkSize);
}

}  // namespace

Result<json> Daemon::run_job(const json& request_json, ControlPeer& peer) {
  BRUME_ASSIGN(JobRequest request, parse_request(request_json));
  std::unique_lock turn(one_run_, std::defer_lock);
  while (!turn.try_lock()) {
    if (peer.gone() || stopping_) return fail(ErrorCode::kState, "run: given up while waiting for another run");
    peer.send({{"event", "waiting"}});
    std::this_thread::sleep_for(kProgressInterval);
  }
  UnixMs started = clock_.now_ms();
  BRUME_ASSIGN(InputFile input,
               InputFile::open(request.input, request.access, identities_, options_.fetch_program, started));
  BRUME_ASSIGN(std::shared_ptr<JobRun> run, begin_run(request, std::move(input)));
  for (;;) {
    JobRun::News news = run->wait(kProgressInterval);
    for (const std::string& note : news.notes) peer.send({{"event", "note"}, {"text", note}});
    const auto& p = news.progress;
    peer.send({{"event", "progress"},
               {"maps_done", p.maps_done},
               {"map_count", p.map_count},
               {"reduces_done", p.reduces_done},
               {"reduce_count", p.reduce_count}});
    if (news.failed) {
      end_run(run);
      audit(json{{"event", "run-failed"}, {"run", run->id().hex()}, {"why", news.why}}.dump());
      return fail(ErrorCode::kState, "the run failed: " + news.why);
    }
    if (news.finished) break;
    if (peer.gone()) {
      end_run(run);
      audit(json{{"event", "run-cancelled"}, {"run", run->id().hex()}}.dump());
      return fail(ErrorCode::kState, "the run was cancelled");
    }
  }
  end_run(run);
  return finish_run(*run, request, started);
}

Result<std::shared_ptr<JobRun>> Daemon::begin_run(const JobRequest& request, InputFile input) {
  std::shared_ptr<JobRun> run;
  Status status;
  loop_->loop().run_sync([&] {
    // One program a run: that of most admitted nodes.
    std::map<Measurement, std::uint64_t> programs;
    for (const auto& [connection, node] : membership_->records())
      if (node.state == NodeState::kAdmitted && node.facts) ++programs[node.facts->measurement];
    if (programs.empty()) {
      status = fail(ErrorCode::kUnavailable, "no node is admitted; see 'brume nodes'");
      return;
    }
    Measurement measurement = std::max_element(programs.begin(), programs.end(), [](const auto& a, const auto& b) {
                                return a.second < b.second;
                              })->first;
    std::vector<std::pair<NodeId, mapreduce::Roles>> nodes;
    std::uint64_t mappers = 0;
    std::uint32_t reducers = 0;
    for (const auto& [connection, node] : membership_->records()) {
      if (node.state != NodeState::kAdmitted || !node.facts || node.facts->measurement != measurement || !node.role)
        continue;
      mapreduce::Roles roles{*node.role != join::Role::kReducer, *node.role != join::Role::kMapper};
      mappers += roles.map ? 1 : 0;
      reducers += roles.reduce ? 1 : 0;
      nodes.emplace_back(node.id, roles);
    }
    mapreduce::RunRequest core_request{
        .job_name = request.job_name, .measurement = measurement, .parameters = request.parameters};
    core_request.inputs.push_back({{input.opening(), input.layout(), input.shown()}});
    core_request.chunks_per_split = chunks_per_split(request, input.layout().layout().plaintext_size(), mappers);
    if (request.padded) core_request.padding_least = sealed::kPaddedLeast;
    core_request.partition_count = request.partition_count > 0 ? request.partition_count : std::max(1u, reducers);
    core_request.output_recipient = request.output_recipient;
    core_request.policy_hash = membership_->policy().hash;
    core_request.epoch = membership_->policy().epoch;
    if (core_request.partition_count > mapreduce::kPartitionLimit) {
      status = fail(ErrorCode::kUsage, "run: at most " + std::to_string(mapreduce::kPartitionLimit) + " partitions");
      return;
    }
    auto spool = OutputSpool::create(options_.home.runs(), core_request.partition_count);
    if (!spool) {
      status = std::unexpected(spool.error());
      return;
    }
    auto core = mapreduce::RunCore::create(std::move(core_request), random_, **spool);
    if (!core) {
      status = std::unexpected(core.error());
      return;
    }
    run = std::make_shared<JobRun>(std::move(*spool), std::move(*core), std::move(input), *this);
    {
      std::lock_guard lock(run_mutex_);
      run_ = run;
    }
    audit(json{{"event", "run"}, {"run", run->id().hex()}, {"job", request.job_name}, {"input", run->input().shown()}}
              .dump());
    renew_inputs_at_.reset();
    send_inputs(admitted_connections());
    run->tick(clock_.now_ms());
    for (const auto& [node, roles] : nodes) run->node_joined(node, roles);
    flush();
  });
  if (!status) return std::unexpected(status.error());
  return run;
}

void Daemon::end_run(const std::shared_ptr<JobRun>& run) {
  loop_->loop().run_sync([&] {
    std::lock_guard lock(run_mutex_);
    if (run_ == run) run_.reset();
    renew_inputs_at_.reset();
    for (const auto& [connection, node] : membership_->records())
      if (node.state == NodeState::kAdmitted)
        control_server_->send(connection, transport::Channel::kHost,
                              transport::encode_host_message(transport::DropRun{run->id()}));
  });
}

Result<json> Daemon::finish_run(JobRun& run, const JobRequest& request, UnixMs started_ms) {
  BRUME_ASSIGN(auto file, ResultFile::create(request.output, request.output_recipient, random_));
  UnixMs collected = clock_.now_ms();
  BRUME_ASSIGN(mapreduce::MergeTotals totals, run.core().write_output(*file));
  BRUME_TRY(file->commit());
  const auto& descriptor = run.core().descriptor();
  json counters = json::object();
  for (const JobCounter& counter : run.core().ledger().job_counters()) counters[counter.name] = counter.sum;
  json malformed_places = json::array();
  for (const RecordPlace& place : run.core().ledger().malformed_places()) malformed_places.push_back(place.offset);
  const mapreduce::InputCommitment& input = descriptor.fields().inputs.front().commitment;
  json receipt{{"format", "brume-receipt/1"},
               {"run", run.id().hex()},
               {"job", descriptor.fields().job_name},
               {"descriptor", descriptor.hash().hex()},
               {"measurement", descriptor.fields().measurement.hex()},
               {"policy", descriptor.fields().policy_hash.hex()},
               {"epoch", descriptor.fields().epoch},
               {"input",
                {{"header", input.header_hash.hex()},
                 {"payload_key_commitment", input.payload_key_commitment.hex()},
                 {"size", descriptor.input_size()}}},
               {"output", {{"sha256", file->digest().hex()}, {"size", file->size()}, {"records", totals.records}}},
               {"counters", counters},
               {"malformed_places", malformed_places},
               {"tasks", json::array()}};
  auto add_task = [&](const mapreduce::TaskId& id) {
    const auto* committed = run.core().ledger().find(id);
    if (committed == nullptr) return;
    json digests = json::array();
    for (const auto& t : committed->totals) digests.push_back(t.digest.hex());
    receipt["tasks"].push_back({{"task", mapreduce::to_string(id)},
                                {"node", committed->node.value},
                                {"attempt", committed->salt.hex()},
                                {"streams", digests}});
  };
  if (request.input.remote()) receipt["input"]["location"] = run.input().shown();
  for (std::uint32_t i = 0; i < descriptor.split_count(); ++i) add_task({mapreduce::Stage::kMap, i});
  if (descriptor.has_stitch()) add_task({mapreduce::Stage::kStitch, 0});
  for (std::uint32_t i = 0; i < descriptor.partition_count(); ++i) add_task({mapreduce::Stage::kReduce, i});
  std::filesystem::path folder = options_.home.runs() / run.id().hex();
  BRUME_TRY(make_private_folder(folder));
  BRUME_TRY(write_private_file(folder / "receipt.json", receipt.dump(2) + "\n"));
  UnixMs now = clock_.now_ms();
  audit(json{{"event", "run-finished"}, {"run", run.id().hex()}, {"output", file->digest().hex()}}.dump());
  return json{{"run", run.id().hex()},
              {"input", run.input().shown()},
              {"records", totals.records},
              {"output_size", file->size()},
              {"counters", counters},
              {"malformed_places", malformed_places},
              {"receipt", (folder / "receipt.json").string()},
              {"cluster_ms", collected - started_ms},
              {"merge_ms", now - collected},
              {"total_ms", now - started_ms}};
}

}  // namespace brume::master

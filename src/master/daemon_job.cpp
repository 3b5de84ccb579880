// The daemon's part of one `brume run`: from the tool's request, through the job's passes, to the results and the
// receipt.
#include "master/daemon_job.h"

#include <algorithm>

#include "base/json_text.h"
#include "files/output_places.h"
#include "mapreduce/outputs.h"
#include "master/copy_folder.h"
#include "master/read_ahead.h"
#include "master/receipt.h"
#include "master/write_behind.h"

namespace brume::master {

using nlohmann::json;

namespace {

constexpr std::chrono::milliseconds kTurnInterval{200};
constexpr std::chrono::milliseconds kDescribePatience{10'000};

// Reading and opening, merging, writing: a thread for each.
Result<mapreduce::MergeTotals> merge_into(mapreduce::LineSink& sink, mapreduce::RunCore& core) {
  WriteBehind behind(sink);
  ReadAhead ahead(core.take_outputs());
  BRUME_ASSIGN(const mapreduce::MergeTotals totals, mapreduce::merge_outputs(ahead.lanes(), behind));
  BRUME_TRY(behind.finish());
  return totals;
}

Status check_outputs(const JobRequest& request, const mapreduce::Passes& passes) {
  for (const auto& [name, path] : request.outputs) {
    const auto& known = passes.last_outputs();
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string list;
    for (const std::string& output : known) list += (list.empty() ? "" : ", ") + output;
    return fail(ErrorCode::kUsage, "--output " + name + "=: the job has " +
                                       (list.empty() ? "one output only" : "no such output; its others are " + list));
  }
  return {};
}

// Where the job's results go, the first one first. Nothing stands at a path before all are whole.
class Results {
 public:
  static Result<Results> create(const JobRequest& request, const std::vector<std::string>& others, Random& random) {
    Results out;
    BRUME_TRY(out.add("", request.output, request, random));
    for (const std::string& name : others) {
      const auto asked = request.outputs.find(name);
      std::filesystem::path path = request.output;
      path += "." + name;
      BRUME_TRY(out.add(name, asked == request.outputs.end() ? path : asked->second, request, random));
    }
    return out;
  }

  Result<mapreduce::MergeTotals> take(mapreduce::RunCore& core) {
    std::vector<mapreduce::LineSink*> sinks;
    for (const auto& file : files_) sinks.push_back(file.get());
    mapreduce::OutputRouter router(std::move(sinks));
    BRUME_ASSIGN(mapreduce::MergeTotals totals, merge_into(router, core));
    BRUME_TRY(router.finish());
    for (const auto& file : files_) BRUME_TRY(file->commit());
    return totals;
  }
  std::vector<WrittenOutput> written() const {
    std::vector<WrittenOutput> out;
    for (std::size_t i = 0; i < files_.size(); ++i) out.push_back({names_[i], files_[i].get()});
    return out;
  }

 private:
  Status add(const std::string& name, const std::filesystem::path& path, const JobRequest& request, Random& random) {
    BRUME_TRY(places_.add(path));
    BRUME_ASSIGN(const std::filesystem::path target, files::replaceable_target(path));
    BRUME_ASSIGN(auto file, ResultFile::create(target, request.output_recipient, random));
    files_.push_back(std::move(file));
    names_.push_back(name);
    return {};
  }

  std::vector<std::string> names_;
  files::OutputPlaces places_;
  std::vector<std::unique_ptr<ResultFile>> files_;
};

json describe_outputs(const std::vector<WrittenOutput>& outputs) {
  json out = json::array();
  for (const WrittenOutput& output : outputs)
    out.push_back({{"name", output.name}, {"path", output.file->path().string()}, {"size", output.file->size()}});
  return out;
}

}  // namespace

Result<json> Daemon::take_job(const json& request_json, ControlPeer& peer) {
  BRUME_ASSIGN(JobRequest request, parse_job_request(request_json));
  auto answer = run_job(std::move(request), peer);
  if (peer.gone()) remove_left_copies(options_.home.runs());
  return answer;
}

Result<json> Daemon::run_job(JobRequest request, ControlPeer& peer) {
  std::unique_lock turn(one_run_, std::defer_lock);
  while (!turn.try_lock()) {
    if (peer.gone() || stopping_) return fail(ErrorCode::kState, "run: given up while waiting for another run");
    peer.send({{"event", "waiting"}});
    std::this_thread::sleep_for(kTurnInterval);
  }
  const UnixMs started = clock_.now_ms();
  await_renewals();
  Result<Workers> able = fail(ErrorCode::kUnavailable, "stopping");
  loop_->loop().run_sync([&] { able = first_workers(request.measurement); });
  if (!able) return std::unexpected(able.error());
  BRUME_ASSIGN(mapreduce::JobDescription description, describe_job(request, *able));
  std::vector<std::string> sides;
  for (const NamedInput& side : request.sides) sides.push_back(side.name);
  BRUME_ASSIGN(mapreduce::Passes passes, mapreduce::Passes::create(std::move(description.stages), sides));
  BRUME_TRY(check_outputs(request, passes));
  // A place that cannot be written to is told before the work.
  BRUME_TRY(Results::create(request, passes.last_outputs(), random_));
  // Servers may be slow, and others wait for their turn.
  BRUME_ASSIGN(RunInputs given, open_inputs(request, [&] { return peer.gone() || stopping_; }));
  Job job{std::move(request),
          std::move(passes),
          std::move(given),
          able->measurement,
          started,
          description.memory_budget,
          {},
          json::array(),
          {}};
  return do_job(job, peer);
}

Result<json> Daemon::do_job(Job& job, ControlPeer& peer) {
  for (;;) {
    BRUME_ASSIGN(const std::shared_ptr<JobRun> run, begin_run(job));
    const Status done = wait_for_run(job, *run, peer);
    end_run(run);
    if (!done) {
      audit(json{{"event", "run-failed"}, {"run", run->id().hex()}, {"why", done.error().what}});
      return std::unexpected(done.error());
    }
    for (const auto& [node, use] : run->core().ledger().memory())
      if (use.peak >= job.memory[node].peak) job.memory[node] = use;
    job.pass_receipts.push_back(describe_pass(run->core(), job.passes.repetition()));
    const mapreduce::Ledger& ledger = run->core().ledger();
    const auto input_count = static_cast<std::uint32_t>(job.given.inputs().size());
    if (!job.passes.advance({ledger.job_counters(), ledger.malformed_places()}, input_count)) {
      for (const std::string& note : job.passes.notes()) peer.send({{"event", "note"}, {"text", note}});
      return finish_job(job, *run);
    }
    BRUME_ASSIGN(job.previous, keep_output(*run));
    await_renewals();
  }
}

// Any admitted node knows: all that may do the run have the same program. One that is lost or silent is not the last.
Result<mapreduce::JobDescription> Daemon::describe_job(const JobRequest& request, const Workers& able) {
  Error last;
  for (const auto& [node, roles] : able.nodes) {
    auto description = ask_node(node, request);
    if (description || description.error().code != ErrorCode::kUnavailable) return description;
    last = description.error();
    if (stopping_) break;
  }
  return std::unexpected(last);
}

Result<mapreduce::JobDescription> Daemon::ask_node(NodeId node, const JobRequest& request) {
  std::shared_ptr<JobQuery> query;
  Status sent;
  loop_->loop().run_sync([&] {
    query_ = query = std::make_shared<JobQuery>(node, next_query_++);
    const auto message =
        mapreduce::encode(mapreduce::DescribeOrder{query->number(), request.job_name, request.parameters});
    sent = send_to_node(node, static_cast<std::uint8_t>(message.type), message.body);
    flush();
  });
  auto answer = sent ? query->wait(kDescribePatience) : fail(ErrorCode::kUnavailable, sent.error().what);
  loop_->loop().run_sync([&] { query_.reset(); });
  return answer;
}

Result<RunInputs> Daemon::open_inputs(const JobRequest& request, const std::function<bool()>& given_up) const {
  const Fetching fetching{options_.fetch_program, given_up};
  const auto open_all = [&](const std::vector<NamedInput>& named,
                            const formats::CompressionChoice& choice) -> Result<std::vector<RunFile>> {
    std::vector<RunFile> out;
    for (const NamedInput& input : named) {
      if (given_up()) return fail(ErrorCode::kState, "run: given up while its inputs were opened");
      BRUME_ASSIGN(InputFile file,
                   InputFile::open(input.place, request.access, choice, identities_, fetching, clock_.now_ms()));
      out.push_back({input.name, std::make_shared<const InputFile>(std::move(file))});
      if (input.pin) BRUME_TRY(check_pin(out.back(), *input.pin));
    }
    return out;
  };
  BRUME_ASSIGN(std::vector<RunFile> inputs, open_all(request.inputs, request.compression));
  BRUME_ASSIGN(std::vector<RunFile> sides, open_all(request.sides, formats::Compression::kNone));
  return RunInputs(std::move(inputs), std::move(sides));
}

// Sealed to a key that nobody else has, for as long as the next pass needs it.
Result<RunFile> Daemon::keep_output(JobRun& run) {
  const auto identity = sealed::AgeIdentity::generate(random_);
  const std::filesystem::path path = options_.home.runs() / ("pass-" + run.id().hex() + ".age");
  BRUME_ASSIGN(auto file, ResultFile::create(path, identity.recipient().text(), random_));
  BRUME_TRY(merge_into(*file, run.core()));
  BRUME_TRY(file->commit());
  auto opened = InputFile::open({InputName::Kind::kFile, path.string()}, {}, formats::Compression::kNone,
                                std::span(&identity, 1), {options_.fetch_program}, clock_.now_ms());
  if (!opened) {
    unlink(path.c_str());
    return std::unexpected(opened.error());
  }
  const auto forget = [path](const InputFile* kept) {
    unlink(path.c_str());
    delete kept;
  };
  return RunFile{std::string(kPreviousInput), {new InputFile(std::move(*opened)), forget}};
}

// By the enclaves' own word; of those that made what counts.
json Daemon::describe_memory(const Job& job) {
  std::map<NodeId, std::string> names;
  loop_->loop().run_sync([&] {
    for (const auto& [connection, node] : membership_->records()) names[node.id] = node.claimed_name;
  });
  json out = json::array();
  for (const auto& [node, use] : job.memory)
    out.push_back({{"node", node.value}, {"name", names[node]}, {"peak", use.peak}, {"limit", use.limit}});
  return out;
}

Result<json> Daemon::finish_job(const Job& job, JobRun& run) {
  BRUME_ASSIGN(Results results, Results::create(job.request, job.passes.last_outputs(), random_));
  const UnixMs collected = clock_.now_ms();
  BRUME_ASSIGN(const mapreduce::MergeTotals totals, results.take(run.core()));
  const auto written = results.written();
  const std::filesystem::path folder = options_.home.runs() / run.id().hex();
  BRUME_TRY(make_private_folder(folder));
  const JobFacts facts = master::describe_job(job.passes, job.given);
  const json receipt = make_receipt(run.core(), job.given, job.pass_receipts, facts, written, totals);
  BRUME_TRY(write_private_file(folder / "receipt.json", json_text(receipt, 2) + "\n", Flush::kLater));
  const UnixMs now = clock_.now_ms();
  audit(json{{"event", "run-finished"}, {"run", run.id().hex()}, {"output", written.front().file->digest().hex()}});
  std::uint64_t size = 0;
  for (const WrittenOutput& output : written) size += output.file->size();
  return json{{"run", run.id().hex()},
              {"passes", job.pass_receipts.size()},
              {"records", totals.records},
              {"output_size", size},
              {"outputs", describe_outputs(written)},
              {"counters", facts.counters},
              {"malformed_places", facts.malformed_places},
              {"notes", facts.notes},
              {"memory", describe_memory(job)},
              {"receipt", (folder / "receipt.json").string()},
              {"cluster_ms", collected - job.started_ms},
              {"merge_ms", now - collected},
              {"total_ms", now - job.started_ms}};
}

}  // namespace brume::master

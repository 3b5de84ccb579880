#include "mapreduce/run.h"

#include <algorithm>

#include "base/check.h"

namespace brume::mapreduce {

namespace {

using Action = RunAction::Kind;

// Smaller streams come as fast as a hint does.
constexpr std::uint64_t kHintLeast = 16u << 10;

InputCommitment commitment_to(const SealedFile& file) {
  const sealed::ClaimedAgeLayout& layout = file.layout.layout();  // proved: AgeLayout
  return {file.opening.commitment.header, file.opening.commitment.payload_key, layout.chunk_count,
          layout.final_chunk_size()};
}

// For people: of a map task with the place in the input where it begins.
std::string name_of(const Descriptor& descriptor, const TaskId& task) {
  if (task.stage != Stage::kMap) return to_string(task);
  return printable(map_name(task.index, begin_of(descriptor, task.index)), kFailureTextLimit);
}

std::string output_text(std::uint32_t partition, std::string_view why) {
  return "output of partition " + std::to_string(partition) + ": " + std::string(why);
}

// Which chunks each map task reads.
Status plan_fields(const RunRequest& request, DescriptorFields& fields) {
  std::uint64_t total = 0;
  for (const RunInput& input : fields.inputs) {
    if (input.commitment.chunk_count > kChunkCountLimit) return fail(ErrorCode::kLimit, "input: over 2^36 chunks");
    total += input.commitment.chunk_count;
  }
  // Encoded input has no beginning but its own: a sample of it is all of it.
  const bool encoded =
      std::ranges::any_of(fields.inputs, [](const RunInput& input) { return input.encoding != InputEncoding::kNone; });
  if (request.sample_chunks > 0 && request.sample_chunks < total && !encoded) {
    fields.is_sample = true;
    fields.split_chunk_counts.assign(request.sample_chunks, 1);
    return {};
  }
  for (const RunInput& input : fields.inputs) {
    const bool whole = request.whole_inputs || input.encoding != InputEncoding::kNone;
    const std::uint64_t chunks = input.commitment.chunk_count;
    const bool falls = !whole && request.falling_for > 0 && &input == &fields.inputs.back();
    const auto counts =
        falls ? plan_falling_splits(chunks, request.chunks_per_split, request.least_chunks, request.falling_for)
              : plan_splits(chunks, whole ? chunks : request.chunks_per_split);
    fields.split_chunk_counts.insert(fields.split_chunk_counts.end(), counts.begin(), counts.end());
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<RunCore>> RunCore::create(RunRequest request, Random& random, OutputStore& store) {
  DescriptorFields fields;
  Secrets secrets;
  fields.run = random.make<RunId>();
  fields.job_name = std::move(request.job_name);
  fields.measurement = request.measurement;
  fields.parameters = std::move(request.parameters);
  std::ranges::sort(fields.parameters, {}, &Parameter::key);
  fields.stage = request.stage;
  for (RunRequest::Input& input : request.inputs) {
    fields.inputs.push_back({commitment_to(input.file), std::move(input.file.name), input.encoding});
    secrets.inputs.push_back(input.file.opening.payload_key);
  }
  std::ranges::sort(request.sides, {}, &SealedFile::name);
  for (SealedFile& side : request.sides) {
    fields.sides.push_back({commitment_to(side), std::move(side.name)});
    secrets.sides.push_back(side.opening.payload_key);
  }
  BRUME_TRY(plan_fields(request, fields));
  fields.partition_count = request.partition_count;
  fields.output_recipient = std::move(request.output_recipient);
  fields.policy_hash = request.policy_hash;
  fields.epoch = request.epoch;
  fields.padding_least = request.padding_least;
  BRUME_ASSIGN(Descriptor descriptor, Descriptor::create(std::move(fields)));
  return std::unique_ptr<RunCore>(
      new RunCore(std::move(descriptor), std::move(secrets), request.plan, random, store, request.output_memory));
}

RunCore::RunCore(Descriptor descriptor, Secrets secrets, PlanOptions plan, Random& random, OutputStore& store,
                 std::uint64_t output_memory)
    : descriptor_(std::move(descriptor)),
      secrets_(std::move(secrets)),
      keys_{RunKeys(crypto::Key32::random(random), descriptor_.hash())},
      plan_(descriptor_.split_count(), descriptor_.partition_count(), descriptor_.has_stitch(), plan,
            [this](const TaskId& task) { return name_of(descriptor_, task); }),
      ledger_(descriptor_),
      outputs_(descriptor_.partition_count(), store, output_memory) {}

void RunCore::send(NodeId node, Message message) {
  if (!nodes_.contains(node)) return;
  RunAction action;
  action.kind = Action::kSend;
  action.node = node;
  action.message = std::move(message);
  actions_.push_back(std::move(action));
}

void RunCore::note(std::string text) {
  RunAction action;
  action.kind = Action::kNote;
  action.text = std::move(text);
  actions_.push_back(std::move(action));
}

void RunCore::node_joined(NodeId node, Roles roles, HostName host) {
  if (over()) return;
  nodes_.insert(node);
  plan_.node_joined(node, roles, std::move(host));
  obey_plan();
}

void RunCore::node_lost(NodeId node, NodeLoss how) {
  nodes_.erase(node);
  told_.erase(node);
  plan_.node_lost(node, how);
  obey_plan();
}

void RunCore::begin_epoch(Random& random) {
  if (over()) return;
  keys_.emplace_back(crypto::Key32::random(random), descriptor_.hash());
  generations_.clear();
  plan_.suspend_all();
  obey_plan();
}

void RunCore::node_renewed(NodeId node) {
  plan_.node_resumed(node);
  obey_plan();
}

void RunCore::node_revoked(NodeId node) {
  nodes_.erase(node);
  told_.erase(node);
  plan_.node_revoked(node);
  obey_plan();
}

void RunCore::revoke_absent() {
  plan_.revoke_absent();
  obey_plan();
}

void RunCore::tick(UnixMs now) {
  hint_room_.tick(now);
  plan_.tick(now);
  obey_plan();
}

Status RunCore::on_message(NodeId from, std::uint8_t type, ByteView body) {
  switch (static_cast<MessageType>(type)) {
    case MessageType::kTaskDone:
      return on_done(from, body);
    case MessageType::kTaskFailed:
      return on_failed(from, body);
    default:
      return fail(ErrorCode::kUnsupported, "message of a type that no enclave sends");
  }
}

Status RunCore::on_done(NodeId from, ByteView body) {
  BRUME_ASSIGN(TaskDone report, parse_task_done(body));
  if (report.run != descriptor_.run()) return {};  // late, of an earlier run
  const std::optional<TaskId> task = plan_.running_task(report.ticket, from);
  if (!task) return {};
  if (*task != report.task) return malformed("report: of another task than the ticket's");
  BRUME_TRY(ledger_.check_report(report));
  report_ = std::move(report);
  plan_.task_done(report_->ticket, from);
  obey_plan();
  report_.reset();
  return {};
}

Status RunCore::on_failed(NodeId from, ByteView body) {
  BRUME_ASSIGN(const TaskFailed report, parse_task_failed(body));
  if (report.run != descriptor_.run()) return {};
  const std::optional<TaskId> task = plan_.running_task(report.ticket, from);
  if (!task) return {};
  if (*task != report.task) return malformed("report: of another task than the ticket's");
  const std::string why = std::string(failure_reason_name(report.reason)) + ": " + report.text;
  note(name_of(descriptor_, *task) + " at node " + std::to_string(from.value) + " failed, " + why);
  generations_.erase(report.ticket);
  plan_.task_failed(report.ticket, from, why, report.producer, report.reason == FailureReason::kJob);
  obey_plan();
  return {};
}

crypto::Key32 RunCore::stream_key(const TaskId& producer, std::uint32_t partition) const {
  const Committed* committed = ledger_.find(producer);
  BRUME_CHECK(committed != nullptr);
  return derive_stream_key(keys_[committed->key_generation].task_key(producer), committed->salt, partition);
}

void RunCore::obey_plan() {
  for (const PlanCommand& command : plan_.take_commands()) {
    switch (command.kind) {
      case PlanCommand::Kind::kAssign:
        assign(command);
        break;
      case PlanCommand::Kind::kCancel:
        generations_.erase(command.ticket);
        send(command.node, encode(CancelOrder{command.ticket}));
        break;
      case PlanCommand::Kind::kCommit: {
        BRUME_CHECK(report_ && report_->ticket == command.ticket);
        const auto status = ledger_.commit(*report_, command.node, generations_.at(command.ticket));
        generations_.erase(command.ticket);
        BRUME_CHECK(status.has_value());
        if (command.task.stage == Stage::kMap) hint_at(command.task);
        break;
      }
      case PlanCommand::Kind::kWithdraw:
        withdraw(command.task);
        break;
      case PlanCommand::Kind::kLost:
        generations_.erase(command.ticket);
        note(name_of(descriptor_, command.task) + ": its node " + std::to_string(command.node.value) + " was lost");
        break;
      case PlanCommand::Kind::kCollect:
        collect(command);
        break;
      case PlanCommand::Kind::kFinished: {
        const auto complete = ledger_.check_complete();
        BRUME_CHECK(complete.has_value());
        finished_ = true;
        end();
        actions_.emplace_back().kind = Action::kFinished;
        break;
      }
      case PlanCommand::Kind::kFailed:
        end();
        for (std::uint32_t i = 0; i < descriptor_.partition_count(); ++i) outputs_.discard(i);
        actions_.emplace_back().kind = Action::kFailed;
        actions_.back().text = command.why;
        actions_.back().lacks_nodes = command.lacks_nodes;
        break;
    }
  }
}

void RunCore::assign(const PlanCommand& command) {
  if (told_.insert(command.node).second) {
    send(command.node, encode(RunStart{descriptor_.encoded(), keys_.front().partition_hash_key(), secrets_.sides}));
  }
  generations_[command.ticket] = static_cast<std::uint32_t>(keys_.size() - 1);
  const crypto::Key32 task_key = keys_.back().task_key(command.task);
  if (command.task.stage == Stage::kMap) {
    const crypto::Key32& payload_key = secrets_.inputs[descriptor_.input_of(command.task.index)];
    return send(command.node,
                encode(MapOrder{command.ticket, descriptor_.run(), command.task.index, payload_key, task_key}));
  }
  auto sources = ledger_.sources(command.task);
  BRUME_CHECK(sources.has_value());
  const std::uint32_t partition =
      command.task.stage == Stage::kStitch ? descriptor_.partition_count() : command.task.index;
  for (Source& source : *sources) source.key = stream_key(source_task(descriptor_, source.split), partition);
  send(command.node,
       encode(GatherOrder{command.ticket, descriptor_.run(), command.task, task_key, std::move(*sources)}));
}

// While other maps run, the hosts that will reduce fetch what this one made.
void RunCore::hint_at(const TaskId& map_task) {
  const Committed* committed = ledger_.find(map_task);
  BRUME_CHECK(committed != nullptr);
  std::map<NodeId, std::vector<StreamHint::Part>> parts;
  for (std::uint32_t partition = 0; partition < descriptor_.partition_count(); ++partition) {
    const sealed::StreamTotals& totals = committed->totals[partition];
    const auto reducer = plan_.planned_reducer(partition);
    if (totals.sealed_size < kHintLeast || !reducer || *reducer == committed->node) continue;
    parts[*reducer].push_back({partition, totals.block_count, totals.sealed_size});
  }
  if (!hint_room_.take(parts.size())) return;
  for (auto& [reducer, of_it] : parts) {
    RunAction& action = actions_.emplace_back();
    action.kind = Action::kHint;
    action.node = reducer;
    action.hint = {committed->node, map_task.index, committed->salt, std::move(of_it)};
  }
}

void RunCore::collect(const PlanCommand& command) {
  const Committed* committed = ledger_.find(command.task);
  BRUME_CHECK(committed != nullptr);
  const std::uint32_t partition = command.task.index;
  const sealed::StreamId id = stream_id(descriptor_, command.task, partition, committed->salt);
  outputs_.begin(partition, stream_key(command.task, partition), id, committed->totals[0]);
  collectors_.emplace(command.ticket, partition);
  RunAction& action = actions_.emplace_back();
  action.kind = Action::kFetch;
  action.node = command.node;
  action.ticket = command.ticket;
  action.output = id;
}

void RunCore::withdraw(const TaskId& task) {
  note(to_string(task) + " is done again");
  ledger_.withdraw(task);
  if (task.stage != Stage::kReduce) return;
  outputs_.discard(task.index);
  for (auto at = collectors_.begin(); at != collectors_.end();) {
    if (at->second == task.index) {
      RunAction& action = actions_.emplace_back();
      action.kind = Action::kDropFetch;
      action.ticket = at->first;
      at = collectors_.erase(at);
    } else {
      ++at;
    }
  }
}

void RunCore::on_output_block(Ticket ticket, ByteView sealed_block) {
  const auto found = collectors_.find(ticket);
  if (found == collectors_.end()) return;
  const std::uint32_t partition = found->second;
  const Status added = outputs_.add(partition, sealed_block);
  if (added) return;
  if (added.error().code != ErrorCode::kIo) return on_output_failed(ticket, added.error().what);
  plan_.fail_run(output_text(partition, added.error().what));
  obey_plan();
}

void RunCore::on_output_end(Ticket ticket) {
  const auto found = collectors_.find(ticket);
  if (found == collectors_.end()) return;
  if (auto status = outputs_.end(found->second); !status) return on_output_failed(ticket, status.error().what);
  collectors_.erase(found);
  plan_.collected(ticket);
  obey_plan();
}

void RunCore::on_output_failed(Ticket ticket, std::string_view why) {
  const auto found = collectors_.find(ticket);
  if (found == collectors_.end()) return;
  const std::string text = output_text(found->second, why);
  note(text);
  plan_.collect_failed(ticket, text);
  obey_plan();
}

void RunCore::cancel() {
  plan_.fail_run("the run was cancelled");
  obey_plan();
}

void RunCore::end() {
  for (NodeId node : std::exchange(told_, {})) send(node, encode(RunEnd{descriptor_.run()}));
  for (const auto& [ticket, partition] : collectors_) {
    RunAction& action = actions_.emplace_back();
    action.kind = Action::kDropFetch;
    action.ticket = ticket;
  }
  collectors_.clear();
}

std::vector<std::unique_ptr<PieceSource>> RunCore::take_outputs() {
  BRUME_CHECK(finished_);
  return outputs_.take();
}

std::vector<RunAction> RunCore::take_actions() { return std::exchange(actions_, {}); }

RunProgress RunCore::progress() const {
  return {plan_.committed_count(Stage::kMap), descriptor_.split_count(), plan_.committed_count(Stage::kReduce),
          descriptor_.partition_count(), plan_.collected_count()};
}

}  // namespace brume::mapreduce

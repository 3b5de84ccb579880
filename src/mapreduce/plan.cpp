#include "mapreduce/plan.h"

#include <algorithm>

#include "base/check.h"

namespace brume::mapreduce {
namespace {

using Kind = PlanCommand::Kind;

constexpr Stage kStages[] = {Stage::kMap, Stage::kStitch, Stage::kReduce};
constexpr std::span kSources = std::span(kStages).first<2>();

constexpr const char* kTryLocally = "try it with brume run --local";

}  // namespace

Plan::Plan(std::uint32_t split_count, std::uint32_t partition_count, bool has_stitch, PlanOptions options,
           TaskName name)
    : options_(options), name_(std::move(name)) {
  BRUME_CHECK(split_count > 0 && partition_count > 0);
  const std::uint32_t counts[3] = {split_count, has_stitch ? 1u : 0u, partition_count};
  for (std::size_t stage = 0; stage < 3; ++stage) {
    stages_[stage].tasks.resize(counts[stage]);
    for (std::uint32_t i = 0; i < counts[stage]; ++i) stages_[stage].waiting.insert(stages_[stage].waiting.end(), i);
  }
}

bool Plan::known(const TaskId& task) const {
  return task.stage >= Stage::kMap && task.stage <= Stage::kReduce && task.index < of(task.stage).tasks.size();
}

bool Plan::all_committed(Stage stage) const { return of(stage).committed == of(stage).tasks.size(); }

bool Plan::ready(Stage stage) const {
  switch (stage) {
    case Stage::kMap:
      return true;
    case Stage::kStitch:
      return all_committed(Stage::kMap);
    case Stage::kReduce:
      return all_committed(Stage::kMap) && all_committed(Stage::kStitch);
  }
  return false;
}

void Plan::command(Kind kind, Ticket ticket, TaskId task, NodeId node) {
  commands_.push_back({kind, ticket, task, node, {}});
}

void Plan::fail_run(std::string why, bool lacks_nodes) {
  if (over_) return;
  over_ = true;
  for (const auto& [ticket, attempt] : attempts_) command(Kind::kCancel, ticket, attempt.task, attempt.node);
  attempts_.clear();
  commands_.push_back({Kind::kFailed, 0, {}, {}, std::move(why), lacks_nodes});
}

// Forgets a running attempt; a task without any waits again.
void Plan::end_attempt(Ticket ticket) {
  const auto found = attempts_.find(ticket);
  if (found == attempts_.end()) return;
  const Attempt attempt = found->second;
  attempts_.erase(found);
  nodes_.remove_ticket(attempt.node, ticket);
  Task& task = at(attempt.task);
  std::erase(task.running, ticket);
  if (task.state == State::kRunning && task.running.empty()) {
    task.state = State::kWaiting;
    of(attempt.task.stage).waiting.insert(attempt.task.index);
  }
}

void Plan::cancel_attempts(const TaskId& id) {
  const std::vector<Ticket> running = at(id).running;
  for (Ticket ticket : running) {
    command(Kind::kCancel, ticket, id, attempts_.at(ticket).node);
    end_attempt(ticket);
  }
}

void Plan::withdraw(const TaskId& id) {
  Task& task = at(id);
  if (task.state != State::kCommitted && task.state != State::kCollected) return;
  if (task.state == State::kCollected) --collected_;
  collecting_.erase(task.committed);
  task.state = State::kWaiting;
  task.committed = 0;
  --of(id.stage).committed;
  of(id.stage).waiting.insert(id.index);
  command(Kind::kWithdraw, 0, id, {});
  withdraw_dependents(id.stage);
}

void Plan::withdraw_dependents(Stage stage) {
  for (Stage later : kStages) {
    if (later <= stage) continue;
    for (std::uint32_t i = 0; i < of(later).tasks.size(); ++i) {
      cancel_attempts({later, i});
      Task& task = of(later).tasks[i];
      if (task.state == State::kWaiting) continue;
      if (task.state == State::kCollected) --collected_;
      collecting_.erase(task.committed);
      task.state = State::kWaiting;
      task.committed = 0;
      --of(later).committed;
      of(later).waiting.insert(i);
      command(Kind::kWithdraw, 0, {later, i}, {});
    }
  }
}

void Plan::count_failure(const TaskId& id, std::string_view why) {
  Task& task = at(id);
  if (++task.failures < options_.failure_limit) return;
  fail_run(name_(id) + " failed " + std::to_string(task.failures) + " times; last: " + std::string(why));
}

void Plan::node_joined(NodeId node, Roles roles, HostName host) {
  if (over_ || node.value == 0 || alive(node)) return;
  nodes_.add(node, roles, std::move(host));
  settle();
}

std::string Plan::losses_of(const TaskId& id) const {
  const std::uint32_t losses = of(id.stage).tasks[id.index].losses;
  return name_(id) + " lost its node " + (losses == 1 ? "once" : std::to_string(losses) + " times");
}

// A node computes its tasks in the order in which they came: one that only waited there did not end it.
void Plan::count_loss(NodeId node, NodeLoss how) {
  const std::set<Ticket>& tickets = nodes_.at(node).tickets;
  if (tickets.empty()) return;
  const TaskId id = attempts_.at(*tickets.begin()).task;
  command(Kind::kLost, *tickets.begin(), id, node);
  Task& task = at(id);
  const std::uint32_t host = nodes_.host_of(node);
  ++task.losses;
  ++task.losses_at[host];
  if (how == NodeLoss::kEnded) {
    ++task.crashes;
    task.crashed_at.insert(host);
  }
  if (task.losses < options_.loss_limit && !probably_crashes(id, node)) return;
  fail_run(losses_of(id) + ": it probably crashes; " + kTryLocally, true);
}

bool Plan::probably_crashes(const TaskId& id, NodeId lost) const {
  const Task& task = of(id.stage).tasks[id.index];
  if (task.crashed_at.size() >= options_.crash_limit) return true;
  return task.crashes >= options_.crash_limit &&
         std::ranges::all_of(nodes_.able(id.stage), [&](const PlanNodes::Load& load) {
           return load.second == lost || task.crashed_at.contains(nodes_.host_of(load.second));
         });
}

void Plan::drop_node(NodeId node) {
  const std::set<Ticket> tickets = nodes_.at(node).tickets;
  for (Ticket ticket : tickets) end_attempt(ticket);
  nodes_.remove(node);
  sources_lost_ = true;
  for (std::uint32_t i = 0; i < of(Stage::kReduce).tasks.size(); ++i) {
    const Task& task = of(Stage::kReduce).tasks[i];
    if (task.state == State::kCommitted && task.node == node) withdraw({Stage::kReduce, i});
  }
}

void Plan::node_lost(NodeId node, NodeLoss how) {
  if (over_ || !alive(node)) return;
  if (nodes_.is_suspended(node)) return node_revoked(node);
  count_loss(node, how);
  if (over_) return;
  drop_node(node);
  settle();
}

void Plan::node_revoked(NodeId node) {
  if (over_) return;
  if (alive(node)) drop_node(node);
  if (over_) return;
  withdraw_committed(kStages, [&](NodeId holder) { return holder == node; });
  settle();
}

void Plan::revoke_absent() {
  if (over_) return;
  withdraw_committed(kStages, [&](NodeId holder) { return !alive(holder); });
  settle();
}

std::optional<TaskId> Plan::running_task(Ticket ticket, NodeId node) const {
  const auto found = attempts_.find(ticket);
  if (over_ || found == attempts_.end() || found->second.node != node) return std::nullopt;
  return found->second.task;
}

std::uint32_t Plan::committed_count(Stage stage) const { return of(stage).committed; }

bool Plan::task_done(Ticket ticket, NodeId from) {
  const std::optional<TaskId> id = running_task(ticket, from);
  if (!id) return false;
  StageTasks& stage = of(id->stage);
  stage.done_ms += now_ms_ - attempts_.at(ticket).since_ms;
  ++stage.done_count;
  end_attempt(ticket);
  cancel_attempts(*id);
  Task& task = at(*id);
  task.state = State::kCommitted;
  task.committed = ticket;
  task.node = from;
  stage.waiting.erase(id->index);
  ++stage.committed;
  command(Kind::kCommit, ticket, *id, from);
  if (id->stage == Stage::kReduce) {
    collecting_[ticket] = {id->index, now_ms_};
    command(Kind::kCollect, ticket, *id, from);
  }
  settle();
  return true;
}

bool Plan::task_failed(Ticket ticket, NodeId from, std::string_view why, std::optional<TaskId> producer, bool by_job) {
  const std::optional<TaskId> id = running_task(ticket, from);
  if (!id) return false;
  end_attempt(ticket);
  at(*id).avoid.push_back(from);
  if (producer && known(*producer) && producer->stage < id->stage && at(*producer).committed != 0) {
    accuse(*producer, from);
    count_failure(*producer, why);
  } else if (by_job && std::exchange(at(*id).refusal, std::string(why)) == why) {
    fail_run(name_(*id) + ": " + std::string(why));
  } else {
    count_failure(*id, why);
  }
  settle();
  return true;
}

// Either host may be at fault, the one that keeps the stream or the one that brought it. One that more than one
// other has accused is not worth a repetition for each of its streams: all of them are made again elsewhere.
void Plan::accuse(const TaskId& producer, NodeId accuser) {
  const NodeId holder = at(producer).node;
  const std::uint32_t against_holder = nodes_.suspect(holder);
  const std::uint32_t against_accuser = nodes_.suspect(accuser);
  at(producer).avoid.push_back(holder);
  withdraw(producer);
  if (against_holder >= options_.suspicion_limit && against_holder > against_accuser)
    withdraw_committed(kSources, [&](NodeId node) { return node == holder; });
}

template <typename OfNode>
void Plan::withdraw_committed(std::span<const Stage> stages, OfNode of_node) {
  for (Stage stage : stages) {
    for (std::uint32_t i = 0; i < of(stage).tasks.size(); ++i) {
      const Task& task = of(stage).tasks[i];
      if (task.committed != 0 && of_node(task.node)) withdraw({stage, i});
    }
  }
}

bool Plan::collected(Ticket ticket) {
  const auto found = collecting_.find(ticket);
  if (over_ || found == collecting_.end()) return false;
  at({Stage::kReduce, found->second.partition}).state = State::kCollected;
  collecting_.erase(found);
  ++collected_;
  settle();
  return true;
}

bool Plan::collect_failed(Ticket ticket, std::string_view why) {
  const auto found = collecting_.find(ticket);
  if (over_ || found == collecting_.end()) return false;
  const TaskId id{Stage::kReduce, found->second.partition};
  at(id).avoid.push_back(at(id).node);
  withdraw(id);
  count_failure(id, why);
  settle();
  return true;
}

void Plan::suspend_all() {
  if (over_) return;
  nodes_.suspend_all();
  while (!attempts_.empty()) end_attempt(attempts_.begin()->first);
  revoke_absent();
}

void Plan::node_resumed(NodeId node) {
  if (over_ || !nodes_.resume(node)) return;
  settle();
}

// A reduce that must still run needs every source; those whose node is gone are made again.
void Plan::redo_lost_sources() {
  if (!sources_lost_ || all_committed(Stage::kReduce)) return;
  sources_lost_ = false;
  withdraw_committed(kSources, [&](NodeId holder) { return !alive(holder); });
}

bool Plan::rests_on_suspended() const {
  const auto on_suspended = [&](const Task& task) { return task.committed != 0 && nodes_.is_suspended(task.node); };
  return std::ranges::any_of(stages_,
                             [&](const StageTasks& stage) { return std::ranges::any_of(stage.tasks, on_suspended); });
}

void Plan::settle() {
  if (over_) return;
  redo_lost_sources();
  if (collected_ == of(Stage::kReduce).tasks.size()) {
    if (rests_on_suspended()) return;
    over_ = true;
    command(Kind::kFinished, 0, {}, {});
    return;
  }
  for (Stage stage : kStages) {
    if (!ready(stage)) break;
    dispatch(stage);
  }
}

// Where nodes were lost, the task that most of them computed then may be why none is left.
std::string Plan::worst_loss() const {
  TaskId worst;
  for (Stage stage : kStages) {
    for (std::uint32_t i = 0; i < of(stage).tasks.size(); ++i)
      if (of(stage).tasks[i].losses > of(worst.stage).tasks[worst.index].losses) worst = {stage, i};
  }
  if (of(worst.stage).tasks[worst.index].losses == 0) return "";
  return "; " + losses_of(worst) + ": if it crashes, " + kTryLocally;
}

void Plan::check_starvation() {
  for (Stage stage : kStages) {
    if (!ready(stage)) break;
    if (of(stage).waiting.empty()) continue;
    if (!nodes_.able(stage).empty()) continue;
    if (!starved_since_ms_) starved_since_ms_ = now_ms_;
    if (now_ms_ - *starved_since_ms_ >= options_.no_node_limit_ms) {
      fail_run(std::string("no admitted node that can ") + stage_name(stage) + " for " +
                   std::to_string(options_.no_node_limit_ms / 1000) + " s" + worst_loss(),
               true);
    }
    return;
  }
  starved_since_ms_.reset();
}

void Plan::tick(UnixMs now) {
  if (over_) return;
  if (!clock_known_) {
    for (auto& [ticket, attempt] : attempts_) attempt.since_ms = now;
    for (auto& [ticket, output] : collecting_) output.since_ms = now;
    clock_known_ = true;
  }
  now_ms_ = std::max(now_ms_, now);
  std::vector<Ticket> late;
  for (const auto& [ticket, attempt] : attempts_) {
    if (now_ms_ - attempt.since_ms >= options_.attempt_limit_ms) late.push_back(ticket);
  }
  for (Ticket ticket : late) {
    const auto found = attempts_.find(ticket);
    if (found == attempts_.end()) continue;
    const NodeId node = found->second.node;
    command(Kind::kCancel, ticket, found->second.task, node);
    task_failed(ticket, node, "no answer within " + std::to_string(options_.attempt_limit_ms / 1000) + " s", {});
    if (over_) return;
  }
  std::vector<Ticket> uncollected;
  for (const auto& [ticket, output] : collecting_) {
    if (now_ms_ - output.since_ms >= options_.attempt_limit_ms) uncollected.push_back(ticket);
  }
  for (Ticket ticket : uncollected) {
    collect_failed(ticket, "output not collected within " + std::to_string(options_.attempt_limit_ms / 1000) + " s");
  }
  if (over_) return;
  speculate();
  check_starvation();
}

std::vector<PlanCommand> Plan::take_commands() { return std::exchange(commands_, {}); }

}  // namespace brume::mapreduce

#include "mapreduce/plan.h"

#include <algorithm>

#include "base/check.h"

namespace brume::mapreduce {
namespace {

using Kind = PlanCommand::Kind;

constexpr Stage kStages[] = {Stage::kMap, Stage::kStitch, Stage::kReduce};
// Waiting tasks that no free node suits are looked at so many times per event, not all 65536.
constexpr std::uint32_t kMissLimit = 64;

}  // namespace

Plan::Plan(std::uint32_t split_count, std::uint32_t partition_count, bool has_stitch, PlanOptions options)
    : options_(options) {
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

void Plan::fail_run(std::string why) {
  if (over_) return;
  over_ = true;
  for (const auto& [ticket, attempt] : attempts_) command(Kind::kCancel, ticket, attempt.task, attempt.node);
  attempts_.clear();
  commands_.push_back({Kind::kFailed, 0, {}, {}, std::move(why)});
}

// Forgets a running attempt; a task without any waits again.
void Plan::end_attempt(Ticket ticket) {
  const auto found = attempts_.find(ticket);
  if (found == attempts_.end()) return;
  const Attempt attempt = found->second;
  attempts_.erase(found);
  if (const auto node = nodes_.find(attempt.node); node != nodes_.end()) node->second.tickets.erase(ticket);
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
  fail_run(to_string(id) + " failed " + std::to_string(task.failures) + " times; last: " + std::string(why));
}

void Plan::node_joined(NodeId node, Roles roles) {
  if (over_ || node.value == 0 || alive(node)) return;
  nodes_[node].roles = roles;
  settle();
}

void Plan::drop_node(NodeId node) {
  const std::set<Ticket> tickets = nodes_.at(node).tickets;
  for (Ticket ticket : tickets) {
    const TaskId id = attempts_.at(ticket).task;
    end_attempt(ticket);
    if (++at(id).losses >= options_.loss_limit) {
      return fail_run(to_string(id) + " lost its node " + std::to_string(at(id).losses) + " times");
    }
  }
  nodes_.erase(node);
  for (std::uint32_t i = 0; i < of(Stage::kReduce).tasks.size(); ++i) {
    const Task& task = of(Stage::kReduce).tasks[i];
    if (task.state == State::kCommitted && task.node == node) withdraw({Stage::kReduce, i});
  }
}

void Plan::node_lost(NodeId node) {
  if (over_ || !alive(node)) return;
  drop_node(node);
  settle();
}

void Plan::node_revoked(NodeId node) {
  if (over_) return;
  if (alive(node)) drop_node(node);
  if (over_) return;
  for (Stage stage : kStages) {
    for (std::uint32_t i = 0; i < of(stage).tasks.size(); ++i) {
      const Task& task = of(stage).tasks[i];
      if (task.committed != 0 && task.node == node) withdraw({stage, i});
    }
  }
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

bool Plan::task_failed(Ticket ticket, NodeId from, std::string_view why, std::optional<TaskId> producer) {
  const std::optional<TaskId> id = running_task(ticket, from);
  if (!id) return false;
  end_attempt(ticket);
  at(*id).avoid.push_back(from);
  if (producer && known(*producer) && producer->stage < id->stage && at(*producer).committed != 0) {
    // Either host may be at fault, the one that keeps the stream or the one that brought it.
    const NodeId holder = at(*producer).node;
    if (const auto node = nodes_.find(holder); node != nodes_.end()) ++node->second.suspicion;
    if (const auto node = nodes_.find(from); node != nodes_.end()) ++node->second.suspicion;
    at(*producer).avoid.push_back(holder);
    withdraw(*producer);
    count_failure(*producer, why);
  } else {
    count_failure(*id, why);
  }
  settle();
  return true;
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
  for (auto& [id, node] : nodes_) node.suspended = true;
  while (!attempts_.empty()) end_attempt(attempts_.begin()->first);
}

void Plan::node_resumed(NodeId node) {
  const auto found = nodes_.find(node);
  if (over_ || found == nodes_.end()) return;
  found->second.suspended = false;
  settle();
}

// A reduce that must still run needs every source; those whose node is gone are made again.
void Plan::redo_lost_sources() {
  if (all_committed(Stage::kReduce)) return;
  for (Stage stage : {Stage::kMap, Stage::kStitch}) {
    for (std::uint32_t i = 0; i < of(stage).tasks.size(); ++i) {
      const Task& task = of(stage).tasks[i];
      if (task.state == State::kCommitted && !alive(task.node)) withdraw({stage, i});
    }
  }
}

void Plan::settle() {
  if (over_) return;
  redo_lost_sources();
  if (collected_ == of(Stage::kReduce).tasks.size()) {
    over_ = true;
    command(Kind::kFinished, 0, {}, {});
    return;
  }
  for (Stage stage : kStages) {
    if (!ready(stage)) break;
    dispatch(stage);
  }
}

bool Plan::capable(const Node& node, Stage stage) const {
  return !node.suspended && (stage == Stage::kReduce ? node.roles.reduce : node.roles.map);
}

// The least loaded node for the task. One to be avoided is taken only where no other could ever do it.
std::optional<NodeId> Plan::pick_node(const TaskId& id, std::uint32_t load_below) const {
  const Task& task = of(id.stage).tasks[id.index];
  std::optional<NodeId> best;
  std::size_t best_load = load_below;
  bool others = false;
  for (const bool avoided : {false, true}) {
    if (avoided && others) break;
    for (const auto& [node_id, node] : nodes_) {
      if (!capable(node, id.stage)) continue;
      const bool shun =
          node.suspicion >= options_.suspicion_limit || std::ranges::find(task.avoid, node_id) != task.avoid.end();
      if (shun != avoided) continue;
      others = true;
      if (node.tickets.size() < best_load) {
        best = node_id;
        best_load = node.tickets.size();
      }
    }
  }
  return best;
}

void Plan::assign(const TaskId& id, NodeId node) {
  const Ticket ticket = next_ticket_++;
  attempts_[ticket] = {id, node, now_ms_};
  nodes_.at(node).tickets.insert(ticket);
  Task& task = at(id);
  task.state = State::kRunning;
  task.running.push_back(ticket);
  of(id.stage).waiting.erase(id.index);
  command(Kind::kAssign, ticket, id, node);
}

void Plan::dispatch(Stage stage) {
  for (std::uint32_t load = 1; load <= options_.queue_limit; ++load) {
    std::size_t free_count = 0;
    for (const auto& [id, node] : nodes_) free_count += capable(node, stage) && node.tickets.size() < load ? 1 : 0;
    std::uint32_t misses = 0;
    StageTasks& tasks = of(stage);
    for (auto next = tasks.waiting.begin(); next != tasks.waiting.end() && free_count > 0 && misses < kMissLimit;) {
      const TaskId id{stage, *next++};
      const std::optional<NodeId> node = pick_node(id, load);
      if (!node) {
        ++misses;
        continue;
      }
      assign(id, *node);
      --free_count;
    }
  }
  steal(stage);
}

// An idle node takes the task that waits behind another at a busy one.
void Plan::steal(Stage stage) {
  if (!of(stage).waiting.empty()) return;
  for (auto& [idle_id, idle] : nodes_) {
    if (!idle.tickets.empty() || !capable(idle, stage) || idle.suspicion >= options_.suspicion_limit) continue;
    Ticket newest = 0;
    for (const auto& [id, node] : nodes_) {
      if (node.tickets.size() < 2 || *node.tickets.rbegin() <= newest) continue;
      const Attempt& attempt = attempts_.at(*node.tickets.rbegin());
      const Task& task = at(attempt.task);
      if (attempt.task.stage != stage || task.running.size() != 1) continue;
      if (std::ranges::find(task.avoid, idle_id) != task.avoid.end()) continue;
      newest = *node.tickets.rbegin();
    }
    if (newest == 0) continue;
    const Attempt attempt = attempts_.at(newest);
    command(Kind::kCancel, newest, attempt.task, attempt.node);
    end_attempt(newest);
    assign(attempt.task, idle_id);
  }
}

// A second attempt for what takes far longer than its like, at a node with nothing to do.
void Plan::speculate() {
  std::vector<TaskId> slow;
  for (const auto& [ticket, attempt] : attempts_) {
    const StageTasks& stage = of(attempt.task.stage);
    if (stage.done_count == 0 || !stage.waiting.empty() || at(attempt.task).running.size() != 1) continue;
    const UnixMs mean = stage.done_ms / static_cast<UnixMs>(stage.done_count);
    const UnixMs patience = std::max(options_.speculate_least_ms, mean * options_.speculate_factor);
    if (now_ms_ - attempt.since_ms >= patience) slow.push_back(attempt.task);
  }
  for (const TaskId& id : slow) {
    if (const std::optional<NodeId> node = pick_node(id, 1)) assign(id, *node);
  }
}

void Plan::check_starvation() {
  for (Stage stage : kStages) {
    if (!ready(stage)) break;
    if (of(stage).waiting.empty()) continue;
    const bool any = std::ranges::any_of(nodes_, [&](const auto& entry) { return capable(entry.second, stage); });
    if (any) continue;
    if (!starved_since_ms_) starved_since_ms_ = now_ms_;
    if (now_ms_ - *starved_since_ms_ >= options_.no_node_limit_ms) {
      fail_run(std::string("no admitted node that can ") + stage_name(stage) + " for " +
               std::to_string(options_.no_node_limit_ms / 1000) + " s");
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

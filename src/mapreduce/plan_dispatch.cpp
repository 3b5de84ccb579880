// Which node gets which task.
#include <algorithm>

#include "mapreduce/plan.h"

namespace brume::mapreduce {
namespace {

using Kind = PlanCommand::Kind;

// Waiting tasks that no free node suits are looked at so many times per event, not all 65536.
constexpr std::uint32_t kMissLimit = 64;

}  // namespace

std::optional<NodeId> Plan::planned_reducer(std::uint32_t partition) const {
  const std::vector<NodeId>& reducers = nodes_.reducers();
  if (reducers.empty()) return std::nullopt;
  return reducers[partition % reducers.size()];
}

// 0 for most: the node failed the task, is suspected, or its host lost nodes that had the task, each time one more.
std::uint32_t Plan::reluctance(const TaskId& id, NodeId node) const {
  const Task& task = of(id.stage).tasks[id.index];
  const PlanNodes::Node& candidate = nodes_.at(node);
  const auto losses = task.losses_at.find(candidate.host);
  const bool failed = std::ranges::find(task.avoid, node) != task.avoid.end();
  const bool suspect =
      candidate.suspicion >= options_.suspicion_limit || nodes_.loses_nodes(candidate.host, options_.suspicion_limit);
  return (losses == task.losses_at.end() ? 0 : losses->second) + (failed || suspect ? 1 : 0);
}

// The least loaded node for the task. One to be avoided is taken only where no better one could ever do it.
std::optional<NodeId> Plan::pick_node(const TaskId& id, std::uint32_t load_below) const {
  std::optional<NodeId> second_best;
  std::uint32_t least = 0;
  for (const auto& [load, node] : nodes_.able(id.stage)) {
    if (load >= load_below) break;
    const std::uint32_t own = reluctance(id, node);
    if (own == 0) return node;
    if (second_best && own >= least) continue;
    second_best = node;
    least = own;
  }
  const auto better = [&](const PlanNodes::Load& load) { return reluctance(id, load.second) < least; };
  if (second_best && std::ranges::any_of(nodes_.able(id.stage), better)) return std::nullopt;
  return second_best;
}

void Plan::assign(const TaskId& id, NodeId node) {
  const Ticket ticket = next_ticket_++;
  attempts_[ticket] = {id, node, now_ms_};
  nodes_.add_ticket(node, ticket);
  Task& task = at(id);
  task.state = State::kRunning;
  task.running.push_back(ticket);
  of(id.stage).waiting.erase(id.index);
  command(Kind::kAssign, ticket, id, node);
}

// Nodes with room take what was planned for them: their hosts may have it already.
void Plan::dispatch_planned(std::uint32_t load_below) {
  const StageTasks& tasks = of(Stage::kReduce);
  if (tasks.waiting.empty()) return;
  std::vector<NodeId> free;
  for (const auto& [load, node] : nodes_.able(Stage::kReduce)) {
    if (load >= load_below) break;
    free.push_back(node);
  }
  const std::vector<NodeId>& reducers = nodes_.reducers();
  for (const NodeId node : free) {
    const auto place = std::ranges::lower_bound(reducers, node) - reducers.begin();
    for (auto p = static_cast<std::size_t>(place); p < tasks.tasks.size(); p += reducers.size()) {
      const TaskId id{Stage::kReduce, static_cast<std::uint32_t>(p)};
      if (!tasks.waiting.contains(id.index) || shuns(id, node)) continue;
      assign(id, node);
      break;
    }
  }
}

void Plan::dispatch(Stage stage) {
  for (std::uint32_t load = 1; load <= options_.queue_limit; ++load) {
    if (stage == Stage::kReduce) dispatch_planned(load);
    std::uint32_t misses = 0;
    StageTasks& tasks = of(stage);
    const auto& able = nodes_.able(stage);
    for (auto next = tasks.waiting.begin(); next != tasks.waiting.end() && misses < kMissLimit;) {
      if (able.empty() || able.begin()->first >= load) break;
      const TaskId id{stage, *next++};
      if (const std::optional<NodeId> node = pick_node(id, load)) {
        assign(id, *node);
      } else {
        ++misses;
      }
    }
  }
  steal(stage);
}

// An idle node takes the task that waits behind another at a busy one.
void Plan::steal(Stage stage) {
  const auto& able = nodes_.able(stage);
  if (!of(stage).waiting.empty() || able.empty() || able.rbegin()->first < 2) return;
  std::vector<NodeId> idle;
  for (const auto& [load, node] : able) {
    if (load > 0) break;
    idle.push_back(node);
  }
  for (const NodeId node : idle) {
    const Ticket newest = newest_behind_another(stage, node);
    if (newest == 0) continue;
    const Attempt attempt = attempts_.at(newest);
    command(Kind::kCancel, newest, attempt.task, attempt.node);
    end_attempt(newest);
    assign(attempt.task, node);
  }
}

Ticket Plan::newest_behind_another(Stage stage, NodeId for_node) const {
  Ticket newest = 0;
  const auto& able = nodes_.able(stage);
  for (auto busy = able.rbegin(); busy != able.rend() && busy->first >= 2; ++busy) {
    const Ticket last = *nodes_.at(busy->second).tickets.rbegin();
    if (last <= newest) continue;
    const Attempt& attempt = attempts_.at(last);
    const Task& task = of(attempt.task.stage).tasks[attempt.task.index];
    if (attempt.task.stage != stage || task.running.size() != 1) continue;
    if (shuns(attempt.task, for_node)) continue;
    newest = last;
  }
  return newest;
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

}  // namespace brume::mapreduce

// Which node gets which task.
#include <algorithm>

#include "mapreduce/plan.h"

namespace brume::mapreduce {
namespace {

using Kind = PlanCommand::Kind;

// Waiting tasks that no free node suits are looked at so many times per event, not all 65536.
constexpr std::uint32_t kMissLimit = 64;

}  // namespace

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

}  // namespace brume::mapreduce

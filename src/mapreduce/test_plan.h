// For tests of the plan: what it said so far, and answers in the nodes' place.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "mapreduce/plan.h"

namespace brume::mapreduce::testing_plan {

using Kind = PlanCommand::Kind;
constexpr Roles kWorker{true, true};
constexpr NodeId node(std::uint32_t value) { return {value}; }

// Keeps what the plan said and answers for nodes.
class Bench {
 public:
  Bench(std::uint32_t splits, std::uint32_t partitions, PlanOptions options = {})
      : plan(splits, partitions, splits > 1, options) {}

  void take() {
    for (PlanCommand& command : plan.take_commands()) {
      if (command.kind == Kind::kAssign) running.push_back(command);
      if (command.kind == Kind::kCancel) forget(command.ticket);
      if (command.kind == Kind::kCollect) collecting.push_back(command);
      if (command.kind == Kind::kWithdraw) {
        withdrawn.push_back(command.task);
        std::erase_if(collecting, [&](const PlanCommand& c) { return c.task == command.task; });
      }
      if (command.kind == Kind::kLost) lost.push_back(command);
      if (command.kind == Kind::kFinished) finished = true;
      if (command.kind == Kind::kFailed) {
        why = command.why;
        lacks_nodes = command.lacks_nodes;
      }
    }
  }
  void lose(NodeId node, NodeLoss how = NodeLoss::kEnded) {
    take();
    plan.node_lost(node, how);
    std::erase_if(running, [&](const PlanCommand& c) { return c.node == node; });
    take();
  }
  void forget(Ticket ticket) {
    std::erase_if(running, [&](const PlanCommand& c) { return c.ticket == ticket; });
  }
  const PlanCommand* find(const TaskId& task) {
    take();
    for (const PlanCommand& command : running) {
      if (command.task == task) return &command;
    }
    return nullptr;
  }
  void done(const TaskId& task) {
    const PlanCommand* command = find(task);
    ASSERT_NE(command, nullptr) << to_string(task);
    const PlanCommand copy = *command;
    forget(copy.ticket);
    EXPECT_TRUE(plan.task_done(copy.ticket, copy.node));
    take();
  }
  void failed(const TaskId& task, std::optional<TaskId> producer = std::nullopt) {
    const PlanCommand* command = find(task);
    ASSERT_NE(command, nullptr) << to_string(task);
    const PlanCommand copy = *command;
    forget(copy.ticket);
    EXPECT_TRUE(plan.task_failed(copy.ticket, copy.node, "reason", producer));
    take();
  }
  // The job's program says no.
  void refused(const TaskId& task, std::string_view words) {
    const PlanCommand* command = find(task);
    ASSERT_NE(command, nullptr) << to_string(task);
    const PlanCommand copy = *command;
    forget(copy.ticket);
    EXPECT_TRUE(plan.task_failed(copy.ticket, copy.node, words, std::nullopt, true));
    take();
  }
  void all_done(Stage stage, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) done({stage, i});
  }
  void collect_all() {
    for (const PlanCommand& command : std::exchange(collecting, {})) EXPECT_TRUE(plan.collected(command.ticket));
    take();
  }
  NodeId where(const TaskId& task) {
    const PlanCommand* command = find(task);
    return command == nullptr ? NodeId{} : command->node;
  }

  Plan plan;
  std::vector<PlanCommand> running;
  std::vector<PlanCommand> collecting;
  std::vector<TaskId> withdrawn;
  std::vector<PlanCommand> lost;
  bool finished = false;
  std::string why;
  bool lacks_nodes = false;
};

constexpr TaskId map_task(std::uint32_t i) { return {Stage::kMap, i}; }
constexpr TaskId reduce_task(std::uint32_t i) { return {Stage::kReduce, i}; }
constexpr TaskId kStitchTask{Stage::kStitch, 0};

}  // namespace brume::mapreduce::testing_plan

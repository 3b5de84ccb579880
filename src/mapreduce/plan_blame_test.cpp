#include "mapreduce/test_plan.h"
#include "mapreduce/test_values.h"

namespace brume::mapreduce {
namespace {

using namespace testing_plan;

constexpr std::uint32_t kSplits = 16;

// Until every reduce runs: maps and stitch are done as they come, and `keep` says where each map ended.
void run_to_reduces(Bench& bench, std::map<std::uint32_t, NodeId>& keep) {
  for (int round = 0; round < 100; ++round) {
    bench.take();
    const auto source = std::ranges::find_if(
        bench.running, [](const PlanCommand& command) { return command.task.stage != Stage::kReduce; });
    if (source == bench.running.end()) return;
    if (source->task.stage == Stage::kMap) keep[source->task.index] = source->node;
    bench.done(source->task);
  }
}

std::optional<std::uint32_t> map_at(const std::map<std::uint32_t, NodeId>& keep, NodeId node) {
  for (const auto& [index, at] : keep) {
    if (at == node) return index;
  }
  return std::nullopt;
}

// The reduce that runs at that node.
TaskId reduce_at(Bench& bench, NodeId node) {
  for (const PlanCommand& command : bench.running) {
    if (command.node == node) return command.task;
  }
  ADD_FAILURE() << "no reduce at node " << node.value;
  return {};
}

TEST(PlanBlame, AHostThatSeveralAccuseLosesAllItsStreamsAtOnce) {
  Bench bench(kSplits, 4);
  for (std::uint32_t i = 1; i <= 4; ++i) bench.plan.node_joined(node(i), kWorker);
  std::map<std::uint32_t, NodeId> keep;
  for (const std::uint32_t accuser : {1u, 3u, 4u}) {
    run_to_reduces(bench, keep);
    const auto spoiled = map_at(keep, node(2));
    ASSERT_TRUE(spoiled.has_value()) << "before the limit it keeps its other streams";
    bench.failed(reduce_at(bench, node(accuser)), TaskId{Stage::kMap, *spoiled});
  }
  run_to_reduces(bench, keep);
  EXPECT_EQ(map_at(keep, node(2)), std::nullopt);
  EXPECT_TRUE(bench.why.empty()) << bench.why;
}

TEST(PlanBlame, AnAccuserOfManyCostsEachOfThemOneStream) {
  Bench bench(kSplits, 12);  // three planned for each node: it gets none twice
  for (std::uint32_t i = 1; i <= 4; ++i) bench.plan.node_joined(node(i), kWorker);
  std::map<std::uint32_t, NodeId> keep;
  for (const std::uint32_t holder : {1u, 3u, 4u}) {
    run_to_reduces(bench, keep);
    bench.failed(reduce_at(bench, node(2)), TaskId{Stage::kMap, *map_at(keep, node(holder))});
  }
  const auto maps =
      std::ranges::count_if(bench.withdrawn, [](const TaskId& task) { return task.stage == Stage::kMap; });
  EXPECT_EQ(maps, 3);
}

}  // namespace
}  // namespace brume::mapreduce

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

TEST(PlanBlame, ATaskThatKillsNodesEndsTheRun) {
  Bench bench(4, 1);
  for (std::uint32_t i = 1; i <= 6; ++i) bench.plan.node_joined(node(i), kWorker);
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(bench.why, "");
    bench.lose(bench.where(map_task(2)));
  }
  EXPECT_EQ(bench.why, "map 2 lost its node 3 times: it probably crashes; try it with brume run --local");
}

TEST(PlanBlame, OneHostDoesNotEndARunHoweverOftenItsNodesEnd) {
  for (const NodeLoss how : {NodeLoss::kEnded, NodeLoss::kCut}) {
    Bench bench(6, 2);
    bench.plan.node_joined(node(1), kWorker, "honest");
    std::uint32_t lost = 0;
    for (std::uint32_t i = 100; i < 140; ++i) {
      bench.plan.node_joined(node(i), kWorker, "hostile");
      bench.lose(node(i), how);
      if (!bench.lost.empty() && bench.lost.back().node == node(i)) ++lost;
    }
    EXPECT_EQ(bench.why, "");
    EXPECT_EQ(lost, 3u) << "after that it gets nothing that another can do";
    bench.all_done(Stage::kMap, 6);
    bench.done(kStitchTask);
    bench.all_done(Stage::kReduce, 2);
    bench.collect_all();
    EXPECT_TRUE(bench.finished);
  }
}

TEST(PlanBlame, AHostWhoseNodesVanishWithWhatTheyMadeIsLeftAlone) {
  Bench bench(2, 1, {.queue_limit = 1});
  bench.plan.node_joined(node(1), {true, false}, "honest");
  ASSERT_EQ(bench.where(map_task(0)), node(1));
  for (std::uint32_t i = 100; i < 103; ++i) {
    bench.plan.node_joined(node(i), {true, false}, "hostile");
    bench.done(map_task(1));
    bench.lose(node(i));
  }
  bench.plan.node_joined(node(103), {true, false}, "hostile");
  EXPECT_EQ(bench.where(map_task(1)), NodeId{});
  bench.done(map_task(0));
  EXPECT_EQ(bench.where(map_task(1)), node(1));
}

TEST(PlanBlame, AHostThatHasMoreNodesThanItLostWorksOn) {
  Bench bench(12, 1, {.queue_limit = 1});
  bench.plan.node_joined(node(1), kWorker, "small");
  for (std::uint32_t i = 2; i <= 9; ++i) bench.plan.node_joined(node(i), kWorker, "large");
  for (std::uint32_t i = 2; i <= 5; ++i) bench.lose(node(i));
  bench.done(bench.running.back().task);
  EXPECT_EQ(bench.running.size(), 5u) << "of the tasks that were not lost there";
}

TEST(PlanBlame, ATaskGoesToWhereItWasLostLeastOften) {
  Bench bench(1, 1);
  bench.plan.node_joined(node(1), kWorker, "a");
  bench.lose(node(1));
  bench.plan.node_joined(node(2), kWorker, "a");
  bench.plan.node_joined(node(3), kWorker, "b");
  EXPECT_EQ(bench.where(map_task(0)), node(2)) << "there was no other";
  bench.lose(node(2));
  bench.lose(node(3), NodeLoss::kCut);
  bench.plan.node_joined(node(4), kWorker, "c");
  EXPECT_EQ(bench.where(map_task(0)), node(4));
  bench.plan.node_joined(node(5), kWorker, "a");
  bench.plan.node_joined(node(6), kWorker, "b");
  bench.lose(node(4));
  EXPECT_EQ(bench.where(map_task(0)), node(6)) << "once, not twice";
}

TEST(PlanBlame, WhereThereIsOneHostItsWordCounts) {
  Bench bench(4, 1);
  for (std::uint32_t i = 1; i <= 6; ++i) bench.plan.node_joined(node(i), kWorker, "host");
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(bench.why, "");
    bench.lose(bench.where(map_task(2)));
  }
  EXPECT_EQ(bench.why, "map 2 lost its node 3 times: it probably crashes; try it with brume run --local");
}

TEST(PlanBlame, AllHostsThatThereAreSayThatATaskCrashes) {
  Bench bench(1, 1);
  for (std::uint32_t i = 1; i <= 6; ++i) bench.plan.node_joined(node(i), kWorker, i % 2 == 0 ? "a" : "b");
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(bench.why, "");
    bench.lose(bench.where(map_task(0)));
  }
  EXPECT_EQ(bench.why, "map 0 lost its node 3 times: it probably crashes; try it with brume run --local");
}

TEST(PlanBlame, NodesThatAreCutOffAreNoCrashesOfTheirTask) {
  Bench bench(1, 1);
  for (std::uint32_t i = 1; i <= 16; ++i) {
    EXPECT_EQ(bench.why, "");
    bench.plan.node_joined(node(i), kWorker);
    bench.lose(node(i), i % 8 == 0 ? NodeLoss::kEnded : NodeLoss::kCut);
  }
  EXPECT_EQ(bench.why, "map 0 lost its node 16 times: it probably crashes; try it with brume run --local");
}

TEST(PlanBlame, ATaskThatWaitedBehindAnotherDidNotEndItsNode) {
  Bench bench(2, 1);
  bench.plan.node_joined(node(1), kWorker);  // both maps, in order
  bench.lose(node(1));
  bench.plan.node_joined(node(2), kWorker);
  bench.done(map_task(0));
  bench.lose(node(2));
  ASSERT_EQ(bench.lost.size(), 2u);
  EXPECT_EQ(bench.lost[0].task, map_task(0));
  EXPECT_EQ(bench.lost[0].node, node(1));
  EXPECT_EQ(bench.lost[1].task, map_task(1));
  EXPECT_EQ(bench.lost[1].node, node(2));
}

TEST(PlanBlame, ARunWithoutNodesNamesTheTaskThatMostOfThemWereLostWith) {
  Bench bench(2, 1);
  for (std::uint32_t i = 1; i <= 3; ++i) bench.plan.node_joined(node(i), kWorker);
  bench.plan.tick(0);
  bench.lose(bench.where(map_task(1)));
  bench.lose(bench.where(map_task(0)));
  bench.lose(bench.where(map_task(1)));
  bench.plan.tick(1);
  bench.plan.tick(60'001);
  bench.take();
  EXPECT_EQ(bench.why,
            "no admitted node that can map for 60 s; map 1 lost its node 2 times: if it crashes, try it with brume run "
            "--local");
}

TEST(PlanBlame, WhatTheJobRefusesTwiceInTheSameWordsIsNotTriedAgain) {
  Bench bench(2, 1);
  for (std::uint32_t i = 1; i <= 4; ++i) bench.plan.node_joined(node(i), kWorker);
  const NodeId first = bench.where(map_task(1));
  bench.refused(map_task(1), "job: no number");
  EXPECT_EQ(bench.why, "");
  EXPECT_NE(bench.where(map_task(1)), first);
  bench.refused(map_task(1), "job: no number");
  EXPECT_EQ(bench.why, "map 1: job: no number");
}

TEST(PlanBlame, WhatTheJobRefusesInOtherWordsIsTriedToTheLimit) {
  Bench bench(2, 1);
  for (std::uint32_t i = 1; i <= 4; ++i) bench.plan.node_joined(node(i), kWorker);
  for (const char* words : {"one", "two", "one"}) bench.refused(map_task(1), words);
  EXPECT_EQ(bench.why, "");
  bench.refused(map_task(1), "two");
  EXPECT_EQ(bench.why, "map 1 failed 4 times; last: two");
}

TEST(PlanBlame, TheSameFaultOfHostsIsNoRefusalOfTheJob) {
  Bench bench(2, 1);
  for (std::uint32_t i = 1; i <= 4; ++i) bench.plan.node_joined(node(i), kWorker);
  for (int round = 0; round < 3; ++round) bench.failed(map_task(1));
  EXPECT_EQ(bench.why, "");
}

}  // namespace
}  // namespace brume::mapreduce

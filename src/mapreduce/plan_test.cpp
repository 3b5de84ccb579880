#include "mapreduce/test_plan.h"
#include "mapreduce/test_values.h"

namespace brume::mapreduce {
namespace {

using namespace testing_plan;

TEST(Plan, RunsMapsThenStitchThenReducesThenFinishesWhenAllIsCollected) {
  Bench bench(3, 2);
  bench.plan.node_joined(node(1), kWorker);
  bench.plan.node_joined(node(2), kWorker);
  EXPECT_EQ(bench.find(kStitchTask), nullptr);
  bench.all_done(Stage::kMap, 3);
  EXPECT_EQ(bench.find(reduce_task(0)), nullptr);
  bench.done(kStitchTask);
  bench.all_done(Stage::kReduce, 2);
  EXPECT_FALSE(bench.finished);
  bench.collect_all();
  EXPECT_TRUE(bench.finished);
  EXPECT_TRUE(bench.plan.over());
}

TEST(Plan, HasNoStitchForOneSplit) {
  Bench bench(1, 1);
  bench.plan.node_joined(node(1), kWorker);
  bench.done(map_task(0));
  bench.done(reduce_task(0));
  bench.collect_all();
  EXPECT_TRUE(bench.finished);
}

TEST(Plan, GivesTasksOnlyToNodesOfTheirRole) {
  Bench bench(2, 2);
  bench.plan.node_joined(node(1), {true, false});
  bench.plan.node_joined(node(2), {false, true});
  EXPECT_EQ(bench.where(map_task(0)), node(1));
  EXPECT_EQ(bench.where(map_task(1)), node(1));
  bench.all_done(Stage::kMap, 2);
  EXPECT_EQ(bench.where(kStitchTask), node(1));
  bench.done(kStitchTask);
  EXPECT_EQ(bench.where(reduce_task(0)), node(2));
}

TEST(Plan, ReducesWhereItPlannedTo) {
  Bench bench(1, 7);
  EXPECT_FALSE(bench.plan.planned_reducer(0));
  bench.plan.node_joined(node(9), {true, false});
  for (const std::uint32_t id : {5u, 3u, 4u}) bench.plan.node_joined(node(id), {false, true});
  const NodeId planned[] = {node(3), node(4), node(5), node(3), node(4), node(5), node(3)};
  for (std::uint32_t p = 0; p < 7; ++p) EXPECT_EQ(bench.plan.planned_reducer(p), planned[p]);
  bench.done(map_task(0));
  for (std::uint32_t p = 0; p < 6; ++p) EXPECT_EQ(bench.where(reduce_task(p)), planned[p]);
  // The one that waits goes to who is free first: only hosts are told of the plan.
  bench.done(reduce_task(1));
  EXPECT_EQ(bench.where(reduce_task(6)), node(4));
}

TEST(Plan, APlannedReducerThatFailedOrIsGoneIsNotWaitedFor) {
  Bench bench(1, 2);
  for (const std::uint32_t id : {1u, 2u, 3u}) bench.plan.node_joined(node(id), kWorker);
  bench.done(map_task(0));
  EXPECT_EQ(bench.where(reduce_task(1)), node(2));
  bench.failed(reduce_task(1));
  EXPECT_EQ(bench.where(reduce_task(1)), node(3));
  bench.plan.node_lost(node(2));
  EXPECT_EQ(bench.plan.planned_reducer(1), node(3));
}

TEST(Plan, GivesANodeNoMoreThanItsQueue) {
  Bench bench(10, 1);
  bench.plan.node_joined(node(1), kWorker);
  bench.take();
  EXPECT_EQ(bench.running.size(), 2u);
  bench.done(map_task(0));
  EXPECT_EQ(bench.running.size(), 2u);
}

TEST(Plan, AnIdleNodeTakesWhatWaitsBehindAnother) {
  Bench bench(2, 1);
  bench.plan.node_joined(node(1), kWorker);
  EXPECT_EQ(bench.where(map_task(1)), node(1));
  bench.plan.node_joined(node(2), kWorker);
  EXPECT_EQ(bench.where(map_task(0)), node(1));
  EXPECT_EQ(bench.where(map_task(1)), node(2));
}

TEST(Plan, RepeatsWhatRanOnALostNode) {
  Bench bench(2, 1);
  bench.plan.node_joined(node(1), kWorker);
  bench.plan.node_joined(node(2), kWorker);
  bench.take();
  const PlanCommand old = *bench.find(map_task(0));
  bench.plan.node_lost(old.node);
  bench.forget(old.ticket);
  EXPECT_NE(bench.where(map_task(0)), old.node);
  EXPECT_FALSE(bench.plan.task_done(old.ticket, old.node));
}

TEST(Plan, RepeatsCommittedMapsWhoseNodeDiedWhileTheirStreamsAreNeeded) {
  Bench bench(2, 2);
  bench.plan.node_joined(node(1), {true, false});
  bench.plan.node_joined(node(2), {true, false});
  bench.plan.node_joined(node(3), {false, true});
  bench.all_done(Stage::kMap, 2);
  bench.done(kStitchTask);
  bench.done(reduce_task(0));
  EXPECT_NE(bench.find(reduce_task(1)), nullptr);
  bench.plan.node_lost(node(1));
  bench.take();
  // Everything that was made from the lost attempt goes with it, also the reduce that was done.
  EXPECT_NE(std::ranges::find(bench.withdrawn, map_task(0)), bench.withdrawn.end());
  EXPECT_EQ(std::ranges::find(bench.withdrawn, map_task(1)), bench.withdrawn.end());
  EXPECT_NE(std::ranges::find(bench.withdrawn, reduce_task(0)), bench.withdrawn.end());
  EXPECT_EQ(bench.find(reduce_task(1)), nullptr);
  EXPECT_EQ(bench.where(map_task(0)), node(2));
  bench.done(map_task(0));
  bench.done(kStitchTask);
  bench.all_done(Stage::kReduce, 2);
  bench.collect_all();
  EXPECT_TRUE(bench.finished);
}

TEST(Plan, LeavesMapsAloneOnceAllReducesAreCommitted) {
  Bench bench(1, 1);
  bench.plan.node_joined(node(1), {true, false});
  bench.plan.node_joined(node(2), {false, true});
  bench.done(map_task(0));
  bench.done(reduce_task(0));
  bench.plan.node_lost(node(1));
  bench.take();
  EXPECT_TRUE(bench.withdrawn.empty());
  bench.collect_all();
  EXPECT_TRUE(bench.finished);
}

TEST(Plan, AnOutputIsSafeOnlyWhenCollected) {
  Bench bench(1, 2);
  bench.plan.node_joined(node(1), {true, false});
  bench.plan.node_joined(node(2), {false, true});
  bench.plan.node_joined(node(3), {false, true});
  bench.done(map_task(0));
  bench.all_done(Stage::kReduce, 2);
  ASSERT_EQ(bench.collecting.size(), 2u);
  const PlanCommand first = bench.collecting[0];
  const PlanCommand second = bench.collecting[1];
  EXPECT_TRUE(bench.plan.collected(first.ticket));
  bench.plan.node_lost(first.node);
  bench.take();
  EXPECT_TRUE(bench.withdrawn.empty());
  bench.plan.node_joined(node(4), {false, true});
  bench.plan.node_lost(second.node);
  bench.take();
  EXPECT_EQ(bench.withdrawn, (std::vector<TaskId>{reduce_task(1)}));
  EXPECT_FALSE(bench.plan.collected(second.ticket));
  EXPECT_EQ(bench.where(reduce_task(1)), node(4));
}

TEST(Plan, RedoesAnOutputThatCouldNotBeCollected) {
  Bench bench(1, 1);
  bench.plan.node_joined(node(1), kWorker);
  bench.plan.node_joined(node(2), kWorker);
  bench.done(map_task(0));
  bench.done(reduce_task(0));
  const PlanCommand collect = bench.collecting.at(0);
  EXPECT_TRUE(bench.plan.collect_failed(collect.ticket, "cut"));
  EXPECT_NE(bench.where(reduce_task(0)), collect.node);
}

TEST(Plan, FailsTheRunAfterTooManyFailuresOfOneTask) {
  Bench bench(2, 1);
  bench.plan.node_joined(node(1), kWorker);
  for (int i = 0; i < 3; ++i) bench.failed(map_task(1));
  EXPECT_EQ(bench.why, "");
  bench.failed(map_task(1));
  EXPECT_EQ(bench.why, "map 1 failed 4 times; last: reason");
  EXPECT_TRUE(bench.plan.over());
  EXPECT_TRUE(bench.running.empty());
}

TEST(Plan, AvoidsTheNodeWhereATaskFailed) {
  Bench bench(1, 1);
  bench.plan.node_joined(node(1), kWorker);
  bench.plan.node_joined(node(2), kWorker);
  const NodeId first = bench.where(map_task(0));
  bench.failed(map_task(0));
  EXPECT_NE(bench.where(map_task(0)), first);
  bench.failed(map_task(0));
  EXPECT_NE(bench.find(map_task(0)), nullptr);
}

TEST(Plan, MakesABlamedStreamAgainElsewhereAndGivesUpByName) {
  Bench bench(2, 1);
  for (std::uint32_t i = 1; i <= 3; ++i) bench.plan.node_joined(node(i), kWorker);
  NodeId last;
  for (int round = 0; round < 4; ++round) {
    ASSERT_EQ(bench.why, "") << round;
    const NodeId maker = bench.where(map_task(1));
    if (round == 1) {
      EXPECT_NE(maker, last);
    }
    last = maker;
    if (bench.find(map_task(0)) != nullptr) bench.done(map_task(0));
    bench.done(map_task(1));
    bench.done(kStitchTask);
    bench.failed(reduce_task(0), map_task(1));
  }
  EXPECT_EQ(bench.why, "map 1 failed 4 times; last: reason");
}

TEST(Plan, EndsAtOnceWhereNoNodeCanMendIt) {
  Bench bench(2, 1);
  bench.plan.node_joined(node(1), kWorker);
  bench.take();
  bench.plan.fail_run("the disk is full");
  bench.plan.fail_run("another reason");
  bench.take();
  EXPECT_EQ(bench.why, "the disk is full");
  EXPECT_FALSE(bench.lacks_nodes);
  EXPECT_TRUE(bench.plan.over());
  EXPECT_EQ(bench.plan.running_count(), 0u);
}

TEST(Plan, WaitsForANodeWithTheNeededRoleOnlySoLong) {
  Bench bench(1, 1);
  bench.plan.node_joined(node(1), {false, true});
  bench.plan.tick(1'000'000);
  bench.plan.tick(1'059'999);
  bench.take();
  EXPECT_EQ(bench.why, "");
  bench.plan.node_joined(node(2), {true, false});
  bench.plan.tick(1'060'000);
  bench.plan.node_lost(node(2));
  bench.plan.tick(1'061'000);
  bench.plan.tick(1'120'999);
  bench.take();
  EXPECT_EQ(bench.why, "");
  bench.plan.tick(1'121'000);
  bench.take();
  EXPECT_EQ(bench.why,
            "no admitted node that can map for 60 s; map 0 lost its node once: if it crashes, try it with brume run "
            "--local");
  EXPECT_TRUE(bench.lacks_nodes);
}

TEST(Plan, GivesUpAnAttemptThatNeverAnswers) {
  Bench bench(1, 1);
  bench.plan.node_joined(node(1), kWorker);
  bench.plan.node_joined(node(2), kWorker);
  bench.plan.tick(1000);
  const PlanCommand first = *bench.find(map_task(0));
  bench.plan.tick(1000 + 599'999);
  EXPECT_EQ(bench.where(map_task(0)), first.node);
  bench.plan.tick(1000 + 600'000);
  bench.take();
  EXPECT_NE(bench.where(map_task(0)), first.node);
  EXPECT_FALSE(bench.plan.task_done(first.ticket, first.node));
}

TEST(Plan, BeginsASecondAttemptOfWhatIsFarSlowerThanItsLike) {
  Bench bench(2, 1);
  bench.plan.node_joined(node(1), kWorker);
  bench.plan.node_joined(node(2), kWorker);
  bench.plan.tick(0);
  bench.take();
  bench.plan.tick(2000);
  bench.done(map_task(0));
  bench.plan.tick(5999);
  bench.take();
  EXPECT_EQ(bench.running.size(), 1u);
  bench.plan.tick(6000);
  bench.take();
  ASSERT_EQ(bench.running.size(), 2u);
  EXPECT_NE(bench.running[0].node, bench.running[1].node);
  // The first one that is done counts; the other is cancelled and its report ignored.
  const PlanCommand slow = bench.running[0];
  const PlanCommand fast = bench.running[1];
  EXPECT_TRUE(bench.plan.task_done(fast.ticket, fast.node));
  EXPECT_FALSE(bench.plan.task_done(slow.ticket, slow.node));
  EXPECT_EQ(bench.plan.committed_count(Stage::kMap), 2u);
}

// The node whose reduce task was done first, and collected.
NodeId first_collected(Bench& bench) {
  bench.done(map_task(0));
  bench.done(reduce_task(0));
  const PlanCommand first = bench.collecting.at(0);
  EXPECT_TRUE(bench.plan.collected(first.ticket));
  return first.node;
}

TEST(Plan, ARevokedNodesWorkIsDoneAgainEvenWhenItWasCollected) {
  Bench bench(1, 2);
  for (std::uint32_t i = 1; i <= 3; ++i) bench.plan.node_joined(node(i), kWorker);
  const NodeId first = first_collected(bench);
  bench.collecting.clear();
  bench.withdrawn.clear();
  bench.plan.node_revoked(first);
  bench.take();
  EXPECT_NE(std::ranges::find(bench.withdrawn, reduce_task(0)), bench.withdrawn.end());
}

TEST(Plan, WhoIsGoneWhenTheGroundsOfAdmissionChangeCountsAsRevoked) {
  Bench bench(1, 2);
  bench.plan.node_joined(node(1), {true, false});
  for (const std::uint32_t id : {2u, 3u}) bench.plan.node_joined(node(id), {false, true});
  bench.plan.node_lost(first_collected(bench));
  bench.take();
  EXPECT_EQ(std::ranges::count(bench.withdrawn, reduce_task(0)), 0);
  bench.plan.revoke_absent();
  bench.take();
  EXPECT_EQ(std::ranges::count(bench.withdrawn, reduce_task(0)), 1);
}

TEST(Plan, ASuspendedNodeThatHangsUpCountsAsRevoked) {
  Bench bench(1, 2);
  for (std::uint32_t i = 1; i <= 3; ++i) bench.plan.node_joined(node(i), kWorker);
  const NodeId first = first_collected(bench);
  bench.plan.suspend_all();
  bench.plan.node_lost(first);
  bench.take();
  EXPECT_EQ(std::ranges::count(bench.withdrawn, reduce_task(0)), 1);
}

TEST(Plan, NothingEndsOnTheWorkOfASuspendedNode) {
  for (const bool renewed : {true, false}) {
    Bench bench(1, 1);
    for (std::uint32_t i = 1; i <= 2; ++i) bench.plan.node_joined(node(i), kWorker);
    const NodeId mapper = bench.where(map_task(0));
    bench.done(map_task(0));
    bench.done(reduce_task(0));
    bench.plan.suspend_all();
    bench.collect_all();
    EXPECT_FALSE(bench.finished);
    for (std::uint32_t i = 1; i <= 2; ++i) {
      if (renewed || node(i) != mapper) bench.plan.node_resumed(node(i));
    }
    bench.take();
    EXPECT_EQ(bench.finished, renewed);
    if (renewed) continue;
    bench.plan.node_revoked(mapper);
    bench.done(map_task(0));
    bench.done(reduce_task(0));
    bench.collect_all();
    EXPECT_TRUE(bench.finished);
  }
}

TEST(Plan, ReportsFromOthersAreIgnored) {
  Bench bench(1, 1);
  bench.plan.node_joined(node(1), kWorker);
  bench.plan.node_joined(node(2), kWorker);
  const PlanCommand command = *bench.find(map_task(0));
  EXPECT_FALSE(bench.plan.task_done(command.ticket, node(command.node.value == 1 ? 2 : 1)));
  EXPECT_FALSE(bench.plan.task_done(command.ticket + 100, command.node));
  EXPECT_TRUE(bench.plan.task_done(command.ticket, command.node));
  EXPECT_FALSE(bench.plan.task_done(command.ticket, command.node));
}

// Whatever happens in whatever order: it ends, and with one committed attempt for each task.
TEST(Plan, EndsWhateverHappens) {
  int finished = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SeededRandom random(seed);
    const auto splits = static_cast<std::uint32_t>(1 + random.below(6));
    const auto partitions = static_cast<std::uint32_t>(1 + random.below(4));
    PlanOptions options;
    options.failure_limit = 6;
    Bench bench(splits, partitions, options);
    std::uint32_t next_node = 1;
    std::vector<NodeId> nodes;
    UnixMs now = 0;
    for (int step = 0; step < 3000 && !bench.plan.over(); ++step) {
      bench.take();
      const std::uint64_t choice = random.below(100);
      if (nodes.empty() || choice < 3) {
        nodes.push_back(node(next_node++));
        bench.plan.node_joined(nodes.back(), kWorker);
      } else if (choice < 6) {
        const std::size_t victim = random.below(nodes.size());
        if (random.below(4) == 0) {
          bench.plan.node_revoked(nodes[victim]);
        } else {
          bench.plan.node_lost(nodes[victim]);
        }
        std::erase_if(bench.running, [&](const PlanCommand& c) { return c.node == nodes[victim]; });
        nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(victim));
      } else if (choice < 10) {
        bench.plan.tick(now += 1000);
      } else if (choice < 13 && !bench.running.empty()) {
        const PlanCommand pick = bench.running[random.below(bench.running.size())];
        std::optional<TaskId> producer;
        if (random.below(2) == 0) producer = map_task(static_cast<std::uint32_t>(random.below(splits)));
        bench.forget(pick.ticket);
        bench.plan.task_failed(pick.ticket, pick.node, "chance", producer);
      } else if (choice < 30 && !bench.collecting.empty()) {
        const PlanCommand pick = bench.collecting.back();
        bench.collecting.pop_back();
        EXPECT_TRUE(bench.plan.collected(pick.ticket)) << seed;
      } else if (!bench.running.empty()) {
        const PlanCommand pick = bench.running[random.below(bench.running.size())];
        bench.forget(pick.ticket);
        EXPECT_TRUE(bench.plan.task_done(pick.ticket, pick.node)) << seed;
      }
    }
    bench.take();
    EXPECT_TRUE(bench.plan.over()) << seed;
    if (bench.finished) {
      ++finished;
      EXPECT_EQ(bench.plan.committed_count(Stage::kMap), splits);
      EXPECT_EQ(bench.plan.committed_count(Stage::kReduce), partitions);
      EXPECT_EQ(bench.plan.running_count(), 0u) << seed;
    }
  }
  EXPECT_GT(finished, 1000);
}

}  // namespace
}  // namespace brume::mapreduce

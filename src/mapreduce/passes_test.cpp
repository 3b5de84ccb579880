#include "mapreduce/passes.h"

#include <gtest/gtest.h>

namespace brume::mapreduce {
namespace {

StageFacts facts(Reads reads, std::string until_zero = {}, std::uint32_t at_most = 1) {
  StageFacts out;
  out.reads = reads;
  out.until_zero = std::move(until_zero);
  out.at_most = at_most;
  return out;
}

Passes passes_of(std::vector<StageFacts> stages) { return *Passes::create(std::move(stages), {}); }

Passes::Counted malformed(std::uint64_t count, std::vector<RecordPlace> places = {}) {
  return {{{"records.malformed", count}}, std::move(places)};
}

std::string told(const Passes& passes) {
  std::string out;
  for (const JobCounter& counter : passes.told_counters())
    out += counter.name + "=" + std::to_string(counter.sum) + " ";
  for (const RecordPlace& place : passes.told_places())
    out += std::to_string(place.input) + ":" + std::to_string(place.offset) + " ";
  for (const std::string& note : passes.notes()) out += note + " ";
  return out;
}

TEST(Passes, TakeNoSideThatTheJobMakesItself) {
  StageFacts moves = facts(Reads::kInput);
  moves.sides = {{"stop", false}, {"centres", true}};
  moves.carries = "centres";
  const std::vector<StageFacts> stages{facts(Reads::kInput), moves};
  EXPECT_TRUE(Passes::create(stages, {"stop"}));
  EXPECT_EQ(Passes::create(stages, {"centres"}).error().what,
            "--side centres: the job makes that itself, in the stage before");
  EXPECT_EQ(Passes::create(stages, {"start"}).error().what, "--side start: the job takes only stop");
  EXPECT_TRUE(Passes::create({moves}, {"centres"})) << "of its first pass";
}

TEST(Passes, TellTheLastOnesCounters) {
  Passes passes = passes_of({facts(Reads::kInput), facts(Reads::kPrevious)});
  EXPECT_TRUE(passes.advance({{{"early", 3}}}, 1));
  EXPECT_FALSE(passes.advance({{{"late", 4}}}, 1));
  EXPECT_EQ(told(passes), "late=4 ");
}

TEST(Passes, TellOfMalformedRecordsThatAnEarlierStageLeftOut) {
  Passes passes = passes_of({facts(Reads::kInput), facts(Reads::kPrevious)});
  EXPECT_TRUE(passes.advance(malformed(2, {{0, 7}, {1, 3}}), 2));
  EXPECT_FALSE(passes.advance({{{"late", 4}, {"zero", 0}}}, 2));
  EXPECT_EQ(told(passes), "late=4 records.malformed=2 zero=0 0:7 1:3 ");
}

TEST(Passes, KnowTheOutputBeforeFromTheRunsInputs) {
  Passes passes = passes_of({facts(Reads::kInput), facts(Reads::kPrevious), facts(Reads::kPrevious)});
  EXPECT_TRUE(passes.advance(malformed(2, {{0, 7}}), 2));
  EXPECT_TRUE(passes.advance(malformed(5, {{0, 9}}), 2)) << "of what a stage wrote";
  EXPECT_FALSE(passes.advance(malformed(1, {{0, 8}}), 2));
  EXPECT_EQ(told(passes), "records.malformed=3 0:7 2:8 ");
}

TEST(Passes, CountARecordOnceThatIsReadInEveryPass) {
  Passes passes = passes_of({facts(Reads::kBoth, {}, 3)});
  EXPECT_TRUE(passes.advance(malformed(2, {{0, 7}}), 1));
  EXPECT_TRUE(passes.advance(malformed(2, {{0, 7}}), 1));
  EXPECT_FALSE(passes.advance(malformed(2, {{0, 7}}), 1));
  EXPECT_EQ(told(passes), "records.malformed=2 0:7 ");
}

TEST(Passes, SayWhichStageDidNotSettle) {
  Passes passes = passes_of({facts(Reads::kPrevious, "changed", 2), facts(Reads::kPrevious, "moved", 5)});
  EXPECT_TRUE(passes.advance({{{"changed", 9}}}, 1));
  EXPECT_EQ(passes.repetition(), 2u);
  EXPECT_TRUE(passes.advance({{{"changed", 4}}}, 1));
  EXPECT_EQ(passes.stage_index(), 1u);
  EXPECT_FALSE(passes.advance({}, 1));
  EXPECT_EQ(told(passes), "stage 1 did not converge: counter changed is 4 after 2 passes ");
}

}  // namespace
}  // namespace brume::mapreduce

#include "mapreduce/hint_room.h"

#include <gtest/gtest.h>

namespace brume::mapreduce {
namespace {

TEST(HintRoom, FillsWithTimeUpToItsMost) {
  HintRoom room;
  EXPECT_FALSE(room.take(HintRoom::kMost + 1));
  EXPECT_TRUE(room.take(HintRoom::kMost));
  EXPECT_FALSE(room.take(1));
  room.tick(1'000'000);  // the clock's first word says nothing of how long it was
  EXPECT_FALSE(room.take(1));
  room.tick(1'000'003);
  EXPECT_FALSE(room.take(3 * HintRoom::kPerMs + 1));
  EXPECT_TRUE(room.take(3 * HintRoom::kPerMs));
  room.tick(900'000);  // a clock that is set back
  EXPECT_FALSE(room.take(1));
  room.tick(2'000'000);
  EXPECT_TRUE(room.take(HintRoom::kMost));
  EXPECT_FALSE(room.take(1));
}

}  // namespace
}  // namespace brume::mapreduce

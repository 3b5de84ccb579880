#include "enclave/page_blocks.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace brume::enclave {
namespace {

constexpr std::uint64_t kPage = abi::kPageSize;

TEST(PageBlocks, TakesFromTheEndAndUsesAgain) {
  PageBlocks blocks(100 * kPage);
  EXPECT_EQ(blocks.take(10 * kPage, 0), 90 * kPage);
  EXPECT_EQ(blocks.take(1, 0), 89 * kPage);
  EXPECT_EQ(blocks.take(9 * kPage, 0), 80 * kPage);
  blocks.give(90 * kPage, 10 * kPage);
  EXPECT_EQ(blocks.take(4 * kPage, 0), 96 * kPage);
  EXPECT_EQ(blocks.take(7 * kPage, 0), 73 * kPage);
  EXPECT_EQ(blocks.take(6 * kPage - 5, 0), 90 * kPage);
  EXPECT_EQ(blocks.low(), 73 * kPage);
  blocks.give(73 * kPage, 7 * kPage);
  EXPECT_EQ(blocks.low(), 80 * kPage);
  EXPECT_EQ(blocks.lowest(), 73 * kPage);
}

TEST(PageBlocks, JoinsWhatLiesTogether) {
  for (const auto& order : {std::array{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
    PageBlocks blocks(100 * kPage);
    std::array<std::uint64_t, 3> at{};
    ASSERT_EQ(blocks.take(20 * kPage, 0), 80 * kPage);
    for (std::uint64_t& one : at) one = *blocks.take(10 * kPage, 0);
    ASSERT_EQ(blocks.take(kPage, 0), 49 * kPage);
    for (const int i : order) blocks.give(at[static_cast<std::size_t>(i)], 10 * kPage);
    EXPECT_EQ(blocks.take(30 * kPage, 0), 50 * kPage);
    blocks.give(50 * kPage, 30 * kPage);
    blocks.give(49 * kPage, kPage);
    EXPECT_EQ(blocks.low(), 80 * kPage);
  }
}

TEST(PageBlocks, RefusesWhatIsNotThere) {
  PageBlocks blocks(100 * kPage);
  EXPECT_FALSE(blocks.take(101 * kPage, 0));
  EXPECT_FALSE(blocks.take(~std::uint64_t{0}, 0));
  EXPECT_FALSE(blocks.take(0, 0));
  EXPECT_FALSE(blocks.take(51 * kPage, 50 * kPage));
  EXPECT_FALSE(blocks.take(kPage, 200 * kPage));
  EXPECT_EQ(blocks.take(50 * kPage, 50 * kPage), 50 * kPage);
  EXPECT_FALSE(blocks.take(1, 50 * kPage));
  EXPECT_EQ(blocks.low(), 50 * kPage);
  EXPECT_FALSE(PageBlocks().take(1, 0));
}

// No two blocks ever overlap, and when all are given back the range is whole.
TEST(PageBlocks, HoldsInAnyOrder) {
  std::mt19937 random(1);
  PageBlocks blocks(20'000 * kPage);
  std::map<std::uint64_t, std::uint64_t> taken;
  for (int step = 0; step < 50'000; ++step) {
    if (random() % 2 == 0) {
      const std::uint64_t size = 1 + random() % (20 * kPage);
      const auto at = blocks.take(size, 10 * kPage);
      if (!at) continue;
      ASSERT_GE(*at, 10 * kPage);
      const auto [place, is_new] = taken.emplace(*at, size);
      ASSERT_TRUE(is_new);
      ASSERT_LE(*at + size, std::next(place) == taken.end() ? 20'000 * kPage : std::next(place)->first);
      const auto before = place == taken.begin() ? place : std::prev(place);
      ASSERT_LE(before == place ? 0 : before->first + before->second, *at);
    } else if (!taken.empty()) {
      auto given = taken.lower_bound(random() % (20'000 * kPage));
      if (given == taken.end()) given = taken.begin();
      blocks.give(given->first, given->second);
      taken.erase(given);
    }
    ASSERT_LE(blocks.low(), taken.empty() ? 20'000 * kPage : taken.begin()->first);
  }
  for (const auto& [at, size] : taken) blocks.give(at, size);
  EXPECT_EQ(blocks.low(), 20'000 * kPage);
}

// More gaps than the books hold are lost, and nothing else is.
TEST(PageBlocks, ForgetsGapsBeyondItsBooks) {
  constexpr std::uint64_t kCount = 2 * PageBlocks::kMostGaps + 100;
  PageBlocks blocks(kCount * kPage);
  for (std::uint64_t i = 0; i < kCount; ++i) ASSERT_TRUE(blocks.take(kPage, 0));
  for (std::uint64_t i = 1; i < kCount; i += 2) blocks.give(i * kPage, kPage);
  std::size_t again = 0;
  while (blocks.take(kPage, 0)) ++again;
  EXPECT_EQ(again, PageBlocks::kMostGaps);
}

}  // namespace
}  // namespace brume::enclave

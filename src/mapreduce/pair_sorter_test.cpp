#include <brume/codec.h>
#include <brume/detail/pairs.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "mapreduce/test_scratch.h"

namespace brume::detail {
namespace {

using KeyValue = std::pair<std::string, std::string>;

std::vector<KeyValue> all_of(PairSorter& sorter) {
  std::vector<KeyValue> out;
  auto reader = sorter.read();
  EXPECT_TRUE(reader.has_value());
  for (Pair pair;;) {
    const auto more = (*reader)->next(pair);
    EXPECT_TRUE(more.has_value());
    if (!more || !*more) break;
    EXPECT_EQ(pair.same_key, !out.empty() && out.back().first == pair.key);
    out.emplace_back(pair.key, pair.value);
  }
  return out;
}

// Lists of any lengths, some keys in many of them: the same pairs as if each value had come alone.
void expect_pairs_of_lists(std::size_t memory, std::size_t list_count, std::size_t keys, bool spills) {
  std::mt19937 random(5);
  mapreduce::testing::TestScratch scratch(1000);
  PairRules rules;
  rules.memory = memory;
  rules.lists = true;
  const auto sorter = make_pair_sorter(scratch, rules);
  std::vector<KeyValue> expected;
  for (std::size_t i = 0; i < list_count; ++i) {
    const std::string key = "key" + std::to_string(random() % keys);
    std::string list;
    for (std::size_t left = random() % 20; left > 0; --left) {
      const std::string value = std::to_string(random() % 50).substr(0, random() % 3);
      Codec<std::string>::encode(value, list);
      expected.emplace_back(key, value);
    }
    ASSERT_TRUE(sorter->add(key, list).has_value());
    if (spills && i % 1000 == 999) {
      ASSERT_TRUE(sorter->spill().has_value());
    }
  }
  std::ranges::sort(expected);
  EXPECT_TRUE(all_of(*sorter) == expected);
}

TEST(PairSorter, ReadsTheValuesOfLists) {
  expect_pairs_of_lists(std::size_t{64} << 20, 20'000, 300, false);
  expect_pairs_of_lists(std::size_t{64} << 20, 500, 1, false);
  expect_pairs_of_lists(std::size_t{64} << 20, 0, 1, false);
}

TEST(PairSorter, ReadsTheValuesOfListsBeyondMemory) {
  expect_pairs_of_lists(kLeastPairMemory, 20'000, 300, false);
  expect_pairs_of_lists(kLeastPairMemory, 3'000, 2, true);
}

// A few of them fill what a merge may hold: runs are merged by twos, though there is room for five small windows.
TEST(PairSorter, MergesNoMoreLargePairsAtOnceThanFitIntoMemory) {
  mapreduce::testing::TestScratch scratch;
  PairRules rules;
  rules.memory = std::size_t{1} << 20;
  const auto sorter = make_pair_sorter(scratch, rules);
  std::vector<std::pair<std::string, std::string>> expected;
  for (int i = 0; i < 40; ++i) {
    expected.emplace_back(std::to_string(i * 7 % 40 + 100), std::string(120'000, static_cast<char>('a' + i % 26)));
    ASSERT_TRUE(sorter->add(expected.back().first, expected.back().second).has_value());
  }
  const std::size_t run_count = scratch.runs.size();
  EXPECT_GE(run_count, 4u);
  std::ranges::sort(expected);
  EXPECT_TRUE(all_of(*sorter) == expected);
  EXPECT_GT(scratch.runs.size(), run_count + 1);
}

TEST(PairSorter, SaysWhatToDoWhereAPairIsTooLarge) {
  mapreduce::testing::TestScratch scratch(1000);
  PairRules rules;
  rules.memory = kLeastPairMemory;
  const auto sorter = make_pair_sorter(scratch, rules);
  EXPECT_TRUE(sorter->add("key", std::string(kLeastPairMemory / 4, 'x')).has_value());
  const auto refused = sorter->add("key", std::string(kLeastPairMemory / 2, 'x'));
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().contains("brume image build --heap-mb")) << refused.error();
}

}  // namespace
}  // namespace brume::detail

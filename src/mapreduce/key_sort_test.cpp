#include "mapreduce/key_sort.h"

#include <gtest/gtest.h>

#include <deque>
#include <numeric>
#include <random>
#include <set>

namespace brume::mapreduce {
namespace {

std::vector<std::string> sorted(const std::vector<std::string>& keys) {
  std::deque<Bytes> memory;
  std::vector<SortedKey> items;
  for (const std::string& key : keys) {
    Bytes& bytes = memory.emplace_back(sizeof(LongEntry) + (key.size() + 7) / 8 * 8, 0xEE);
    auto* const entry = new (bytes.data()) LongEntry{1, static_cast<std::uint32_t>(key.size())};
    std::memcpy(entry + 1, key.data(), key.size());
    items.push_back({prefix_at(*entry, 0), entry});
  }
  sort_keys(items);
  std::vector<std::string> out;
  for (const SortedKey& item : items) out.emplace_back(item.entry->key());
  return out;
}

// `keys` without what is double, in any order.
void expect_sorted(std::vector<std::string> keys, std::mt19937& random) {
  const std::set<std::string> expected(keys.begin(), keys.end());
  keys.assign(expected.begin(), expected.end());
  std::ranges::shuffle(keys, random);
  EXPECT_TRUE(std::ranges::equal(sorted(keys), expected));
}

TEST(KeySort, SortsAsComparingDoes) {
  std::mt19937 random(7);
  // Few letters make long common beginnings; zero bytes are what short prefixes are filled with.
  for (const std::string_view letters : {std::string_view("\0", 1), std::string_view("\0\1", 2), std::string_view("ab"),
                                         std::string_view("\0a\x80\xff", 4), std::string_view("abcdefghijklmnop")}) {
    for (const std::size_t count : {0u, 1u, 2u, 16u, 17u, 300u, 5'000u}) {
      for (const std::size_t longest : {1u, 7u, 8u, 9u, 17u, 40u, 100u}) {
        std::vector<std::string> keys(count);
        for (std::string& key : keys) {
          key.resize(random() % (longest + 1));
          for (char& letter : key) letter = letters[random() % letters.size()];
        }
        expect_sorted(keys, random);
      }
    }
  }
}

TEST(KeySort, SortsKeysThatAreEachOthersBeginnings) {
  std::mt19937 random(8);
  std::vector<std::string> keys;
  for (std::size_t size = 0; size < 2'000; ++size) keys.emplace_back(size, size % 2 == 0 ? 'a' : '\0');
  expect_sorted(keys, random);
}

TEST(KeySort, TakesAnyOrder) {
  std::vector<std::string> ascending;
  for (int i = 0; i < 100'000; ++i) ascending.push_back("a beginning that all share " + std::to_string(1'000'000 + i));
  EXPECT_TRUE(sorted(ascending) == ascending);
  EXPECT_TRUE(sorted({ascending.rbegin(), ascending.rend()}) == ascending);
  std::vector<std::string> pipes;  // up, then down
  for (std::size_t i = 0; i < ascending.size(); i += 2) pipes.push_back(ascending[i]);
  for (std::size_t i = ascending.size(); i-- > 0;)
    if (i % 2 == 1) pipes.push_back(ascending[i]);
  EXPECT_TRUE(sorted(pipes) == ascending);
}

// Whatever order keys come in, the choice of a pivot looks at nine places: here they hold the largest keys each time.
TEST(KeySort, TakesTheWorstOrder) {
  constexpr std::size_t kCount = 20'000;
  std::vector<std::size_t> at(kCount);  // which of the keys stands there as the sort would have moved them
  std::iota(at.begin(), at.end(), std::size_t{0});
  std::vector<std::size_t> value(kCount);  // 0: not chosen yet
  std::size_t largest = kCount;
  for (std::size_t count = kCount; count > 16;) {
    std::vector<std::size_t> looked_at;
    for (const std::size_t middle : {std::size_t{1}, count / 2, count - 2}) {
      std::vector<std::size_t> three;
      for (const std::size_t place : {middle - 1, middle, middle + 1}) {
        if (value[at[place]] == 0) value[at[place]] = largest--;
        three.push_back(value[at[place]]);
      }
      std::ranges::sort(three);
      looked_at.push_back(three[1]);
    }
    std::ranges::sort(looked_at);
    std::size_t front = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const bool less = value[at[i]] < looked_at[1];
      std::swap(at[i], at[front]);
      front += less ? 1u : 0u;
    }
    ASSERT_LT(front, count);
    count = front;
  }
  std::vector<std::string> keys;
  for (std::size_t& v : value) {
    if (v == 0) v = largest--;
    keys.push_back(std::to_string(1'000'000 + v));
  }
  std::vector<std::string> expected = keys;
  std::ranges::sort(expected);
  EXPECT_TRUE(sorted(keys) == expected);
}

}  // namespace
}  // namespace brume::mapreduce

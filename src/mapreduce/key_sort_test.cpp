#include "mapreduce/key_sort.h"

#include <gtest/gtest.h>

#include <deque>
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

}  // namespace
}  // namespace brume::mapreduce

#include "mapreduce/pair_sort.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace brume::mapreduce {
namespace {

using detail::Ties;

using KeyValue = std::pair<std::string, std::string>;

class Pairs {
 public:
  explicit Pairs(const std::vector<KeyValue>& pairs) {
    for (const auto& [key, value] : pairs) {
      Bytes& bytes = arena_.emplace_back(PairItem::kHeaderSize + key.size() + value.size() + RecordBuffer::kSlack);
      const auto size = static_cast<std::uint32_t>(value.size());
      std::memcpy(bytes.data(), &size, sizeof size);
      std::ranges::copy(key, bytes.begin() + PairItem::kHeaderSize);
      std::ranges::copy(value, bytes.begin() + static_cast<std::ptrdiff_t>(PairItem::kHeaderSize + key.size()));
      items_.push_back({key_prefix(bytes.data() + PairItem::kHeaderSize, key.size()), bytes.data(),
                        static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(items_.size())});
    }
  }
  std::vector<KeyValue> sorted(Ties ties) {
    sort_pairs(items_, ties);
    std::vector<KeyValue> out;
    for (const PairItem& item : items_) out.emplace_back(item.key(), item.value());
    return out;
  }

 private:
  std::deque<Bytes> arena_;
  std::vector<PairItem> items_;
};

void expect_sorted(const std::vector<KeyValue>& pairs) {
  auto expected = pairs;
  std::ranges::stable_sort(expected, {}, &KeyValue::first);
  EXPECT_TRUE(Pairs(pairs).sorted(Ties::kAsTheyCame) == expected);
  std::ranges::sort(expected);
  EXPECT_TRUE(Pairs(pairs).sorted(Ties::kByValue) == expected);
}

TEST(PairSort, SortsAsComparingDoes) {
  std::mt19937 random(7);
  // Few letters make long common beginnings; zero bytes are what short prefixes are filled with.
  for (const std::string_view letters : {std::string_view("\0", 1), std::string_view("\0\1", 2), std::string_view("ab"),
                                         std::string_view("\0a\x80\xff", 4), std::string_view("abcdefghijklmnop")}) {
    for (const std::size_t count : {0u, 1u, 2u, 64u, 65u, 300u, 3'000u}) {
      for (const std::size_t longest : {1u, 7u, 8u, 9u, 17u, 40u}) {
        const auto text = [&] {
          std::string made(random() % (longest + 1), ' ');
          for (char& letter : made) letter = letters[random() % letters.size()];
          return made;
        };
        std::vector<KeyValue> pairs;
        for (std::size_t i = 0; i < count; ++i) pairs.emplace_back(text(), text());
        expect_sorted(pairs);
      }
    }
  }
}

TEST(PairSort, SortsKeysThatAreEachOthersBeginnings) {
  std::vector<KeyValue> pairs;
  for (std::size_t i = 0; i < 3'000; ++i) pairs.emplace_back(std::string(i * 7 % 3'000, i % 2 == 0 ? 'a' : '\0'), "");
  expect_sorted(pairs);
}

TEST(PairSort, SortsManyPairsOfOneKey) {
  std::vector<KeyValue> pairs;
  for (std::size_t i = 0; i < 50'000; ++i)
    pairs.emplace_back(i % 3 == 0 ? "another key, longer than a word" : "a key, longer than a word",
                       std::to_string(i * 7919 % 1'000));
  expect_sorted(pairs);
}

TEST(PairSort, LeavesWhatIsInOrder) {
  std::vector<KeyValue> pairs;
  for (std::size_t i = 0; i < 1'000; ++i) pairs.emplace_back(std::to_string(1'000'000 + i / 3), std::to_string(i % 3));
  EXPECT_TRUE(Pairs(pairs).sorted(Ties::kByValue) == pairs);
}

}  // namespace
}  // namespace brume::mapreduce

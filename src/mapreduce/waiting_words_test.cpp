#include "mapreduce/waiting_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "mapreduce/count_tables.h"

namespace brume::mapreduce {
namespace {

constexpr std::size_t kEnough = std::size_t{8} << 20;

struct Word {
  std::string text;  // with slack behind it
  std::size_t size = 0;
  std::uint64_t hash = 0;
  std::uint64_t value = 0;
};

Word random_word(std::mt19937_64& random) {
  const bool is_longest = random() % 100 == 0;
  const std::size_t size =
      is_longest ? WaitingWords::kLongest : kShortSize + 1 + random() % (random() % 2 == 0 ? 20 : 200);
  std::string text(size, static_cast<char>('a' + random() % 26));
  for (int i = 0; i < 4; ++i) text[random() % size] = static_cast<char>('a' + random() % 26);
  const std::uint64_t value = random() % 5 == 0 ? WaitingWords::kLargestValue : random() % 3;
  return {text + std::string(kSlack, '!'), size, random(), value};
}

bool put(WaitingWords& waiting, const Word& word) {
  return waiting.put(reinterpret_cast<const std::uint8_t*>(word.text.data()), word.size, word.hash, word.value);
}

std::string described(std::string_view text, std::uint64_t hash, std::uint64_t value) {
  return std::string(text) + ' ' + std::to_string(hash >> 32) + ' ' + std::to_string(value);
}

TEST(WaitingWords, GivesOutWhatWasPutByRangesOfHashes) {
  std::mt19937_64 random(5);
  WaitingWords waiting;
  waiting.configure(kEnough);
  for (int round = 0; round < 2; ++round) {
    std::vector<std::string> wanted;
    for (Word word = random_word(random); put(waiting, word); word = random_word(random)) {
      ASSERT_TRUE(waiting.takes(word.size, word.value));
      wanted.push_back(described({word.text.data(), word.size}, word.hash, word.value));
    }
    EXPECT_EQ(waiting.size(), wanted.size());
    EXPECT_EQ(waiting.bytes(), kEnough);
    std::vector<std::string> given;
    std::uint64_t range = 0;
    const auto take = [&](const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes,
                          const std::uint64_t* values, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_GE(hashes[i] >> 58, range);
        range = hashes[i] >> 58;
        const std::string_view word(reinterpret_cast<const char*>(text) + word_begin(words[i]), word_size(words[i]));
        given.push_back(described(word, hashes[i], values[i]));
      }
      return true;
    };
    EXPECT_TRUE(waiting.give_out(take));
    std::ranges::sort(wanted);
    std::ranges::sort(given);
    EXPECT_TRUE(given == wanted);
    EXPECT_EQ(waiting.size(), 0u);
    EXPECT_EQ(waiting.bytes(), 0u);
  }
}

TEST(WaitingWords, TakesNothingWithoutRoomForIt) {
  WaitingWords waiting;
  EXPECT_FALSE(waiting.takes(20, 1));
  waiting.configure(kEnough / 2);
  EXPECT_FALSE(waiting.takes(20, 1));
  waiting.configure(kEnough);
  EXPECT_TRUE(waiting.takes(20, 1));
  EXPECT_FALSE(waiting.takes(WaitingWords::kLongest + 1, 1));
  EXPECT_FALSE(waiting.takes(20, WaitingWords::kLargestValue + 1));
}

TEST(WaitingWords, ForgetsWhatAnotherTaskLeft) {
  std::mt19937_64 random(6);
  WaitingWords waiting;
  waiting.configure(kEnough);
  ASSERT_TRUE(put(waiting, random_word(random)));
  waiting.configure(kEnough);
  EXPECT_EQ(waiting.size(), 0u);
  EXPECT_TRUE(waiting.give_out([](auto...) { return ADD_FAILURE() << "a word of another task", true; }));
}

TEST(WaitingWords, StopsWhereItIsTold) {
  std::mt19937_64 random(7);
  WaitingWords waiting;
  waiting.configure(kEnough);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(put(waiting, random_word(random)));
  int batches = 0;
  EXPECT_FALSE(waiting.give_out([&](auto...) { return ++batches < 2; }));
  EXPECT_EQ(batches, 2);
}

// Tables that are emptied whenever they are full, whatever waits.
class Emptied final : public CountTables::Room {
 public:
  explicit Emptied(std::size_t limit) : limit_(limit) {
    tables_.configure({}, 1, 64, false, kEnough);
    EXPECT_TRUE(tables_.reset(0, 0));
  }
  bool make_room(bool in_long_table) override {
    LongTable& longs = tables_.long_table();
    if (in_long_table && longs.next_limit() <= limit_) return longs.grow(longs.next_limit());
    empty();
    return true;
  }
  void add(const std::string& text, std::uint64_t value) {
    WordSpan span = word_span(0, text.size() - kSlack);
    std::vector<WordSpan> words(1 + kOutputSlack, span);
    ASSERT_TRUE(tables_.add_segment(reinterpret_cast<const std::uint8_t*>(text.data()), words.data(), 1, nullptr, value,
                                    *this));
  }
  std::map<std::string, std::uint64_t>& finish() {
    EXPECT_TRUE(tables_.settle(*this));
    empty();
    return totals_;
  }

 private:
  void empty() {
    tables_.long_table().for_each(
        [&](const LongEntry& entry) { totals_[std::string(entry.key())] += tables_.total(entry.key(), entry.count); });
    EXPECT_TRUE(tables_.reset(0, 0));
  }

  std::size_t limit_;
  CountTables tables_;
  std::map<std::string, std::uint64_t> totals_;
};

TEST(WaitingWords, CountTheSameHoweverSmallTheTable) {
  std::mt19937_64 random(8);
  std::vector<Word> words(8'000);
  std::ranges::generate(words, [&] { return random_word(random); });
  words.push_back({std::string(20'000 + kSlack, 'x'), 20'000, 0, 0});
  for (const std::size_t limit : {std::size_t{0}, std::size_t{2'000}, std::size_t{1} << 20}) {
    Emptied tables(limit);
    std::map<std::string, std::uint64_t> wanted;
    for (std::size_t i = 0; i < 60'000; ++i) {
      const Word& word = words[random() % words.size()];
      const std::uint64_t value = i % 7 == 0 ? 1'000'000 : i % 3;
      tables.add(word.text, value);
      wanted[word.text.substr(0, word.size)] += value;
    }
    EXPECT_TRUE(tables.finish() == wanted) << limit;
  }
}

}  // namespace
}  // namespace brume::mapreduce

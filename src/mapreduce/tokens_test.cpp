// Tokenise, fold and hash: every form of the kernels against the portable one and against a plain loop.
#include <brume/words.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "mapreduce/kernels.h"

namespace brume::mapreduce {
namespace {

class Kernel : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!isa_available(GetParam())) GTEST_SKIP() << "this processor lacks the instructions";
  }
  const Kernels& kernels() const { return kernels_for(GetParam()); }

  std::vector<WordSpan> tokenise(const ByteSet& separators, std::string text) const {
    const std::size_t size = text.size();
    text.resize(size + kSlack, 'x');  // what stands behind the end must not count
    std::vector<WordSpan> words(kMaxSegmentWords + kOutputSlack);
    words.resize(kernels().tokenise(ByteClass(separators), reinterpret_cast<const std::uint8_t*>(text.data()), size,
                                    words.data()));
    return words;
  }
};

std::vector<WordSpan> plain_words(const ByteSet& separators, std::string_view text) {
  std::vector<WordSpan> words;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && !separators.contains(text[at])) continue;
    if (at > begin) words.push_back(word_span(begin, at));
    begin = at + 1;
  }
  return words;
}

std::string random_text(std::mt19937_64& random, std::size_t size, unsigned separator_share) {
  std::string text(size, '\0');
  for (char& byte : text) {
    byte = random() % 100 < separator_share ? "\t\n\v\f\r "[random() % 6] : static_cast<char>(random());
  }
  return text;
}

TEST_P(Kernel, FindsBordersAtEveryOffset) {
  const ByteSet separators = Words::whitespace().separators;
  for (std::size_t begin = 0; begin < 140; ++begin) {
    for (std::size_t size = 1; size < 70; ++size) {
      std::string text(begin, ' ');
      text += std::string(size, 'a') + std::string((begin + size) % 3, '\n');
      ASSERT_EQ(tokenise(separators, text), plain_words(separators, text)) << begin << ' ' << size;
    }
  }
}

TEST_P(Kernel, ClassifiesEveryByteValue) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    ByteSet separators;
    for (int byte = 0; byte < 256; ++byte) {
      if (random() % 4 == 0) separators.add(static_cast<std::uint8_t>(byte));
    }
    ASSERT_EQ(tokenise(separators, all), plain_words(separators, all));
  }
  EXPECT_EQ(tokenise(Words::letters().separators, all), plain_words(Words::letters().separators, all));
  EXPECT_EQ(tokenise(Words::whitespace().separators, all), plain_words(Words::whitespace().separators, all));
}

TEST_P(Kernel, EqualsThePlainLoopOverRandomTexts) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 400; ++round) {
    const std::size_t size = round < 200 ? random() % 300 : random() % (kSegmentSize + 1);
    const std::string text = random_text(random, size, static_cast<unsigned>(random() % 101));
    const ByteSet separators = round % 2 == 0 ? Words::whitespace().separators : Words::letters().separators;
    ASSERT_EQ(tokenise(separators, text), plain_words(separators, text)) << round;
  }
}

TEST_P(Kernel, TakesWholeSegmentsOfEachExtreme) {
  const ByteSet separators = Words::whitespace().separators;
  const std::string one_word(kSegmentSize, 'w');
  const std::string nothing(kSegmentSize, ' ');
  std::string most;
  while (most.size() < kSegmentSize) most += "a ";
  for (const std::string& text : {one_word, nothing, most, std::string()}) {
    ASSERT_EQ(tokenise(separators, text), plain_words(separators, text));
  }
}

TEST_P(Kernel, FoldsLettersOnly) {
  std::mt19937_64 random(3);
  for (std::size_t size = 0; size < 200; ++size) {
    std::vector<std::uint8_t> text(size + kSlack);
    for (auto& byte : text) byte = static_cast<std::uint8_t>(random());
    std::vector<std::uint8_t> out(size + kSlack);
    kernels().fold_upper(text.data(), size, out.data());
    for (std::size_t i = 0; i < size; ++i) {
      const bool lower = text[i] >= 'a' && text[i] <= 'z';
      ASSERT_EQ(out[i], lower ? text[i] - 32 : text[i]);
    }
  }
}

TEST_P(Kernel, HashesAsThePortableOne) {
  const HashSchedule schedule = detail::make_hash_schedule({9, 8, 7, 6, 5});
  std::mt19937_64 random(4);
  std::vector<std::uint8_t> bytes(1000);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  for (std::size_t size = 0; size < 600; ++size) {
    const std::size_t at = random() % 300;
    ASSERT_EQ(kernels().hash(schedule, bytes.data() + at, size),
              kPortableKernels.hash(schedule, bytes.data() + at, size));
    if (size > kShortSize) continue;
    // As in a bucket of a table: what has no key is no matter.
    const ShortKey keys[] = {{}, load_short_key(bytes.data() + at, size), {}};
    const std::uint8_t sizes[] = {1, static_cast<std::uint8_t>(size + 1), 0};
    std::uint64_t hashes[3];
    kernels().hash_keys(schedule, keys, sizes, 3, hashes);
    ASSERT_EQ(hashes[0], kPortableKernels.hash(schedule, bytes.data(), 0));
    ASSERT_EQ(hashes[1], kPortableKernels.hash(schedule, bytes.data() + at, size));
  }
}

TEST_P(Kernel, SplitsAndHashesInOrder) {
  const HashSchedule schedule = detail::make_hash_schedule({1});
  std::mt19937_64 random(5);
  for (int round = 0; round < 100; ++round) {
    std::string text = random_text(random, kSegmentSize, static_cast<unsigned>(1 + random() % 30));
    std::vector<WordSpan> words = plain_words(Words::whitespace().separators, text);
    text.resize(text.size() + kSlack);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    const auto run = [&](const Kernels& with) {
      std::vector<WordSpan> short_words = words;
      short_words.resize(words.size() + kOutputSlack);
      std::vector<WordSpan> long_words(words.size() + kOutputSlack);
      std::vector<std::uint64_t> short_hashes(words.size() + kOutputSlack);
      std::vector<std::uint64_t> long_hashes(words.size() + kOutputSlack);
      const SplitCounts counts =
          with.split_and_hash(schedule, bytes, short_words.data(), words.size(), short_words.data(),
                              short_hashes.data(), long_words.data(), long_hashes.data());
      short_words.resize(counts.short_count);
      short_hashes.resize(counts.short_count);
      long_words.resize(counts.long_count);
      long_hashes.resize(counts.long_count);
      return std::tuple(short_words, short_hashes, long_words, long_hashes);
    };
    ASSERT_EQ(run(kernels()), run(kPortableKernels));
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, Kernel, ::testing::Values(Isa::kPortable, Isa::kAvx2, Isa::kAvx512),
                         [](const auto& info) {
                           return info.param == Isa::kPortable ? "Portable"
                                  : info.param == Isa::kAvx2   ? "Avx2"
                                                               : "Avx512";
                         });

TEST(KeyedHash, TurnsOnEveryBitOfKeyAndInput) {
  const HashKey zero{};
  const std::uint64_t base = detail::keyed_hash(detail::make_hash_schedule(zero), "fog");
  for (std::size_t bit = 0; bit < 256; ++bit) {
    HashKey key{};
    key[bit / 8] = static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_NE(detail::keyed_hash(detail::make_hash_schedule(key), "fog"), base);
  }
  const HashSchedule schedule = detail::make_hash_schedule(zero);
  EXPECT_NE(detail::keyed_hash(schedule, "a"), detail::keyed_hash(schedule, std::string_view("a\0", 2)));
  EXPECT_NE(detail::keyed_hash(schedule, ""), detail::keyed_hash(schedule, std::string_view("\0", 1)));
}

TEST(KeyedHash, SpreadsKeysEvenlyOverPartitions) {
  const HashSchedule schedule = detail::make_hash_schedule({3, 1, 4});
  std::vector<int> sizes(7);
  for (int i = 0; i < 70000; ++i) ++sizes[detail::partition_of(detail::keyed_hash(schedule, std::to_string(i)), 7)];
  for (int size : sizes) EXPECT_NEAR(size, 10000, 500);
}

}  // namespace
}  // namespace brume::mapreduce

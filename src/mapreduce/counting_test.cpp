// The counting kernels as a whole: text to lines, against a naive count.
#include <brume/detail/counting.h>
#include <brume/memory.h>

#include <cstdlib>

#include "mapreduce/counting_reduce.h"
#include "mapreduce/counting_test_program.h"

namespace brume::mapreduce {
namespace {

using testing::Collected;
using testing::feed_stream;
using testing::map_text;
using testing::naive_count;
using testing::run_job;
using testing::Streams;
using testing::test_config;

// A word count without the typed API, so that values and orders can vary.
class WordProgram final : public JobProgram {
 public:
  explicit WordProgram(Words words = Words::whitespace(), bool is_signed = false,
                       detail::LineOrder order = detail::LineOrder::kValueDescending)
      : words_(words) {
    detail::CountingHooks hooks;
    hooks.job = this;
    hooks.map = [](void* self, const Piece& text, detail::CountSink& out) {
      static_cast<WordProgram*>(self)->map(text, out);
    };
    hooks.format = is_signed ? format<std::int64_t> : format<std::uint64_t>;
    hooks.is_signed = is_signed;
    hooks.order = order;
    engine_ = detail::make_counting_engine(hooks);
  }
  std::string_view name() const override { return "words"; }
  JobStatus configure(const JobConfig& config) override { return engine_->configure(config); }
  const Borders& borders() const override { return borders_; }
  std::unique_ptr<MapTask> new_map(Scratch&) override { return engine_->new_map(); }
  bool merges() const override { return false; }
  std::unique_ptr<ReduceTask> new_reduce(Scratch& scratch) override { return engine_->new_reduce(scratch); }
  std::unique_ptr<MergeTask> new_merge(Scratch&) override { return nullptr; }

  std::uint64_t step = 1;
  bool one_by_one = false;  // emit() in place of emit_each()

 private:
  template <typename Value>
  static void format(const void*, std::string_view, std::uint64_t value, Line& line) {
    line << '\t' << static_cast<Value>(value) << '\n';
  }
  void map(std::string_view text, detail::CountSink& out) const {
    if (!one_by_one) return out.add_words(words_, text, step);
    std::size_t begin = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
      if (at < text.size() && !words_.separators.contains(text[at])) continue;
      if (at > begin) out.add(text.substr(begin, at - begin), step);
      begin = at + 1;
    }
  }
  Words words_;
  Borders borders_{words_.separators};
  std::unique_ptr<detail::CountingEngine> engine_;
};

std::string naive(const std::vector<std::string>& splits, const Words& words = Words::whitespace()) {
  std::string all;
  for (const std::string& split : splits) all += split + '\n';
  return naive_count(all, words.separators, words.upper);
}

std::string random_words(std::mt19937_64& random, std::size_t count, std::size_t vocabulary, std::size_t longest) {
  std::vector<std::string> words(vocabulary);
  for (std::string& word : words) {
    word.resize(1 + random() % longest);
    for (char& byte : word) {
      do byte = static_cast<char>(random());
      while (Words::whitespace().separators.contains(byte));
    }
  }
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += words[random() % (i % 3 == 0 ? vocabulary : 1 + vocabulary / 20)];
    text += " \n\t\r\v\f"[random() % 6];
  }
  return text;
}

TEST(Counting, EqualsTheNaiveCountForAnySplitsPartitionsAndCuts) {
  std::mt19937_64 random(11);
  WordProgram program;
  for (std::uint32_t partitions : {1u, 2u, 4u, 7u, 300u}) {
    ASSERT_TRUE(program.configure(test_config(partitions)).has_value());
    for (std::size_t longest : {3u, 16u, 17u, 40u, 300u}) {
      std::vector<std::string> splits;
      for (int split = 0; split < 4; ++split) splits.push_back(random_words(random, 3000, 500, longest));
      splits.emplace_back();
      ASSERT_EQ(run_job(program, partitions, splits, &random), naive(splits)) << partitions << ' ' << longest;
    }
  }
}

TEST(Counting, TakesPairsOneByOneAsItTakesWords) {
  std::mt19937_64 random(12);
  WordProgram program;
  program.one_by_one = true;
  ASSERT_TRUE(program.configure(test_config(3)).has_value());
  const std::vector<std::string> splits = {random_words(random, 20000, 3000, 60), random_words(random, 5000, 3000, 20)};
  EXPECT_EQ(run_job(program, 3, splits, &random), naive(splits));
}

TEST(Counting, GrowsThroughManyDistinctWords) {
  std::string text;
  for (std::size_t i = 0; i < 300000; ++i)
    text += std::to_string(i * 7919) + (i % 3 == 0 ? "-a-word-of-some-length\n" : " ");
  for (std::size_t i = 0; i < 300000; i += 2)
    text += std::to_string(i * 7919) + (i % 3 == 0 ? "-a-word-of-some-length " : "\n");
  WordProgram program;
  for (std::uint32_t partitions : {1u, 5u}) {
    ASSERT_TRUE(program.configure(test_config(partitions)).has_value());
    EXPECT_EQ(run_job(program, partitions, {text, text, text.substr(0, text.rfind('\n', 1000000) + 1)}),
              naive({text, text, text.substr(0, text.rfind('\n', 1000000) + 1)}));
  }
}

TEST(Counting, KeepsEdgesOfTextAndKeysApart) {
  WordProgram program;
  ASSERT_TRUE(program.configure(test_config(2)).has_value());
  using namespace std::string_literals;
  for (const std::string& text :
       {""s, " "s, "a"s, "a\n"s, "\na"s, "a\0 a a\0\0 \0 \0\0"s, "\xff\xfe \xc3\x28 \xff\xfe"s,
        std::string(100000, ' '), std::string(16, 'x') + ' ' + std::string(17, 'x') + ' ' + std::string(15, 'x'),
        std::string(16, '\0') + ' ' + std::string(15, '\0') + ' ' + std::string(17, '\0')}) {
    EXPECT_EQ(run_job(program, 2, {text}), naive({text}));
  }
}

TEST(Counting, CountsEndlessWords) {
  WordProgram program;
  std::mt19937_64 random(13);
  ASSERT_TRUE(program.configure(test_config(2)).has_value());
  std::vector<std::string> splits;
  for (std::size_t size :
       {kSegmentSize - 1, kSegmentSize, kSegmentSize + 1, 3 * kSegmentSize, std::size_t{3'000'000}}) {
    splits.push_back("a " + std::string(size, 'z') + " b " + std::string(size, 'z') + "\n" +
                     std::string(size + 1, 'y'));
  }
  EXPECT_EQ(run_job(program, 2, splits), naive(splits));
  EXPECT_EQ(run_job(program, 2, {splits[0], splits[3]}, &random), naive({splits[0], splits[3]}));

  WordProgram letters(Words::letters());
  ASSERT_TRUE(letters.configure(test_config(2)).has_value());
  EXPECT_EQ(run_job(letters, 2, splits), naive(splits, Words::letters()));
}

TEST(Counting, FoldsLetters) {
  WordProgram letters(Words::letters());
  std::mt19937_64 random(14);
  ASSERT_TRUE(letters.configure(test_config(3)).has_value());
  std::string text;
  for (int i = 0; i < 500000; ++i) text.push_back(static_cast<char>(i % 3 == 0 ? random() % 256 : 'A' + random() % 58));
  EXPECT_EQ(run_job(letters, 3, {text}, &random), naive({text}, Words::letters()));
}

TEST(Counting, StaysWithinItsMemoryByWritingEarly) {
  std::string text;
  for (int i = 0; i < 400000; ++i) text += std::to_string(i % 100000) + (i % 4 == 0 ? "-and-quite-a-long-rest " : " ");
  WordProgram program;
  ASSERT_TRUE(program.configure(test_config(3, 1 << 20)).has_value());
  Streams streams = map_text(program, 3, text);
  ASSERT_TRUE(program.configure(test_config(3)).has_value());
  EXPECT_EQ(run_job(program, 3, {text}), naive({text}));
  std::size_t lines = 0;
  for (std::uint32_t partition = 0; partition < 3; ++partition) {
    const auto output = testing::reduce_streams(program, {streams.of[partition]});
    for (const OutputRecord& record : testing::read_output(output)) {
      EXPECT_EQ(record.bytes.substr(record.key_size), "\t4\n") << record.key();
      ++lines;
    }
  }
  EXPECT_EQ(lines, 100000u);
}

TEST(Counting, ReducesMoreKeysThanItsMemoryHolds) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += std::to_string(i % 50000) + (i % 8 == 0 ? "-and-quite-a-long-rest " : " ");
  std::mt19937_64 random(17);
  using detail::LineOrder;
  for (const LineOrder order : {LineOrder::kValueDescending, LineOrder::kKey}) {
    WordProgram program(Words::whitespace(), true, order);
    program.step = static_cast<std::uint64_t>(-3);
    ASSERT_TRUE(program.configure(test_config(2)).has_value());
    const std::string expected = run_job(program, 2, {text, text});
    ASSERT_TRUE(program.configure(test_config(2, 1 << 20)).has_value());
    EXPECT_EQ(run_job(program, 2, {text, text}), expected);
    EXPECT_EQ(run_job(program, 2, {text, text}, &random), expected);
    testing::TestScratch scratch;
    const Streams streams = map_text(program, 2, text);
    auto task = program.new_reduce(scratch);
    ASSERT_TRUE(feed_stream(*task, streams.of[0]).has_value());
    EXPECT_GT(scratch.runs.size(), 2u);
  }
}

// As an enclave's heap that has little left, whatever the budget says.
class FewBlocks {
 public:
  explicit FewBlocks(std::size_t most) : before_(block_source()) {
    left_ = most;
    set_block_source({take, give});
  }
  ~FewBlocks() { set_block_source(before_); }

 private:
  static void* take(std::size_t size) noexcept {
    if (size > left_) return nullptr;
    left_ -= size;
    return std::aligned_alloc(4096, (size + 4095) / 4096 * 4096);
  }
  static void give(void* block, std::size_t size) noexcept {
    left_ += size;
    std::free(block);
  }
  static inline std::size_t left_ = 0;
  const BlockSource before_;
};

TEST(Counting, DoesWithLessWhereThereAreNoBlocks) {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += std::to_string(i % 150000) + (i % 8 == 0 ? "-and-quite-a-long-rest " : " ");
  for (const std::size_t most : {std::size_t{3} << 20, std::size_t{8} << 20, std::size_t{20} << 20}) {
    const FewBlocks few(most);
    WordProgram program;
    ASSERT_TRUE(program.configure(test_config(2, 64 << 20)).has_value());
    EXPECT_EQ(run_job(program, 2, {text, text}), naive({text, text})) << most;
  }
}

// A stream of known keys foretells few new ones; the next one has nothing else, in the order of hashes.
TEST(Counting, TakesManyNewKeysThatNobodyForetold) {
  std::string known;
  std::string fresh;
  for (int i = 0; i < 200000; ++i) known += "k" + std::to_string(i % 2000) + ' ';
  for (int i = 0; i < 150000; ++i) fresh += "n" + std::to_string(i) + (i % 16 == 0 ? "-and-quite-a-long-rest " : " ");
  WordProgram program;
  for (const std::uint64_t budget : {std::uint64_t{4} << 20, std::uint64_t{1} << 30}) {
    ASSERT_TRUE(program.configure(test_config(1, budget)).has_value());
    EXPECT_EQ(run_job(program, 1, {known, known, fresh}), naive({known, known, fresh}));
  }
}

// Tables just fit, copies of their keys beside them do not.
TEST(Counting, SortsThroughScratchWhereCopiesOfKeysDoNotFit) {
  std::string text;
  for (int i = 0; i < 1900; ++i) text += std::string(2000, static_cast<char>('a' + i % 26)) + std::to_string(i) + ' ';
  WordProgram program;
  ASSERT_TRUE(program.configure(test_config(1)).has_value());
  const Streams streams = map_text(program, 1, text);
  ASSERT_TRUE(program.configure(test_config(1, 4 << 20)).has_value());
  testing::TestScratch scratch;
  auto task = program.new_reduce(scratch);
  ASSERT_TRUE(feed_stream(*task, streams.of[0]).has_value());
  EXPECT_TRUE(scratch.runs.empty());
  Collected out;
  ASSERT_TRUE(task->finish(out).has_value());
  EXPECT_FALSE(scratch.runs.empty());
  EXPECT_EQ(run_job(program, 1, {text}), naive({text}));
}

TEST(Counting, RefusesAKeyThatExceedsItsMemory) {
  WordProgram program;
  ASSERT_TRUE(program.configure(test_config(1, 1 << 20)).has_value());
  Streams out(1);
  testing::TestScratch scratch;
  EXPECT_FALSE(program.new_map(scratch)->feed({std::string(2 << 20, 'a')}, out).has_value());
}

TEST(Counting, SumsBeyondAndBelowASlot) {
  using detail::LineOrder;
  std::vector<std::string> splits(3, "a a a b this-is-a-longer-key this-is-a-longer-key\n");
  WordProgram wide;
  wide.step = 0xF000'0000'0000;
  ASSERT_TRUE(wide.configure(test_config()).has_value());
  EXPECT_EQ(run_job(wide, 1, splits),
            "a\t2374945115996160\nthis-is-a-longer-key\t1583296743997440\nb\t791648371998720\n");

  WordProgram negative(Words::whitespace(), true, LineOrder::kValueAscending);
  negative.step = static_cast<std::uint64_t>(-1'500'000'000);
  ASSERT_TRUE(negative.configure(test_config()).has_value());
  EXPECT_EQ(run_job(negative, 1, splits), "a\t-13500000000\nthis-is-a-longer-key\t-9000000000\nb\t-4500000000\n");

  WordProgram by_key(Words::whitespace(), true, LineOrder::kKey);
  by_key.step = static_cast<std::uint64_t>(-1);
  ASSERT_TRUE(by_key.configure(test_config(2)).has_value());
  EXPECT_EQ(run_job(by_key, 2, splits), "a\t-9\nb\t-3\nthis-is-a-longer-key\t-6\n");
}

TEST(Counting, OrdersKeysWithLongCommonBegins) {
  std::vector<std::string> words;
  for (std::size_t size = 1; size < 200; ++size) words.push_back(std::string(size, 'a'));
  for (int i = 0; i < 2000; ++i) words.push_back(std::string(100, 'b') + std::to_string(i));
  for (int i = 0; i < 2000; ++i)
    words.push_back("cc" + std::string(static_cast<std::size_t>(i % 40), '\0') + std::to_string(i % 7));
  std::string text;
  std::mt19937_64 random(15);
  std::shuffle(words.begin(), words.end(), random);
  for (const auto& word : words) text += word + ' ';
  WordProgram program;
  ASSERT_TRUE(program.configure(test_config(1)).has_value());
  EXPECT_EQ(run_job(program, 1, {text}), naive({text}));
}

TEST(Counting, ServesManyTasksAndRunsFromOneProgram) {
  WordProgram program;
  for (int run = 0; run < 5; ++run) {
    JobConfig config = test_config(static_cast<std::uint32_t>(run + 1));
    config.hash_key[0] = static_cast<std::uint8_t>(run);
    ASSERT_TRUE(program.configure(config).has_value());
    EXPECT_EQ(run_job(program, config.partitions, {"x y x", "y z", ""}), "x\t2\ny\t2\nz\t1\n");
    testing::TestScratch scratch;
    auto given_up = program.new_map(scratch);
    Streams out(config.partitions);
    ASSERT_TRUE(given_up->feed({"never finished "}, out).has_value());
  }
}

TEST(Counting, RefusesWrongConfigurations) {
  WordProgram program;
  EXPECT_FALSE(program.configure(test_config(0)).has_value());
  EXPECT_FALSE(program.configure(test_config(65537)).has_value());
  EXPECT_FALSE(program.configure(test_config(1, 1000)).has_value());
}

class MapStream : public ::testing::Test {
 protected:
  JobStatus reduce(const std::vector<std::uint8_t>& bytes, std::uint32_t partitions = 1) {
    if (!program_.configure(test_config(partitions))) return job_error("configure");
    testing::TestScratch scratch;
    auto task = program_.new_reduce(scratch);
    return feed_stream(*task, bytes);
  }
  WordProgram program_;
};

TEST_F(MapStream, RefusesEveryTruncation) {
  ASSERT_TRUE(program_.configure(test_config()).has_value());
  const Streams streams = map_text(program_, 1, "one two two three-is-longer-than-a-slot three");
  const auto& whole = streams.of[0];
  EXPECT_TRUE(reduce(whole).has_value());
  EXPECT_TRUE(reduce({}).has_value());
  std::size_t accepted = 0;  // between two groups a stream may end: its seal says where it ends
  for (std::size_t size = 1; size < whole.size(); ++size) {
    accepted += reduce({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}).has_value();
  }
  EXPECT_EQ(accepted, 1u);
}

TEST_F(MapStream, RefusesMalformedNumbers) {
  EXPECT_TRUE(reduce({1, 1, 1, 'a', 5}).has_value());
  EXPECT_FALSE(reduce({1, 0, 1, 'a', 5}).has_value());           // an empty group
  EXPECT_FALSE(reduce({0x81, 0x00, 1, 1, 'a', 5}).has_value());  // padded
  EXPECT_FALSE(reduce({1, 1, 0x81, 0x00, 'a', 5}).has_value());  // padded
  EXPECT_FALSE(reduce({1, 1, 1, 'a', 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02}).has_value());
  EXPECT_FALSE(reduce({1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 'a', 5}).has_value());  // over 4 GiB
  EXPECT_FALSE(reduce({1, 1, 5, 'a', 'b'}).has_value());                                 // ends in a key
  EXPECT_FALSE(reduce({2, 2, 1, 'a', 5}).has_value());                                   // ends in a group
}

TEST_F(MapStream, RefusesKeysOfAnotherPartition) {
  ASSERT_TRUE(program_.configure(test_config(2)).has_value());
  Streams streams = map_text(program_, 2, "a b c d e f g h i j k l m n o p");
  EXPECT_TRUE(reduce(streams.of[0], 2).has_value());
  streams.of[0].insert(streams.of[0].end(), streams.of[1].begin(), streams.of[1].end());
  EXPECT_FALSE(reduce(streams.of[0], 2).has_value());
}

TEST_F(MapStream, DoesNotBelieveAHugeHint) {
  std::vector<std::uint8_t> bytes = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 1, 'a', 5};
  EXPECT_TRUE(reduce(bytes).has_value());
}

TEST(OutputReader, RefusesDisorderAndMalformedRecords) {
  const auto outcome = [](std::vector<std::uint8_t> bytes) {
    OutputReader reader;
    reader.feed(bytes);
    OutputRecord record;
    OutputReader::Next next;
    while ((next = reader.next(record)) == OutputReader::Next::kRecord) continue;
    return next == OutputReader::Next::kNeedMore && reader.at_border();
  };
  EXPECT_TRUE(outcome({}));
  EXPECT_TRUE(outcome({5, 2, 4, 'a', '\n', 0, 2, 4, 'b', '\n', 1, 2, 5, 'a', '\n', 0, 0, 2, 1, 0, 0}));
  EXPECT_TRUE(outcome({0, 0, 0}));
  EXPECT_FALSE(outcome({5, 2, 4, 'b', '\n', 0, 2, 4, 'a', '\n'}));  // keys descend
  EXPECT_FALSE(outcome({5, 1, 8, 'a', '\n'}));                      // key longer than line
  EXPECT_FALSE(outcome({5, 2, 7, 'a', '\n'}));                      // of no kind
  EXPECT_FALSE(outcome({5, 0, 2}));                                 // a mark with content
  EXPECT_FALSE(outcome({5, 2, 4, 'a'}));                            // cut
  EXPECT_FALSE(outcome({0x85, 0x00, 2, 4, 'a', '\n'}));             // padded number
  EXPECT_FALSE(outcome({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 1, 4, 'a', 1, 1, 4, 'a'}));  // rank
}

TEST(OutputReader, GivesTheSameForEveryCut) {
  Collected collected;
  OutputWriter writer(collected);
  std::vector<std::string> lines;
  for (int i = 0; i < 300; ++i)
    lines.push_back("key" + std::to_string(1000 + i) + std::string(static_cast<std::size_t>(i), 'x') + "\n");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_TRUE(writer.write(i * i, lines[i].substr(0, 7), lines[i].substr(7)).has_value());
  }
  ASSERT_TRUE(writer.write(100000, std::string(100000, 'z'), std::string(100000, 'z')).has_value());
  ASSERT_TRUE(writer.finish().has_value());
  std::mt19937_64 random(16);
  for (int round = 0; round < 20; ++round) {
    OutputReader reader;
    std::size_t seen = 0;
    for (std::size_t at = 0; at < collected.bytes.size();) {
      const std::size_t size = std::min(collected.bytes.size() - at, 1 + random() % 400);
      reader.feed({collected.bytes.data() + at, size});
      at += size;
      OutputRecord record;
      while (reader.next(record) == OutputReader::Next::kRecord) {
        if (seen < lines.size()) {
          ASSERT_EQ(record.rank, seen * seen);
          ASSERT_EQ(record.line(), lines[seen]);
          ASSERT_EQ(record.key_size, 7u);
        }
        ++seen;
      }
    }
    ASSERT_TRUE(reader.at_border());
    ASSERT_EQ(seen, lines.size() + 1);
  }
}

}  // namespace
}  // namespace brume::mapreduce

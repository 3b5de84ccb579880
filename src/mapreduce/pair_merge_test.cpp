// How much a merge of streams holds at once.
#include "mapreduce/pair_merge.h"

#include <brume/job.h>
#include <brume/lines.h>
#include <gtest/gtest.h>

#include "mapreduce/counting_test_program.h"

namespace brume::mapreduce {
namespace {

using detail::Pair;
using detail::PairRules;

constexpr std::size_t kMemory = std::size_t{1} << 20;

// How many are open, and the most that were.
struct OpenCount {
  std::size_t now = 0;
  std::size_t most = 0;
};

class CountedSource final : public ByteSource {
 public:
  CountedSource(std::unique_ptr<ByteSource> source, OpenCount& count) : source_(std::move(source)), count_(count) {
    count_.most = std::max(count_.most, ++count_.now);
  }
  ~CountedSource() override { --count_.now; }
  std::expected<std::span<const std::uint8_t>, std::string> next() override { return source_->next(); }

 private:
  std::unique_ptr<ByteSource> source_;
  OpenCount& count_;
};

// Streams of one pair each, with a value of `value_size` bytes.
class CountedStreams final : public StreamSet {
 public:
  CountedStreams(std::size_t count, std::size_t value_size) : count_(count), value_size_(value_size) {}
  std::expected<std::size_t, std::string> count() override { return count_; }
  std::uint64_t largest_pair(std::size_t) const override { return 3 + value_size_; }
  std::unique_ptr<ByteSource> open(std::size_t index, std::size_t) override {
    Bytes bytes;
    detail::PairWriter writer([&](std::span<const std::uint8_t> more) {
      append(bytes, more);
      return JobStatus{};
    });
    EXPECT_TRUE(writer.put({std::to_string(100 + index), std::string(value_size_, 'v'), false}).has_value());
    EXPECT_TRUE(writer.finish().has_value());
    EXPECT_EQ(writer.largest_pair(), 3 + value_size_);
    return std::make_unique<CountedSource>(std::make_unique<testing::TestSource>(bytes, 64 << 10), open_);
  }
  std::size_t most_open() const { return open_.most; }

 private:
  std::size_t count_;
  std::size_t value_size_;
  OpenCount open_;
};

std::size_t most_open(std::size_t value_size) {
  CountedStreams streams(40, value_size);
  testing::TestScratch scratch;
  PairRules rules;
  rules.memory = kMemory;
  const auto merged = detail::merge_streams(streams, scratch, rules);
  EXPECT_TRUE(merged.has_value());
  std::size_t count = 0;
  for (Pair pair; *(*merged)->next(pair); ++count) {
    EXPECT_EQ(pair.key, std::to_string(100 + count));
    EXPECT_EQ(pair.value.size(), value_size);
  }
  EXPECT_EQ(count, 40u);
  return streams.most_open();
}

TEST(PairMerge, ReadsNoMoreStreamsAtOnceThanMemoryHasRoomForTheirPairs) {
  EXPECT_EQ(most_open(10), 5u);
  EXPECT_EQ(most_open(60'000), 5u);
  EXPECT_EQ(most_open(100'000), 2u);
  EXPECT_EQ(most_open(400'000), 2u);  // least of all
}

// Values that become one are larger than each was: the next round takes fewer at once.
TEST(PairMerge, KnowsHowLargeCombinedPairsHaveBecome) {
  std::vector<PairSequence> sources;
  for (int i = 0; i < 30; ++i) {
    Bytes bytes;
    detail::PairWriter writer([&](std::span<const std::uint8_t> more) {
      append(bytes, more);
      return JobStatus{};
    });
    EXPECT_TRUE(writer.put({"k", std::string(60'000, 'v'), false}).has_value());
    EXPECT_TRUE(writer.finish().has_value());
    sources.push_back({[bytes](std::size_t) { return std::make_unique<testing::TestSource>(bytes, 64 << 10); },
                       writer.largest_pair()});
  }
  PairRules rules;
  rules.ties = detail::Ties::kAsTheyCame;
  rules.memory = kMemory;
  rules.combine = [](std::string& into, std::string_view more) {
    into += more;
    return true;
  };
  testing::TestScratch scratch;
  const auto merged = merge_pairs(std::move(sources), scratch, rules);
  ASSERT_TRUE(merged.has_value()) << merged.error().what;
  const auto combined = combine_pairs(**merged, rules);
  Pair pair;
  ASSERT_TRUE(*combined->next(pair));
  EXPECT_EQ(pair.value.size(), 30u * 60'000);
  EXPECT_FALSE(*combined->next(pair));
  EXPECT_GT(scratch.runs.size(), 8u);  // by fives alone they would be 7
}

struct Joins {
  using Value = std::string;
  ByteSet separators() const { return {'\n'}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (const std::string_view line : Lines(text)) out.emit(line.substr(0, 1), std::string(line));
  }
};

struct JoinsCombined : Joins {
  static void combine(std::string& into, const std::string& more) { into += more; }
};

template <typename Job>
void expect_largest_told(std::uint64_t expected) {
  detail::GeneralProgram<Job> program("job");
  ASSERT_TRUE(program.configure(testing::test_config(2)).has_value());
  const testing::Streams streams = testing::map_text(program, 2, "a1\na234567\na2\n");
  const std::size_t partition = streams.of[0].empty() ? 1 : 0;
  EXPECT_EQ(streams.largest[partition], expected);
  EXPECT_EQ(streams.largest[1 - partition], 0u);
  for (const std::uint64_t told : {expected + 1000, expected, expected - 1, std::uint64_t{0}}) {
    testing::TestStreams set({streams.of[partition]});
    set.say_largest_pair(told);
    testing::TestScratch scratch;
    testing::Collected output;
    const auto status = program.new_merge(scratch)->run(set, output);
    EXPECT_EQ(status ? std::string() : status.error(),
              told >= expected ? "" : "map stream: a pair larger than the largest that its task told of");
  }
}

TEST(PairMerge, TasksTellOfTheirLargestPairsAndAreHeldToIt) {
  expect_largest_told<Joins>(1 + 1 + 7);
  expect_largest_told<JoinsCombined>(1 + 1 + 11);  // as it is written: combined
}

}  // namespace
}  // namespace brume::mapreduce

// Jobs beyond counting: typed keys, several outputs, lists, and more of everything than memory holds.
#include <brume/job.h>
#include <brume/lines.h>

#include <map>
#include <set>

#include "mapreduce/counting_test_program.h"

namespace brume::mapreduce {
namespace {

using testing::run_job;
using testing::test_config;

// "key value" lines, values listed.
struct Listed {
  using Value = std::string;
  ByteSet separators() const { return {'\n'}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (const std::string_view line : Lines(text)) {
      const std::size_t space = std::min(line.find(' '), line.size());
      out.emit(line.substr(0, space), std::string(line.substr(std::min(space + 1, line.size()))));
    }
  }
  void reduce(std::string_view key, Values<Value> values, Output& out) const {
    std::size_t count = 0;
    std::size_t size = 0;
    for (const std::string& value : values) {
      ++count;
      size += value.size();
    }
    out.line(0, key, ' ' + std::to_string(count) + ' ' + std::to_string(size) + '\n');
    if (count > 1) out.to("many").line(key.size(), std::string(key) + '\n');
    out.to("sizes").line(count, key, "\n");
  }
  static constexpr std::array<std::string_view, 2> outputs{"many", "sizes"};
};

struct Reading {
  std::uint32_t station = 0;
  std::int64_t hour = 0;
  auto fields() const { return std::tie(station, hour); }
};

// "station hour value": the largest value of each station and hour, later hours first.
struct Warmest {
  using Key = std::pair<std::uint32_t, Descending<std::int64_t>>;
  using Value = double;
  ByteSet separators() const { return {'\n'}; }
  void map(std::string_view text, Emitter<Value, Key>& out) const {
    for (const std::string_view line : Lines(text)) {
      Reading reading;
      double value = 0;
      const auto take = [at = line.data(), end = line.data() + line.size()](auto& number) mutable {
        at = std::from_chars(at, end, number).ptr;
        if (at != end) ++at;
      };
      auto next = take;
      next(reading.station);
      next(reading.hour);
      next(value);
      out.emit({reading.station, {reading.hour}}, value);
    }
  }
  static constexpr auto combine = maximum;
  void format(const Key& key, const Value& value, Line& line) const {
    line << key.first << ':' << key.second.value << '=' << value << '\n';
  }
};

struct CountByLength {
  using Key = std::uint32_t;
  using Value = std::uint64_t;
  ByteSet separators() const { return Words::whitespace().separators; }
  void map(std::string_view text, Emitter<Value, Key>& out) const {
    each_word(Words::whitespace(), text,
              [&](std::string_view word, std::size_t) { out.emit(static_cast<Key>(word.size()), 1); });
  }
  static constexpr auto combine = sum;
};
static_assert(detail::IsCounting<CountByLength>);

struct Sorted {
  using Value = std::string_view;
  Records records() const { return {8}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (; !text.empty(); text.remove_prefix(8)) out.emit(text.substr(0, 3), text.substr(3, 5));
  }
  void format(std::string_view, Value value, Line& line) const { line << value; }
  std::uint32_t partition(std::string_view key, std::uint32_t partitions) const {
    return static_cast<std::uint8_t>(key[0]) * partitions / 256;
  }
};

struct BadPartition : Sorted {
  std::uint32_t partition(std::string_view, std::uint32_t partitions) const { return partitions; }
};

struct ReadsTwice : Listed {
  void reduce(std::string_view key, Values<Value> values, Output& out) const {
    std::size_t count = 0;
    for (int i = 0; i < 2; ++i) {
      for (const std::string& value : values) count += value.size();
    }
    out.line(0, key, ' ' + std::to_string(count) + '\n');
  }
};

struct ReadsNothing : Listed {
  void reduce(std::string_view key, Values<Value>, Output& out) const { out.line(0, key, "\n"); }
};

template <typename Job>
std::string run(const std::vector<std::string>& splits, std::uint32_t partitions = 2, std::size_t memory = 1 << 30,
                std::mt19937_64* random = nullptr) {
  detail::GeneralProgram<Job> program("job");
  EXPECT_TRUE(program.configure(test_config(partitions, memory)).has_value());
  return run_job(program, partitions, splits, random);
}

TEST(General, KeepsOutputsApart) {
  EXPECT_EQ(run<Listed>({"bb 1\na 22\nbb 3\n", "c\na 4\na 55"}), "a 3 5\nbb 2 2\nc 1 0\n--\na\nbb\n--\nc\nbb\na\n");
}

TEST(General, OrdersByTypedKeys) {
  EXPECT_EQ(run<Warmest>({"10 -1 3.5\n9 2 1\n", "10 4 -0.5\n10 -1 4\n9 2 0\n"}), "9:2=1\n10:4=-0.5\n10:-1=4\n");
}

TEST(General, CountsByTypedKeys) {
  detail::CountingProgram<CountByLength> program("lengths");
  ASSERT_TRUE(program.configure(test_config(3)).has_value());
  EXPECT_EQ(run_job(program, 3, {"a bb cc ", "d eeeeeeeeeee"}), "1\t2\n2\t2\n11\t1\n");
}

std::string random_lines(std::mt19937_64& random, int count, int key_count, std::size_t value_size) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "key" + std::to_string(random() % static_cast<unsigned>(key_count)) + ' ';
    text += std::string(random() % value_size, static_cast<char>('a' + random() % 26)) + '\n';
  }
  return text;
}

TEST(General, GivesTheSameWhateverMemoryThereIs) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 3; ++round) {
    const std::vector<std::string> splits{random_lines(random, 40000, 20000, 60), random_lines(random, 10, 5, 10), "",
                                          random_lines(random, 40000, 500, 60)};
    const std::string expected = run<Listed>(splits, 3);
    EXPECT_EQ(run<Listed>(splits, 3, 256 << 10), expected);
    EXPECT_EQ(run<Listed>(splits, 3, 1 << 20, &random), expected);
  }
}

TEST(General, SortsMoreThanMemoryHoldsAndKeepsEveryRecord) {
  std::mt19937_64 random(6);
  std::vector<std::string> splits(5);
  std::vector<std::string> all;
  for (int i = 0; i < 100000; ++i) {
    std::string record;
    for (int j = 0; j < 8; ++j) record.push_back(static_cast<char>(random() % (j == 1 ? 3 : 256)));
    splits[random() % 5] += record;
    all.push_back(record);
  }
  std::ranges::sort(all, [](const std::string& a, const std::string& b) { return a < b; });
  std::string expected;
  for (const std::string& record : all) expected += record;
  for (const std::uint32_t partitions : {1u, 7u}) {
    EXPECT_EQ(run<Sorted>(splits, partitions, 256 << 10, &random), expected);
    EXPECT_EQ(run<Sorted>(splits, partitions), expected);
  }
}

TEST(General, RefusesAPartitionThatDoesNotExist) {
  detail::GeneralProgram<BadPartition> program("bad");
  ASSERT_TRUE(program.configure(test_config(2)).has_value());
  testing::Streams out(2);
  testing::TestScratch scratch;
  EXPECT_EQ(program.new_map(scratch)->feed({"12345678"}, out).error(),
            "the job's partition function names one that the run does not have");
}

// One key with nearly all values, which are far more than a task's memory.
TEST(General, StreamsTheValuesOfAKeyThatHasMostOfTheData) {
  std::mt19937_64 random(7);
  std::string text = random_lines(random, 1000, 100, 40);
  for (int i = 0; i < 60000; ++i) text += "skew " + std::string(random() % 100, 'v') + '\n';
  const std::vector<std::string> splits{text, random_lines(random, 1000, 100, 40) + "zz\n", text};
  const std::string expected = run<Listed>(splits);
  EXPECT_TRUE(expected.contains("skew 120000 "));
  EXPECT_EQ(run<Listed>(splits, 2, 512 << 10), expected);
  EXPECT_EQ(run<ReadsNothing>(splits, 2, 512 << 10), run<ReadsNothing>(splits));

  EXPECT_TRUE(run<ReadsTwice>(splits).contains("skew "));  // memory holds them
  detail::GeneralProgram<ReadsTwice> program("twice");
  ASSERT_TRUE(program.configure(test_config(1, 512 << 10)).has_value());
  const testing::Streams streams = testing::map_text(program, 1, text);
  testing::TestScratch scratch;
  testing::TestStreams set({streams.of[0]});
  testing::Collected output;
  EXPECT_EQ(program.new_merge(scratch)->run(set, output).error(),
            "the values of one key are more than a task's memory holds: they can be read once only");
}

TEST(General, CombinesAcrossRunsAndTasks) {
  std::string text;
  for (int i = 0; i < 60000; ++i) {
    text += std::to_string(i % 20000) + ' ' + std::to_string(i % 3) + ' ' + std::to_string(i) + '\n';
  }
  std::mt19937_64 random(8);
  const std::string expected = run<Warmest>({text, text}, 2);
  EXPECT_EQ(std::ranges::count(expected, '\n'), 60000);
  EXPECT_EQ(run<Warmest>({text, text}, 2, 256 << 10, &random), expected);
}

TEST(General, RefusesStreamsThatAreNotSortedOrMalformed) {
  detail::GeneralProgram<Warmest> program("warmest");
  ASSERT_TRUE(program.configure(test_config(1)).has_value());
  const auto reduce = [&](std::vector<std::string> streams) {
    std::vector<Bytes> bytes;
    for (const std::string& stream : streams) bytes.push_back(to_bytes(as_bytes(stream)));
    testing::TestScratch scratch;
    testing::TestStreams set(bytes);
    set.say_largest_pair(100);
    testing::Collected output;
    const auto status = program.new_merge(scratch)->run(set, output);
    return status ? std::string() : status.error();
  };
  const std::string value = '\x8' + std::string(8, '\0');
  const auto key = [](char station) { return '\xd' + std::string("\0\0\0", 3) + station + std::string(8, 'h'); };
  EXPECT_EQ(reduce({key(1) + value + key(2) + value}), "");
  EXPECT_EQ(reduce({key(1) + value, key(1) + value + '\0' + value}), "");
  EXPECT_EQ(reduce({key(2) + value + key(1) + value}), "map stream: keys out of order");
  EXPECT_EQ(reduce({key(1) + value + key(1) + value}), "map stream: keys out of order");
  EXPECT_EQ(reduce({'\0' + value}), "map stream: begins with the key before");
  EXPECT_EQ(reduce({key(1)}), "map stream: a value's size");
  EXPECT_EQ(reduce({key(1) + value.substr(0, 5)}), "map stream: ends within a value");
  EXPECT_EQ(reduce({key(1).substr(0, 4)}), "map stream: ends within a key");
  EXPECT_EQ(reduce({key(1) + '\x1' + 'x'}), "map stream: a value is malformed");
  EXPECT_EQ(reduce({key(1) + '\x9' + std::string(9, '\0')}), "map stream: a value is malformed");
  EXPECT_EQ(reduce({std::string("\x2") + 'x' + value}), "map stream: a key is malformed");
}

}  // namespace
}  // namespace brume::mapreduce

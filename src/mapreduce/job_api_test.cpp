// Jobs as authors write them: every shape that job.h allows.
#include <brume/job.h>
#include <brume/lines.h>

#include "mapreduce/counting_test_program.h"

namespace brume::mapreduce {
namespace {

using testing::naive_count;
using testing::run_job;
using testing::test_config;

struct TinyCount {
  using Value = std::uint32_t;
  ByteSet separators() const { return Words::whitespace().separators; }
  void map(std::string_view text, Emitter<Value>& out) const { out.emit_each(Words::whitespace(), text, 1); }
  static constexpr auto combine = sum;
};
static_assert(detail::IsCounting<TinyCount>);

struct ParameterCount : TinyCount {
  void configure(Parameters& parameters) {
    parameters.choose("tokens", words, {{"whitespace", Words::whitespace()}, {"letters", Words::letters()}});
    parameters.number("step", step, 1u, 10u);
  }
  void map(std::string_view text, Emitter<Value>& out) const { out.emit_each(words, text, step); }
  ByteSet separators() const { return words.separators; }
  static constexpr auto order = value_descending;
  Words words = Words::whitespace();
  Value step = 1;
};

// Line numbers of a word within its piece, listed.
struct WordSizes {
  using Value = std::string;
  ByteSet separators() const { return ByteSet{'\n'}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      const std::size_t tab = std::min(line.find('='), line.size());
      if (!line.empty()) out.emit(line.substr(0, tab), std::string(line.substr(std::min(tab + 1, line.size()))));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  void reduce(std::string_view key, Values<Value> values, Output& out) const {
    std::vector<std::string> sorted;
    for (const std::string& value : values) sorted.push_back(value);
    std::sort(sorted.begin(), sorted.end());
    std::string rest;
    for (const std::string& value : sorted) rest += ' ' + value;
    out.line(sorted.size(), key, rest + '\n');
  }
};
static_assert(!detail::IsCounting<WordSizes>);

struct LongestAndCount {
  using Value = std::tuple<std::uint64_t, std::int32_t, double>;
  ByteSet separators() const { return Words::whitespace().separators; }
  void map(std::string_view text, Emitter<Value>& out) const {
    Words::whitespace();
    std::size_t begin = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
      if (at < text.size() && !separators().contains(text[at])) continue;
      if (at > begin) out.emit(text.substr(begin, 1), {1, -static_cast<std::int32_t>(at - begin), 0.5});
      begin = at + 1;
    }
  }
  static void combine(Value& into, const Value& more) {
    std::get<0>(into) += std::get<0>(more);
    std::get<1>(into) = std::min(std::get<1>(into), std::get<1>(more));
    std::get<2>(into) += std::get<2>(more);
  }
  void format(std::string_view, const Value& value, Line& line) const {
    line << ' ' << std::get<0>(value) << ' ' << std::get<1>(value) << ' ' << std::get<2>(value) << '\n';
  }
};

struct Largest {
  using Value = std::int64_t;
  ByteSet separators() const { return ByteSet{' '}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    const auto add = [&](std::string_view word) {
      if (!word.empty()) out.emit(word.substr(0, 1), static_cast<Value>(word.size()) - 3);
    };
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(' '), text.size());
      add(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  static constexpr auto combine = maximum;
  static constexpr auto order = value_descending;
};
static_assert(!detail::IsCounting<Largest>);

struct Throws {
  using Value = std::uint64_t;
  ByteSet separators() const { return ByteSet{' '}; }
  void map(std::string_view, Emitter<Value>&) const { throw 7; }
  static constexpr auto combine = maximum;
};

struct ThrowsWhileCounting : Throws {
  static constexpr auto combine = sum;
};
static_assert(detail::IsCounting<ThrowsWhileCounting>);

TEST(JobApi, NeedsNoMoreThanMapSeparatorsAndCombine) {
  detail::CountingProgram<TinyCount> program("TinyCount");
  ASSERT_TRUE(program.configure(test_config(2)).has_value());
  EXPECT_EQ(program.name(), "TinyCount");
  EXPECT_EQ(run_job(program, 2, {"b a b\n", "c"}), "a\t1\nb\t2\nc\t1\n");
}

TEST(JobApi, WrapsSumsAtTheirType) {
  detail::CountingProgram<TinyCount> program("TinyCount");
  ASSERT_TRUE(program.configure(test_config()).has_value());
  testing::TestScratch scratch;
  auto task = program.new_reduce(scratch);
  // 2^32 - 1 and 3
  ASSERT_TRUE(task->feed(std::vector<std::uint8_t>{2, 2, 1, 'a', 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 'a', 3}).has_value());
  ASSERT_TRUE(task->end_of_stream().has_value());
  testing::Collected output;
  ASSERT_TRUE(task->finish(output).has_value());
  ASSERT_EQ(testing::read_output(output.bytes).size(), 1u);
  EXPECT_EQ(testing::read_output(output.bytes)[0].line(), "a\t2\n");
}

// Pairs of bytes behind a header: their places and their sums.
struct Pairs {
  using Value = std::uint64_t;
  void configure(Parameters& parameters) { parameters.number("size", size, std::size_t{0}, std::size_t{9}); }
  Records records() const { return {size, 3}; }
  void map(const Piece& piece, Emitter<Value>& out) const {
    for (std::size_t at = 0; at < piece.text.size(); at += size) {
      out.emit(piece.text.substr(at, size), piece.offset + at);
    }
  }
  static constexpr auto combine = sum;
  std::size_t size = 2;
};

TEST(JobApi, WrapsSumsOfSignedIntegers) {
  auto most = std::numeric_limits<std::int64_t>::max();
  sum(most, std::int64_t{2});
  EXPECT_EQ(most, std::numeric_limits<std::int64_t>::min() + 1);
  std::int8_t small = -128;
  sum(small, std::int8_t{-1});
  EXPECT_EQ(small, 127);
}

TEST(JobApi, KnowsRecordsOfOneSizeAndTheirPlaces) {
  detail::CountingProgram<Pairs> program("Pairs");
  ASSERT_TRUE(program.configure(test_config(2)).has_value());
  EXPECT_TRUE(program.borders() == Borders(Records{2, 3}));
  EXPECT_EQ(run_job(program, 2, {"abcd", "ab"}), "ab\t10\ncd\t5\n");
  std::mt19937_64 random(3);
  EXPECT_EQ(run_job(program, 2, {"abcd", "ab"}, &random), "ab\t10\ncd\t5\n");
  JobConfig config = test_config();
  const std::vector<JobParameter> none{{"size", "0"}};
  config.parameters = none;
  EXPECT_EQ(program.configure(config).error(), "records: their size is at least 1");
}

TEST(JobApi, ReadsParametersAndRefusesOthers) {
  detail::CountingProgram<ParameterCount> program("ParameterCount");
  const auto configure = [&](std::vector<JobParameter> parameters) {
    JobConfig config = test_config();
    config.parameters = parameters;
    return program.configure(config);
  };
  ASSERT_TRUE(configure({{"tokens", "letters"}, {"step", "10"}}).has_value());
  EXPECT_TRUE(program.borders() == Borders(Words::letters().separators));
  EXPECT_EQ(run_job(program, 1, {"Fog, fog; mist."}), "FOG\t20\nMIST\t10\n");
  ASSERT_TRUE(configure({}).has_value());  // nothing stays from the run before
  EXPECT_EQ(run_job(program, 1, {"Fog, fog; fog;"}), "fog;\t2\nFog,\t1\n");
  EXPECT_EQ(configure({{"tokens", "lines"}}).error(), "parameter 'tokens' is one of: whitespace, letters");
  EXPECT_EQ(configure({{"step", "11"}}).error(), "parameter 'step' is a number from 1 to 10");
  EXPECT_EQ(configure({{"step", "1x"}}).error(), "parameter 'step' is a number from 1 to 10");
  EXPECT_EQ(configure({{"colour", "red"}}).error(),
            "parameter 'colour' is not known to this job, which takes on-malformed, tokens, step");
  EXPECT_EQ(configure({{"step", "1"}, {"step", "2"}}).error(), "parameter 'step' is given twice");
}

TEST(JobApi, ListsValuesWithoutCombine) {
  detail::GeneralProgram<WordSizes> program("WordSizes");
  std::mt19937_64 random(21);
  ASSERT_TRUE(program.configure(test_config(3)).has_value());
  EXPECT_EQ(run_job(program, 3, {"a=2\nb=1\na=1\n", "\nc\na=" + std::string(100000, 'x') + "\n"}, &random),
            "b 1\nc \na 1 2 " + std::string(100000, 'x') + "\n");
}

TEST(JobApi, CombinesTuples) {
  detail::GeneralProgram<LongestAndCount> program("LongestAndCount");
  ASSERT_TRUE(program.configure(test_config(2)).has_value());
  EXPECT_EQ(run_job(program, 2, {"ab a abc", "b abcd"}), "a 4 -4 2\nb 1 -1 0.5\n");
}

TEST(JobApi, OrdersByAnyNumber) {
  detail::GeneralProgram<Largest> program("Largest");
  ASSERT_TRUE(program.configure(test_config(2)).has_value());
  EXPECT_EQ(run_job(program, 2, {"aaaa a bb", "b cccccc dd"}), "c\t3\na\t1\nb\t-1\nd\t-1\n");
}

TEST(JobApi, TurnsWhatAJobThrowsIntoAnError) {
  detail::GeneralProgram<Throws> program("Throws");
  ASSERT_TRUE(program.configure(test_config()).has_value());
  testing::Streams out(1);
  testing::TestScratch scratch;
  EXPECT_EQ(program.new_map(scratch)->feed({"x"}, out).error(), "the job threw an exception");
  detail::CountingProgram<ThrowsWhileCounting> counting("ThrowsWhileCounting");
  ASSERT_TRUE(counting.configure(test_config()).has_value());
  EXPECT_EQ(counting.new_map(scratch)->feed({"x"}, out).error(), "the job threw an exception");
}

TEST(Lines, ComeWithoutTheirEnds) {
  const auto lines = [](std::string_view text) {
    std::vector<std::string> all;
    for (const std::string_view line : Lines(text)) all.emplace_back(line);
    return all;
  };
  EXPECT_EQ(lines(""), (std::vector<std::string>{}));
  EXPECT_EQ(lines("\n"), (std::vector<std::string>{""}));
  EXPECT_EQ(lines("a\n\nb\r\nc"), (std::vector<std::string>{"a", "", "b\r", "c"}));
}

TEST(Line, GrowsBeyondItsOwnRoom) {
  Line line;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    line << i << ' ' << "text" << std::string_view("x") << 0.5;
    expected += std::to_string(i) + " textx0.5";
  }
  EXPECT_EQ(line.view(), expected);
  line.clear();
  line << 'a' << std::string_view();
  EXPECT_EQ(line.view(), "a");
}

// Counts beside its result, on the counting kernels.
struct CountsLines : TinyCount {
  ByteSet separators() const { return ByteSet{'\n'}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    out.emit_each(Words::whitespace(), text, 1);
    for (const char byte : text) {
      if (byte == '\n') out.count("lines");
    }
    out.count("pieces");
    out.count("bytes", text.size());
  }
};
static_assert(detail::IsCounting<CountsLines>);

TEST(JobApi, CountersAreThoseOfTheTaskAtHand) {
  detail::CountingProgram<CountsLines> program("counts-lines");
  ASSERT_TRUE(program.configure(test_config(1)).has_value());
  testing::Streams sink(1);
  for (int i = 0; i < 2; ++i) {
    program.counters().clear();
    testing::TestScratch scratch;
    auto task = program.new_map(scratch);
    ASSERT_TRUE(task->feed({"a b\nc\n"}, sink).has_value());
    ASSERT_TRUE(task->feed({"d", 6}, sink).has_value());
    ASSERT_TRUE(task->finish(sink).has_value());
    EXPECT_EQ(program.counters().all(), (std::vector<JobCounter>{{"bytes", 7}, {"lines", 2}, {"pieces", 2}}));
  }
}

TEST(JobCounters, KeepTheirLimits) {
  JobCounters counters;
  for (const char* name : {"b", "a", "c", "a"}) counters.add(name, 1);
  counters.add("b", ~std::uint64_t{0});
  EXPECT_EQ(counters.all(), (std::vector<JobCounter>{{"a", 2}, {"b", ~std::uint64_t{0}}, {"c", 1}}));
  for (int i = 0; i < 61; ++i) counters.add("n" + std::to_string(i), 1);
  EXPECT_TRUE(counters.status().has_value());
  counters.add("one-more", 1);
  EXPECT_EQ(counters.status().error(), "a task has at most 64 counters");
  EXPECT_EQ(counters.all().size(), 64u);
  counters.clear();
  EXPECT_TRUE(counters.status().has_value());
  EXPECT_TRUE(counters.all().empty());
  for (const std::string name : {"", "Upper", "a b", "a\n", "\xc3\xa4"}) {
    counters.clear();
    counters.add(name, 1);
    EXPECT_FALSE(counters.status().has_value()) << name;
    EXPECT_TRUE(counters.all().empty());
  }
  counters.clear();
  counters.add(std::string(64, 'x'), 1);
  EXPECT_TRUE(counters.status().has_value());
  counters.add(std::string(65, 'x'), 1);
  EXPECT_FALSE(counters.status().has_value());
}

// Numbers, one a line.
struct Numbers {
  using Value = std::uint64_t;
  ByteSet separators() const { return ByteSet{'\n'}; }
  void map(const Piece& piece, Emitter<Value>& out) const {
    std::string_view text = piece;
    for (std::uint64_t at = piece.offset; !text.empty();) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (text[0] >= '0' && text[0] <= '9') {
        out.emit("sum", static_cast<Value>(text[0] - '0'));
      } else {
        out.malformed(at);
      }
      at += std::min(end + 1, text.size());
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  static constexpr auto combine = sum;
};

TEST(JobApi, MalformedRecordsFailATaskOrAreSkippedAsTheRunSays) {
  detail::CountingProgram<Numbers> program("numbers");
  testing::Streams sink(1);
  const auto map = [&](std::string_view policy) {
    const std::vector<JobParameter> parameters{{"on-malformed", std::string(policy)}};
    JobConfig config = test_config();
    if (!policy.empty()) config.parameters = parameters;
    if (auto status = program.configure(config); !status) return status.error();
    program.counters().clear();
    testing::TestScratch scratch;
    const auto task = program.new_map(scratch);
    EXPECT_TRUE(task->feed({"1\nx\n2\ny\n", 100}, sink).has_value());
    EXPECT_TRUE(task->finish(sink).has_value());
    EXPECT_EQ(program.counters().malformed_places(), (std::vector<RecordPlace>{{0, 102}, {0, 106}}));
    EXPECT_EQ(program.counters().all(), (std::vector<JobCounter>{{"records.malformed", 2}}));
    return program.counters().status() ? std::string() : program.counters().status().error();
  };
  const std::string refused =
      "the record at byte 102 of the input is malformed (-p on-malformed=skip leaves such records out)";
  EXPECT_EQ(map(""), refused);
  EXPECT_EQ(map("fail"), refused);
  EXPECT_EQ(map("skip"), "");
  EXPECT_EQ(map(""), refused);  // a run's policy is not the next one's
  EXPECT_EQ(map("maybe"), "parameter 'on-malformed' is one of: fail, skip");
}

TEST(JobCounters, KeepTheLowestPlacesOfMalformedRecordsOnceEach) {
  JobCounters counters;
  counters.on_malformed(OnMalformed::kSkip);
  for (std::uint64_t place = 40; place-- > 0;) counters.malformed(place / 2);
  std::vector<RecordPlace> expected;
  for (std::uint64_t place = 0; place < kMalformedPlaceLimit; ++place) expected.push_back({0, place});
  EXPECT_EQ(counters.malformed_places(), expected);
  EXPECT_EQ(counters.all(), (std::vector<JobCounter>{{"records.malformed", 40}}));
  counters.clear();
  EXPECT_TRUE(counters.malformed_places().empty());
}

}  // namespace
}  // namespace brume::mapreduce

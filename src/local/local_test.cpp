#include <brume/job.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "local/spool.h"
#include "local/test_local.h"

namespace brume::local {
namespace {

constexpr ByteSet kLineEnds{'\n'};

struct Count {
  using Value = std::uint64_t;
  ByteSet separators() const { return Words::whitespace().separators; }
  void map(std::string_view text, Emitter<Value>& out) const { out.emit_each(Words::whitespace(), text, 1); }
  static constexpr auto combine = sum;
  static constexpr auto order = value_descending;
};

// All the lines that begin with a letter: no combine, so all values wait for reduce.
struct Lines {
  using Value = std::string;
  ByteSet separators() const { return kLineEnds; }
  void map(const Piece& piece, Emitter<Value>& out) const {
    std::string_view text = piece;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (text.substr(0, end) == "bad") out.malformed(piece.offset + (piece.text.size() - text.size()));
      if (text.substr(0, end) == "throw") throw std::runtime_error("this line");
      if (end > 0) out.emit(text.substr(0, 1), std::string(text.substr(0, end)));
      out.count(end > 0 ? "lines" : "lines.empty");
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  void reduce(std::string_view key, Values<Value> values, Output& out) const {
    std::vector<std::string> sorted;
    for (const std::string& value : values) sorted.push_back(value);
    std::ranges::sort(sorted);
    std::string rest;
    for (const std::string& value : sorted) rest += "\t" + value;
    out.line(0, key, rest + "\n");
    out.count("keys");
  }
};

LocalOptions options_of(std::uint32_t partition_count, std::uint64_t split_size) {
  LocalOptions options;
  options.partition_count = partition_count;
  options.split_size = split_size;
  return options;
}

// The result, or "error: " and why.
std::string run(JobProgram& program, const LocalOptions& options, const std::vector<std::string>& texts,
                bool tells_size = true) {
  std::vector<TextInput> files;
  for (const std::string& text : texts) files.emplace_back("input", text, tells_size);
  std::vector<Input*> inputs;
  for (TextInput& file : files) inputs.push_back(&file);
  TextSink sink;
  if (auto totals = run_local(program, options, inputs, sink); !totals) return "error: " + totals.error().what;
  return sink.text;
}

std::string naive_count(const std::string& text) {
  std::map<std::string, std::uint64_t> counts;
  std::string word;
  for (const char byte : text + " ") {
    if (!Words::whitespace().separators.contains(byte)) {
      word.push_back(byte);
    } else if (!word.empty()) {
      ++counts[std::exchange(word, {})];
    }
  }
  std::vector<std::pair<std::string, std::uint64_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, std::greater{}, [](const auto& pair) { return pair.second; });
  std::string out;
  for (const auto& [key, count] : sorted) out += key + "\t" + std::to_string(count) + "\n";
  return out;
}

std::string some_text(std::size_t size) {
  std::mt19937_64 random(7);
  std::string text;
  while (text.size() < size) {
    text.append(1 + random() % (random() % 50 == 0 ? 3000 : 9), static_cast<char>('a' + random() % 5));
    text.push_back(random() % 8 == 0 ? '\n' : ' ');
  }
  return text;
}

TEST(LocalRun, CountsTheSameWhateverTheSplitsAndPartitions) {
  detail::CountingProgram<Count> program("count");
  const std::string text = some_text(200'000);
  const std::string expected = naive_count(text);
  for (const std::uint64_t split_size :
       {std::uint64_t{777}, std::uint64_t{65536}, std::uint64_t{65537}, std::uint64_t{1} << 30}) {
    for (const std::uint32_t partitions : {1u, 2u, 7u, 64u}) {
      LocalOptions options;
      options.partition_count = partitions;
      options.split_size = split_size;
      EXPECT_EQ(run(program, options, {text}), expected) << split_size << " " << partitions;
      EXPECT_EQ(run(program, options, {text}, false), expected) << split_size << " " << partitions << ", a pipe";
    }
  }
}

TEST(LocalRun, CutsAtEveryByte) {
  detail::CountingProgram<Count> program("count");
  LocalOptions options;
  options.split_size = 1;
  options.partition_count = 3;
  for (const char* text : {"", " ", "a", "a b", " a", "a ", "ab ab\nc  ab", "\n\n"}) {
    EXPECT_EQ(run(program, options, {text}), naive_count(text)) << '"' << text << '"';
  }
}

TEST(LocalRun, NoRecordCrossesFromOneInputToTheNext) {
  detail::CountingProgram<Count> program("count");
  for (const std::uint64_t split_size : {1u, 2u, 1000u}) {
    LocalOptions options;
    options.split_size = split_size;
    EXPECT_EQ(run(program, options, {"a b", "b", "", "c a"}), "a\t2\nb\t2\nc\t1\n") << split_size;
  }
}

TEST(LocalRun, ListsAllValuesOfAKey) {
  detail::GeneralProgram<Lines> program("lines");
  for (const std::uint64_t split_size : {1u, 5u, 1000u}) {
    const LocalOptions options = options_of(3, split_size);
    EXPECT_EQ(run(program, options, {"ab\nb\naa\n\nac\nb"}), "a\taa\tab\tac\nb\tb\tb\n") << split_size;
  }
}

TEST(LocalRun, AddsUpWhatTasksCounted) {
  detail::GeneralProgram<Lines> program("lines");
  for (const std::uint64_t split_size : {1u, 5u, 1000u}) {
    const LocalOptions options = options_of(3, split_size);
    TextInput input("input", "ab\nb\naa\n\nac\nb", true);
    Input* inputs[] = {&input};
    TextSink sink;
    const auto totals = run_local(program, options, inputs, sink);
    ASSERT_TRUE(totals.has_value());
    EXPECT_EQ(totals->counters, (std::vector<JobCounter>{{"keys", 2}, {"lines", 5}, {"lines.empty", 1}}));
  }
}

TEST(LocalRun, NamesMalformedRecordsByInputAndPlace) {
  detail::GeneralProgram<Lines> program("lines");
  for (const std::uint64_t split_size : {1u, 3u, 1000u}) {
    LocalOptions options;
    options.split_size = split_size;
    EXPECT_NE(run(program, options, {"a\nb\nbad\n"}).find("the record at byte 4 of the input is malformed"),
              std::string::npos);
    options.parameters = {{"on-malformed", "skip"}};
    TextInput first("first", "a\nb\nbad\nc\nbad\n", true);
    TextInput second("second", "bad", true);
    Input* inputs[] = {&first, &second};
    TextSink sink;
    const auto totals = run_local(program, options, inputs, sink);
    ASSERT_TRUE(totals.has_value()) << totals.error().what;
    std::string places;
    for (const MalformedPlace& place : totals->malformed_places)
      places += place.input + std::to_string(place.offset) + " ";
    EXPECT_EQ(places, "first4 first10 second0 ");
  }
}

TEST(LocalRun, AnotherHashKeyChangesNothing) {
  detail::CountingProgram<Count> program("count");
  const std::string text = some_text(20'000);
  LocalOptions options;
  options.partition_count = 5;
  const auto first = run(program, options, {text});
  options.hash_key[3] = 9;
  EXPECT_EQ(run(program, options, {text}), first);
}

TEST(LocalRun, SortsBeyondItsBudget) {
  detail::GeneralProgram<Lines> program("lines");
  std::string text;
  for (int i = 0; i < 60000; ++i)
    text += static_cast<char>('a' + i % 26) + std::to_string(i) + "xxxxxxxxxxxxxxxxxxxx\n";
  const auto whole = run(program, options_of(1, 1'000'000), {text});
  EXPECT_TRUE(whole.starts_with("a\t")) << whole.substr(0, 100);
  for (const std::uint32_t partitions : {1u, 3u}) {
    LocalOptions options = options_of(partitions, 1'000'000);
    options.limits.memory_budget = 300'000;
    EXPECT_EQ(run(program, options, {text}), whole);
  }
}

TEST(LocalRun, NamesTheTaskThatFailed) {
  detail::GeneralProgram<Lines> program("lines");
  LocalOptions options;
  options.split_size = 8;
  EXPECT_EQ(run(program, options, {"a\nb\nc\nd\ne\nthrow\nf\n"}),
            "error: map 1 (input, from byte 8): the job threw an exception");
  EXPECT_EQ(run(program, options, {"a\nb\nthrow\nf\n"}), "error: stitch (input): the job threw an exception");
  detail::tell_exceptions = true;
  EXPECT_EQ(run(program, options, {"throw\n"}), "error: map 0 (input, from byte 0): the job threw: this line");
  detail::tell_exceptions = false;
}

TEST(LocalRun, RefusesALongerRecordThanItsMemoryHolds) {
  detail::GeneralProgram<Lines> program("lines");
  LocalOptions options;
  options.limits.longest_record = 100'000;
  EXPECT_EQ(run(program, options, {std::string(200'000, 'x')}),
            "error: map 0 (input, from byte 0): a record between two separators is longer than 100000 bytes");
}

TEST(LocalRun, RefusesUnknownParameters) {
  detail::CountingProgram<Count> program("count");
  LocalOptions options;
  options.parameters = {{"colour", "blue"}};
  EXPECT_EQ(run(program, options, {"a"}), "error: parameters: parameter 'colour' is not known to this job");
}

TEST(Spool, GivesBackWhatWasWritten) {
  auto spool = Spool::create(3);
  ASSERT_TRUE(spool.has_value());
  const std::string large(600'000, 'x');
  for (const std::string& part : {large, std::string("end")}) ASSERT_TRUE(spool->write(1, as_bytes(part)).has_value());
  ASSERT_TRUE(spool->write(2, as_bytes("other")).has_value());
  for (const std::uint32_t lane : {1u, 2u, 1u}) ASSERT_TRUE(spool->end_of_stream(lane).has_value());
  Spool::Reader reader(*spool, 1);
  std::string all;
  int ends = 0;
  for (;;) {
    const auto block = reader.next();
    ASSERT_TRUE(block.has_value());
    if (!*block) break;
    EXPECT_TRUE(ends == 0 || (*block)->bytes.empty());
    all += as_chars((*block)->bytes);
    ends += (*block)->ends_stream ? 1 : 0;
  }
  EXPECT_EQ(all, large + "end");
  EXPECT_EQ(ends, 2);
}

TEST(Spool, NamesAFolderThatIsNotThere) {
  ::setenv("TMPDIR", "/none-such", 1);
  const auto spool = Spool::create(1);
  ::unsetenv("TMPDIR");
  ASSERT_FALSE(spool.has_value());
  EXPECT_NE(spool.error().what.find("/none-such"), std::string::npos);
}

}  // namespace
}  // namespace brume::local

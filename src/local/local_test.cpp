#include <brume/job.h>
#include <brume/lines.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

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
  TextOutputs outputs;
  if (auto totals = run_local(program, options, inputs, outputs.opener()); !totals)
    return "error: " + totals.error().what;
  std::string all;
  for (const auto& [name, sink] : outputs.of) all += (name.empty() ? "" : "-- " + name + "\n") + sink.text;
  return all;
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
    TextOutputs outputs;
    const auto totals = run_local(program, options, inputs, outputs.opener());
    ASSERT_TRUE(totals.has_value());
    EXPECT_EQ(totals->counters, (std::vector<JobCounter>{{"keys", 2}, {"lines", 5}, {"lines.empty", 1}}));
  }
}

TEST(LocalRun, NamesMalformedRecordsByInputAndPlace) {
  detail::GeneralProgram<Lines> program("lines");
  for (const std::uint64_t split_size : {1u, 3u, 1000u}) {
    LocalOptions options;
    options.split_size = split_size;
    EXPECT_NE(run(program, options, {"a\nb\nbad\n"}).find("the record at byte 4 of input is malformed"),
              std::string::npos);
    options.parameters = {{"on-malformed", "skip"}};
    TextInput first("first", "a\nb\nbad\nc\nbad\n", true);
    TextInput second("second", "bad", true);
    Input* inputs[] = {&first, &second};
    TextOutputs outputs;
    const auto totals = run_local(program, options, inputs, outputs.opener());
    ASSERT_TRUE(totals.has_value()) << totals.error().what;
    std::string places;
    for (const RecordPlace& place : totals->malformed_places)
      places += inputs[place.input]->name() + std::to_string(place.offset) + " ";
    EXPECT_EQ(places, "first4 first10 second0 ");
  }
}

TEST(LocalRun, TellsOfRecordsThatAnEarlierStageLeftOut) {
  std::vector<std::unique_ptr<JobProgram>> stages;
  stages.push_back(detail::make_program<Lines>("lines"));
  stages.push_back(detail::make_program<Count>("lines"));
  detail::StagedProgram program("lines", std::move(stages));
  LocalOptions options;
  options.parameters = {{"on-malformed", "skip"}};
  TextInput input("input", "a\nbad\nb\nbad\n");
  Input* inputs[] = {&input};
  TextOutputs outputs;
  const auto totals = run_local(program, options, inputs, outputs.opener());
  ASSERT_TRUE(totals.has_value()) << totals.error().what;
  EXPECT_EQ(totals->counters, (std::vector<JobCounter>{{"records.malformed", 2}}));
  EXPECT_EQ(totals->malformed_places, (std::vector<RecordPlace>{{0, 2}, {0, 8}}));
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
            "error: map 0 (input, from byte 0): a record is longer than 100000 bytes: give tasks more memory, with "
            "brume image build --heap-mb, or --memory of brume run --local");
}

TEST(LocalRun, RefusesUnknownParameters) {
  detail::CountingProgram<Count> program("count");
  LocalOptions options;
  options.parameters = {{"colour", "blue"}};
  EXPECT_EQ(run(program, options, {"a"}),
            "error: parameter 'colour' is not known to this job, which takes on-malformed");
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

// Each input one record: its name and size.
struct Files {
  using Value = std::uint64_t;
  WholeFiles files() const { return {}; }
  void map(const Piece& piece, Emitter<Value>& out) const {
    out.emit(std::string(piece.source) + "#" + std::to_string(piece.input) + (piece.text.contains('!') ? "!" : ""),
             piece.text.size());
  }
  static constexpr auto combine = sum;
};

TEST(LocalRun, GivesWholeFiles) {
  detail::CountingProgram<Files> program("files");
  EXPECT_EQ(run(program, options_of(2, 5), {"a\nb\n!c\nd", "", std::string(200'000, 'x') + "!"}),
            "input#0!\t8\ninput#1\t0\ninput#2!\t200001\n");
  LocalOptions options = options_of(1, 5);
  options.limits.longest_record = 100'000;
  EXPECT_TRUE(run(program, options, {std::string(200'000, 'x')}).contains("longer than 100000 bytes"));
}

// Words that the side data does not name.
struct Allowed {
  using Value = std::uint64_t;
  ByteSet separators() const { return Words::whitespace().separators; }
  static constexpr std::array<Side, 2> sides{{{"stopwords"}, {"extra", false}}};
  void load(const SideData& data) {
    each_word(Words::whitespace(), data.text("stopwords"),
              [&](std::string_view word, std::size_t) { stopwords.insert(word); });
    if (const auto more = data.find("extra"); more && *more != "ok") SideData::refuse("extra", "is not ok");
  }
  void map(std::string_view text, Emitter<Value>& out) const {
    each_word(Words::whitespace(), text, [&](std::string_view word, std::size_t) {
      if (!stopwords.contains(word)) out.emit(word, 1);
    });
  }
  static constexpr auto combine = sum;
  std::set<std::string_view> stopwords;
};

LocalSide side_of(const std::string& name, std::string_view text) { return {name, to_bytes(as_bytes(text))}; }

TEST(LocalRun, GivesSideDataToEveryTask) {
  detail::CountingProgram<Allowed> program("allowed");
  LocalOptions options = options_of(2, 3);
  EXPECT_EQ(run(program, options, {"a b"}), "error: the job needs side data: --side stopwords=FILE");
  options.sides = {side_of("stopwords", "b the")};
  EXPECT_EQ(run(program, options, {"a b the c a"}), "a\t2\nc\t1\n");
  options.sides.push_back(side_of("extra", "no"));
  EXPECT_EQ(run(program, options, {"a"}), "error: side data 'extra' is not ok");
  options.sides = {side_of("stopword", "")};
  EXPECT_EQ(run(program, options, {"a"}), "error: the job needs side data: --side stopwords=FILE");
  options.sides.push_back(side_of("stopwords", ""));
  EXPECT_EQ(run(program, options, {"a"}), "error: --side stopword: the job takes only stopwords, extra");
}

// Halves every number again and again, until all are 1.
struct Halve {
  using Key = std::uint64_t;
  using Value = std::uint64_t;
  void configure(Parameters& parameters) { parameters.number("most", most, 1u, 100u); }
  ByteSet separators() const { return {'\n'}; }
  Stage stage() const { return {.reads = Reads::kPrevious, .until_zero = "large", .at_most = most}; }
  void map(std::string_view text, Emitter<Value, Key>& out) const {
    for (const std::string_view line : brume::Lines(text)) {
      std::uint64_t number = 0;
      std::from_chars(line.data(), line.data() + line.size(), number);
      number = std::max<std::uint64_t>(number / 2, 1);
      if (number > 1) out.count("large");
      out.emit(number, 1);
    }
  }
  static constexpr auto combine = sum;
  void reduce(const Key& key, const Value& count, Output& out) const {
    for (std::uint64_t i = 0; i < count; ++i) out.line(std::to_string(key) + "\n");
  }
  std::uint32_t most = 100;
};

TEST(LocalRun, RepeatsAStageUntilNothingChanges) {
  detail::GeneralProgram<Halve> program("halve");
  LocalOptions options = options_of(3, 4);
  EXPECT_EQ(run(program, options, {"1000\n3\n70\n", "9"}), "1\n1\n1\n1\n");
  options.parameters = {{"most", "2"}};
  EXPECT_EQ(run(program, options, {"1000\n3\n70\n", "9"}), "1\n2\n17\n250\n");
  TextInput input("input", "1000\n");
  Input* inputs[] = {&input};
  TextOutputs outputs;
  const auto totals = run_local(program, options, inputs, outputs.opener());
  ASSERT_TRUE(totals.has_value()) << totals.error().what;
  EXPECT_EQ(totals->notes, std::vector<std::string>{"the job did not converge: counter large is 1 after 2 passes"});
}

// Stage one: the largest number. Stage two: each as a part of it, with those over the bound apart.
struct LargestOf {
  using Value = std::uint64_t;
  ByteSet separators() const { return {'\n'}; }
  Stage stage() const { return {.partitions = 1}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (const std::string_view line : brume::Lines(text)) {
      std::uint64_t number = 0;
      std::from_chars(line.data(), line.data() + line.size(), number);
      out.emit("", number);
    }
  }
  static constexpr auto combine = maximum;
  void format(std::string_view, const Value& value, Line& line) const { line << value; }
};
struct Relative {
  using Value = double;
  void configure(Parameters& parameters) { parameters.number("bound", bound, 0, 100); }
  ByteSet separators() const { return {'\n'}; }
  Stage stage() const { return {.carries = "largest"}; }
  static constexpr std::array<Side, 1> sides{{{"largest"}}};
  void load(const SideData& data) {
    const std::string_view text = data.text("largest");
    std::from_chars(text.data(), text.data() + text.size(), largest);
  }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (const std::string_view line : brume::Lines(text)) {
      double number = 0;
      std::from_chars(line.data(), line.data() + line.size(), number);
      out.emit(line, 100 * number / largest);
    }
  }
  static constexpr auto combine = sum;
  static constexpr std::array<std::string_view, 1> outputs{"over"};
  void reduce(std::string_view key, const Value& value, Output& out) const {
    const std::string line = " " + std::to_string(static_cast<int>(value)) + "%\n";
    if (value > bound) {
      out.to("over").line(0, key, line);
    } else {
      out.line(0, key, line);
    }
  }
  double largest = 0;
  int bound = 100;
};

std::unique_ptr<JobProgram> shares() {
  std::vector<std::unique_ptr<JobProgram>> stages;
  stages.push_back(detail::make_program<LargestOf>("shares"));
  stages.push_back(detail::make_program<Relative>("shares"));
  return std::make_unique<detail::StagedProgram>("shares", std::move(stages));
}

TEST(LocalRun, CarriesWhatOneStageWroteToTheNext) {
  const auto program = shares();
  LocalOptions options = options_of(3, 4);
  EXPECT_EQ(run(*program, options, {"10\n40\n", "20"}), "10 25%\n20 50%\n40 100%\n-- over\n");
  options.parameters = {{"bound", "40"}};
  EXPECT_EQ(run(*program, options, {"10\n40\n", "20"}), "10 25%\n-- over\n20 50%\n40 100%\n");
  options.parameters = {{"bond", "40"}};
  EXPECT_EQ(run(*program, options, {"1"}),
            "error: parameter 'bond' is not known to this job, which takes bound, on-malformed");
}

// How many whole records a sample had.
struct Sampled {
  using Value = std::uint64_t;
  Records records() const { return {100}; }
  Stage stage() const { return {.sample_chunks = 4}; }
  void map(const Piece& piece, Emitter<Value>& out) const {
    out.emit(std::to_string(piece.input) + " " + std::to_string(piece.offset / 65536), piece.text.size() / 100);
    for (std::size_t at = 0; at < piece.text.size(); at += 100) {
      if (piece.text.substr(at, 10) != "0123456789") out.count("wrong");
    }
  }
  static constexpr auto combine = sum;
};

TEST(LocalRun, SamplesWholeRecords) {
  detail::CountingProgram<Sampled> program("sampled");
  std::string records;
  for (int i = 0; i < 10'000; ++i) records += "0123456789" + std::string(90, 'x');
  LocalOptions options = options_of(1, 70'000);
  EXPECT_EQ(run(program, options, {records, records.substr(0, 150'000)}), "0 0\t655\n0 14\t654\n0 4\t654\n0 9\t654\n");
  EXPECT_EQ(run(program, options, {"0123456789" + std::string(90, 'x')}), "0 0\t1\n") << "all of what is small";
}

}  // namespace
}  // namespace brume::local

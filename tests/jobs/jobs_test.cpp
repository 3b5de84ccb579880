// Jobs over text and records, held against plain computations.
#include "test_jobs.h"

namespace brume::mapreduce {
namespace {

TEST(GrepJob, FindsLinesInTheirOrder) {
  JobProgram& grep = *grep_program();
  const std::vector<std::string> splits{"fog\nmist\nfog fog\n\n", "a Fog\nfogfog\nx\nthe fog"};
  EXPECT_EQ(result_of(grep, {{"pattern", "fog"}}, splits), "fog\nfog fog\nfogfog\nthe fog\n");
  EXPECT_EQ(result_of(grep, {{"pattern", "FOG"}, {"ignore-case", "yes"}}, splits),
            "fog\nfog fog\na Fog\nfogfog\nthe fog\n");
  EXPECT_EQ(result_of(grep, {{"pattern", ""}}, splits), "fog\nmist\nfog fog\n\na Fog\nfogfog\nx\nthe fog\n");
  EXPECT_EQ(result_of(grep, {{"pattern", "dew"}}, splits), "");
  EXPECT_EQ(refusal_of(grep, {}), "parameter 'pattern' is needed: a text without line ends");
  EXPECT_EQ(refusal_of(grep, {{"pattern", "fog\nmist"}}), "parameter 'pattern' is needed: a text without line ends");
  EXPECT_EQ(run_inputs(grep, {{"pattern", "o"}}, {{"2", "no\nyes\nfog"}, {"1", "o"}}, 3, 3), "no\nfog\no\n");
}

TEST(GrepJob, MatchesGlobsAsAWhole) {
  JobProgram& grep = *grep_program();
  const std::vector<std::string> splits{"fog\nmist\nfog fog\n", "a Fog\nfogfog\n\nx\nthe fog"};
  const auto glob = [&](const std::string& pattern) {
    return result_of(grep, {{"pattern", pattern}, {"match", "glob"}}, splits);
  };
  EXPECT_EQ(glob("fog"), "fog\n");
  EXPECT_EQ(glob("*fog"), "fog\nfog fog\nfogfog\nthe fog\n");
  EXPECT_EQ(glob("f?g*g"), "fog fog\nfogfog\n");
  EXPECT_EQ(glob("?"), "x\n");
  EXPECT_EQ(glob(""), "\n");
  EXPECT_EQ(glob("*o*o*"), "fog fog\nfogfog\n");
  EXPECT_EQ(result_of(grep, {{"pattern", "*F*"}, {"match", "glob"}, {"ignore-case", "yes"}}, {"of\nOF\no\n"}),
            "of\nOF\n");
}

TEST(StringMatchJob, CountsLinesThatAreOneOfTheStrings) {
  JobProgram& match = *string_match_program();
  EXPECT_EQ(result_of(match, {{"strings", "ab,b,,none"}}, {"ab\nabc\nb\n a\nab\n", "b\nab"}), "ab\t3\nb\t2\n");
  EXPECT_EQ(result_of(match, {{"strings", "ab"}}, {"ab\r\nab\n\rab\r"}), "ab\t2\n");
  EXPECT_EQ(refusal_of(match, {}), "parameter 'strings' is a list of 1 to 1000 strings");
}

TEST(InvertedIndexJob, ListsThePlacesOfEachWord) {
  JobProgram& index = *inverted_index_program();
  const std::vector<std::string> splits{"a b a\n\nb c\n", "c, A\na"};
  EXPECT_EQ(result_of(index, {}, splits), "A\t11\na\t0 16\nb\t0 7\nc\t7\nc,\t11\n");
  EXPECT_EQ(result_of(index, {{"places", "words"}}, splits), "A\t14\na\t0 4 16\nb\t2 7\nc\t9\nc,\t11\n");
  EXPECT_EQ(result_of(index, {{"tokens", "letters"}}, splits), "A\t0 11 16\nB\t0 7\nC\t7 11\n");
  EXPECT_EQ(result_of(index, {{"places", "names"}}, {"two\tx y x\none\tx\n", "three\n\tz\ntwo\ty"}),
            "x\tone two\ny\ttwo\nz\t\n");
  const std::vector<std::pair<std::string, std::string>> files{{"b", "x y x"}, {"a", "y\nz y\n"}};
  EXPECT_EQ(run_inputs(index, {{"places", "inputs"}}, files, 2, 4), "x\tb\ny\ta b\nz\ta\n");
  EXPECT_TRUE(run_inputs(index, {}, files, 2, 4).contains("bytes tell places in one input only"));
}

TEST(DistinctCountJob, EstimatesWithinItsError) {
  JobProgram& distinct = *distinct_count_program();
  for (const std::size_t count : {0u, 1u, 10u, 1000u, 30'000u, 300'000u}) {
    std::vector<std::string> splits(2);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string word = "word" + std::to_string(i * 7919) + '\n';
      splits[i % 2] += word;
      if (i % 3 == 0) splits[1 - i % 2] += word;
    }
    const std::string result = run_inputs(distinct, {}, {{"a", splits[0]}, {"b", splits[1]}}, 2, 10'000);
    const std::vector<double> numbers = numbers_of(result);
    ASSERT_EQ(numbers.size(), 2u) << result;
    EXPECT_NEAR(numbers[1], 0.008125, 1e-9);
    const double wanted = static_cast<double>(count);
    EXPECT_NEAR(numbers[0], wanted, 4 * 0.008125 * wanted + 0.5) << count;
  }
  EXPECT_EQ(malformed_places(distinct, {{"method", "exact"}}, " "), Places{});
  EXPECT_EQ(distinct.counters().all(), (std::vector<JobCounter>{{"words.distinct", 0}})) << "none is a number, too";
}

TEST(SortRecordsJob, SortsByKeyThenByTheRest) {
  JobProgram& sort = *sort_records_program();
  std::mt19937_64 random(6);
  std::vector<std::string> records(2000);
  std::vector<std::string> splits(3);
  for (std::size_t i = 0; i < records.size(); ++i) {
    for (int byte = 0; byte < 7; ++byte) records[i].push_back(static_cast<char>(random() % (byte < 2 ? 20 : 256) * 12));
    splits[i % 3] += records[i];
  }
  std::ranges::sort(records);
  std::string expected;
  for (const std::string& record : records) expected += record;
  EXPECT_EQ(result_of(sort, {{"record", "7"}, {"key", "2"}}, splits), expected);
  EXPECT_EQ(result_of(sort, {{"record", "7"}, {"key", "7"}, {"header", "3"}}, splits), expected);
  EXPECT_EQ(refusal_of(sort, {{"key", "101"}}), "parameter 'key' is a number from 1 to the record's size");
}

// All in one split, as compressed input is: the sample's task has more keys than it keeps.
TEST(SortRecordsJob, SortsWhatItsSampleThinsOut) {
  std::mt19937_64 random(61);
  std::vector<std::string> records(300'000);
  std::string text;
  for (std::string& record : records) {
    for (int byte = 0; byte < 4; ++byte) record.push_back(static_cast<char>(random()));
    text += record;
  }
  std::ranges::sort(records);
  std::string expected;
  for (const std::string& record : records) expected += record;
  EXPECT_TRUE(run_inputs(*sort_records_program(), {{"record", "4"}, {"key", "4"}}, {{"records", text}}, 4, 1u << 30) ==
              expected);
}

TEST(JoinJob, JoinsInEveryWay) {
  JobProgram& join = *join_program();
  const std::vector<std::pair<std::string, std::string>> inputs{
      {"left", "b\t1\na\t2\tx\nb\t0\nd\t9\n\n"}, {"right/1", "b\tB\n"}, {"right/2", "c\tC\na\tA\nb\tBB"}};
  const auto joined = [&](const Parameters& parameters) {
    const std::string one = run_inputs(join, parameters, inputs, 1, 1000);
    EXPECT_EQ(run_inputs(join, parameters, inputs, 3, 5), one);
    return one;
  };
  const std::string inner = "a\t2\tx\tA\nb\t0\tB\nb\t1\tB\nb\t0\tBB\nb\t1\tBB\n";
  EXPECT_EQ(joined({}), inner);
  EXPECT_EQ(joined({{"kind", "left"}}), inner + "d\t9\n");
  EXPECT_EQ(joined({{"kind", "right"}}), inner + "c\tC\n");
  EXPECT_EQ(joined({{"kind", "outer"}}), inner + "c\tC\nd\t9\n");
  EXPECT_EQ(joined({{"right-key", "2"}, {"kind", "left"}}), "a\t2\tx\nb\t0\nb\t1\nd\t9\n");
  EXPECT_EQ(run_inputs(join, {}, {{"left", "a\r\nb\t1\r\n"}, {"right", "a\tA\nb\tB\r\n"}}, 1, 1000), "a\tA\nb\t1\tB\n");
  EXPECT_EQ(
      run_inputs(join, {{"separator", "comma"}, {"left-key", "2"}}, {{"left", "1,k,2\n"}, {"right", "k,3,4"}}, 2, 9),
      "k,1,2,3,4\n");
  EXPECT_TRUE(
      run_inputs(join, {{"left-key", "3"}}, inputs, 1, 99).contains("the record at byte 0 of left is malformed"));
  EXPECT_TRUE(run_inputs(join, {}, {{"orders", "a"}}, 1, 9).contains("input 1 is neither left nor right"));
}

}  // namespace
}  // namespace brume::mapreduce

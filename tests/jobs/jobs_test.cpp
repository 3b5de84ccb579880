// The jobs that ship, held against plain computations: over splits, pieces and partitions.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <set>

#include "local/test_local.h"
#include "mapreduce/counting_test_program.h"

extern "C" {
brume::JobProgram* csv_sum_program();
brume::JobProgram* distinct_count_program();
brume::JobProgram* grep_program();
brume::JobProgram* histogram_program();
brume::JobProgram* inverted_index_program();
brume::JobProgram* join_program();
brume::JobProgram* json_count_program();
brume::JobProgram* k_means_program();
brume::JobProgram* linear_regression_program();
brume::JobProgram* matrix_multiply_program();
brume::JobProgram* page_rank_program();
brume::JobProgram* pca_program();
brume::JobProgram* sort_records_program();
brume::JobProgram* string_match_program();
brume::JobProgram* top_k_program();
}

namespace brume::mapreduce {
namespace {

using Parameters = std::vector<JobParameter>;

JobStatus configure(JobProgram& program, const Parameters& parameters, std::uint32_t partitions = 1) {
  JobConfig config = testing::test_config(partitions);
  config.parameters = parameters;
  return program.configure(config);
}

// A job's result over inputs with names; "-- NAME" before each further output, "error: ..." where there is none.
std::string run_inputs(JobProgram& program, const Parameters& parameters,
                       const std::vector<std::pair<std::string, std::string>>& inputs, std::uint32_t partitions,
                       std::uint64_t split_size, const std::vector<local::LocalSide>& sides = {}) {
  std::vector<local::TextInput> texts;
  texts.reserve(inputs.size());
  std::vector<local::Input*> pointers;
  for (const auto& [name, text] : inputs) pointers.push_back(&texts.emplace_back(name, text));
  local::LocalOptions options;
  options.parameters = parameters;
  options.sides = sides;
  options.partition_count = partitions;
  options.split_size = split_size;
  options.hash_key[3] = static_cast<std::uint8_t>(partitions);
  local::TextOutputs outputs;
  const auto totals = local::run_local(program, options, pointers, outputs.opener());
  if (!totals) return "error: " + totals.error().what;
  std::string all;
  for (const auto& [name, sink] : outputs.of) all += (name.empty() ? "" : "-- " + name + "\n") + sink.text;
  return all;
}

// The result with 1 and 3 partitions, in splits as large and as small as they come: the same.
std::string result_of(JobProgram& program, const Parameters& parameters, const std::vector<std::string>& parts) {
  std::string text;
  for (const JobParameter& parameter : parameters) {
    if (parameter.key == "header" && parameter.value != "no") text.assign(std::stoull(parameter.value), 'H');
  }
  for (const std::string& part : parts) text += part;
  const std::string result = run_inputs(program, parameters, {{"text", text}}, 1, ~std::uint64_t{0});
  for (const std::uint64_t split_size : {11u, 1000u, 100'000u}) {
    if (text.size() / split_size > 5000) continue;
    EXPECT_EQ(run_inputs(program, parameters, {{"text", text}}, 3, split_size), result) << split_size;
  }
  return result;
}

std::string refusal_of(JobProgram& program, const Parameters& parameters) {
  JobConfig config;
  config.parameters = parameters;
  std::vector<StageFacts> stages;
  const auto status = program.describe(config, stages);
  return status ? "" : status.error();
}

std::vector<double> numbers_of(std::string_view text) {
  std::vector<double> numbers;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{}) numbers.push_back(number);
    text.remove_prefix(error == std::errc{} ? static_cast<std::size_t>(end - text.data()) : 1);
  }
  return numbers;
}

TEST(GrepJob, FindsLinesInTheirOrder) {
  JobProgram& grep = *grep_program();
  const std::vector<std::string> splits{"fog\nmist\nfog fog\n\n", "a Fog\nfogfog\nx\nthe fog"};
  EXPECT_EQ(result_of(grep, {{"pattern", "fog"}}, splits), "fog\nfog fog\nfogfog\nthe fog\n");
  EXPECT_EQ(result_of(grep, {{"pattern", "FOG"}, {"ignore-case", "yes"}}, splits),
            "fog\nfog fog\na Fog\nfogfog\nthe fog\n");
  EXPECT_EQ(result_of(grep, {{"pattern", ""}}, splits), "fog\nmist\nfog fog\n\na Fog\nfogfog\nx\nthe fog\n");
  EXPECT_EQ(result_of(grep, {{"pattern", "dew"}}, splits), "");
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
  EXPECT_EQ(refusal_of(match, {}), "parameter 'strings' is a list of 1 to 1000 strings");
}

TEST(HistogramJob, CountsEveryChannel) {
  JobProgram& histogram = *histogram_program();
  std::mt19937_64 random(5);
  for (const std::size_t channels : {1u, 2u, 3u, 4u}) {
    std::vector<std::uint64_t> counts(channels * 256);
    std::vector<std::string> splits;
    for (std::size_t pixels : {0u, 1u, 7u, 5000u}) {
      std::string& split = splits.emplace_back();
      for (std::size_t i = 0; i < pixels * channels; ++i) {
        const auto byte = static_cast<std::uint8_t>(random() % 200);
        split.push_back(static_cast<char>(byte));
        ++counts[i % channels * 256 + byte];
      }
    }
    std::string expected;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      expected += std::to_string(i / 256) + '\t' + std::to_string(i % 256) + '\t' + std::to_string(counts[i]) + '\n';
    }
    EXPECT_EQ(result_of(histogram, {{"channels", std::to_string(channels)}, {"header", "54"}}, splits), expected);
  }
  EXPECT_EQ(refusal_of(histogram, {{"channels", "5"}}), "parameter 'channels' is a number from 1 to 4");
}

TEST(LinearRegressionJob, FindsTheLineThatItWasMadeFrom) {
  JobProgram& regression = *linear_regression_program();
  std::string points;
  for (int x = -30; x <= 40; ++x) points += {static_cast<char>(x), static_cast<char>(3 * x - 7)};
  const std::string result = result_of(regression, {}, {points, points});
  EXPECT_EQ(result, "count\t142\nslope\t3\nintercept\t-7\nmean x\t5\nmean y\t8\nr squared\t1\n");
}

TEST(LinearRegressionJob, SumsExactlyWhatIsLarge) {
  JobProgram& regression = *linear_regression_program();
  std::string points;
  for (int i = 0; i < 400'000; ++i) points += {static_cast<char>(-128), static_cast<char>(i % 2 == 0 ? -128 : 127)};
  const std::string result = result_of(regression, {}, {points});
  EXPECT_TRUE(result.starts_with("count\t400000\nslope\tnan\n")) << result;
  EXPECT_NE(result.find("mean x\t-128\nmean y\t-0.5\n"), std::string::npos) << result;
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
    if (count == 0) {
      EXPECT_EQ(result, "");
      continue;
    }
    const std::vector<double> numbers = numbers_of(result);
    ASSERT_EQ(numbers.size(), 2u) << result;
    EXPECT_NEAR(numbers[1], 0.008125, 1e-9);
    const double wanted = static_cast<double>(count);
    EXPECT_NEAR(numbers[0], wanted, 4 * 0.008125 * wanted + 0.5) << count;
  }
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

TEST(TopKJob, FindsTheLargestOfTheField) {
  JobProgram& top = *top_k_program();
  std::mt19937_64 random(8);
  std::vector<std::pair<int, std::string>> lines;
  std::vector<std::string> splits(3);
  for (int i = 0; i < 3000; ++i) {
    const int number = static_cast<int>(random() % 1000) - 500;
    lines.emplace_back(-number, 'w' + std::to_string(random() % 50) + '\t' + std::to_string(number));
    splits[static_cast<std::size_t>(i) / 1000] += lines.back().second + '\n';
  }
  std::ranges::sort(lines);
  std::string expected;
  for (int i = 0; i < 25; ++i) expected += lines[static_cast<std::size_t>(i)].second + '\n';
  EXPECT_EQ(result_of(top, {{"k", "25"}, {"field", "2"}}, splits), expected);
  EXPECT_EQ(result_of(top, {{"k", "9"}, {"separator", "comma"}}, {"2,x\n1e1,y\n-3.5,z\n"}), "1e1,y\n2,x\n-3.5,z\n");
}

TEST(TopKJob, FailsOnMalformedLinesOrSkipsThem) {
  JobProgram& top = *top_k_program();
  const std::vector<std::string> splits{"1\nx\n2y\n\nnan\n3\n"};
  EXPECT_EQ(result_of(top, {{"on-malformed", "skip"}}, splits), "3\n1\n");
  ASSERT_TRUE(configure(top, {}).has_value());
  testing::Streams out(1);
  testing::TestScratch scratch;
  EXPECT_TRUE(top.new_map(scratch)->feed({splits[0]}, out).has_value());
  ASSERT_FALSE(top.counters().status().has_value()) << "whoever runs the task asks";
  EXPECT_EQ(top.counters().malformed_places(), (std::vector<RecordPlace>{{0, 2}, {0, 4}, {0, 7}, {0, 8}}));
}

TEST(KMeansJob, MovesCentresToTheMeansOfTheirPoints) {
  JobProgram& k_means = *k_means_program();
  std::mt19937_64 random(9);
  std::vector<std::array<float, 3>> points(3000);
  for (auto& point : points) {
    for (float& x : point) x = static_cast<float>(random() % 10'000) / 100;
  }
  const std::vector<std::array<float, 3>> centres{{10, 10, 10}, {90, 90, 90}, {50, 20, 70}, {1000, 0, 0}};
  std::array<std::array<double, 4>, 4> sums{};
  for (const auto& point : points) {
    std::array<double, 4> distances{};
    for (std::size_t c = 0; c < 4; ++c) {
      for (std::size_t d = 0; d < 3; ++d) distances[c] += std::pow(static_cast<double>(point[d] - centres[c][d]), 2);
    }
    auto& sum = sums[static_cast<std::size_t>(std::ranges::min_element(distances) - distances.begin())];
    ++sum[0];
    for (std::size_t d = 0; d < 3; ++d) sum[d + 1] += static_cast<double>(point[d]);
  }
  std::string bytes(points.size() * 12, '\0');
  std::memcpy(bytes.data(), points.data(), bytes.size());
  const std::string result = run_inputs(k_means, {{"centres", "10,10,10;90,90,90;50,20,70;1000,0,0"}, {"passes", "1"}},
                                        {{"points", bytes}}, 2, 1200);
  const std::vector<double> numbers = numbers_of(result);
  ASSERT_EQ(numbers.size(), 20u) << result;
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(numbers[5 * c], static_cast<double>(c));
    EXPECT_EQ(numbers[5 * c + 1], sums[c][0]);
    for (std::size_t d = 0; d < 3; ++d) EXPECT_NEAR(numbers[5 * c + 2 + d], sums[c][d + 1] / sums[c][0], 1e-9);
  }
  EXPECT_TRUE(result.ends_with("3\t0\t1000\t0\t0\n")) << "a centre without points stays where it is";
  for (const char* const centres_text : {"", "1,2;3", "1,,2", "1;2;", ";", "x", "1,2,", "nan,1"}) {
    EXPECT_TRUE(refusal_of(k_means, {{"centres", centres_text}}).starts_with("parameter 'centres'")) << centres_text;
  }
}

std::string floats(const std::vector<float>& numbers) {
  std::string bytes(numbers.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

TEST(KMeansJob, RepeatsUntilCentresStay) {
  JobProgram& k_means = *k_means_program();
  std::mt19937_64 random(10);
  std::vector<float> points;
  const float places[4][2] = {{0, 0}, {100, 0}, {0, 100}, {300, 300}};
  for (int i = 0; i < 4000; ++i) {
    for (const float at : places[i % 4]) points.push_back(at + static_cast<float>(random() % 1000) / 100);
  }
  const std::string bytes = floats(points);
  const std::string result = result_of(k_means, {{"centres", "1,1;90,9;9,90;200,200"}}, {bytes});
  const std::vector<double> numbers = numbers_of(result);
  ASSERT_EQ(numbers.size(), 16u) << result;
  for (std::size_t c = 0; c < 4; ++c) {
    EXPECT_EQ(numbers[4 * c + 1], 1000);
    for (std::size_t d = 0; d < 2; ++d) EXPECT_NEAR(numbers[4 * c + 2 + d], static_cast<double>(places[c][d]) + 5, 1);
  }
  // One step more moves nothing, and gives the same.
  std::string centres;
  for (std::size_t c = 0; c < 4; ++c)
    centres += (c == 0 ? "" : ";") + std::to_string(numbers[4 * c + 2]) + "," + std::to_string(numbers[4 * c + 3]);
  EXPECT_EQ(numbers_of(run_inputs(k_means, {{"centres", centres}, {"passes", "1"}}, {{"p", bytes}}, 1, 1u << 20)),
            numbers);
  // Points of the input themselves are a beginning, too.
  const std::string drawn = run_inputs(k_means, {{"k", "4"}, {"dimensions", "2"}}, {{"points", bytes}}, 2, 1000);
  EXPECT_EQ(std::ranges::count(drawn, '\n'), 4) << drawn;
  EXPECT_EQ(numbers_of(drawn)[1] + numbers_of(drawn)[5] + numbers_of(drawn)[9] + numbers_of(drawn)[13], 4000);
  EXPECT_TRUE(refusal_of(k_means, {{"k", "4"}}).starts_with("parameter 'centres'"));
  EXPECT_TRUE(
      refusal_of(k_means, {{"k", "4"}, {"dimensions", "1"}, {"centres", "1"}}).starts_with("parameter 'centres'"));
  EXPECT_EQ(run_inputs(k_means, {{"k", "4"}, {"dimensions", "2"}}, {{"points", ""}}, 2, 1000),
            "error: stage 2 of 2, pass 1: side data 'centres' has no point: the input is empty");
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
  EXPECT_EQ(
      run_inputs(join, {{"separator", "comma"}, {"left-key", "2"}}, {{"left", "1,k,2\n"}, {"right", "k,3,4"}}, 2, 9),
      "k,1,2,3,4\n");
  EXPECT_TRUE(
      run_inputs(join, {{"left-key", "3"}}, inputs, 1, 99).contains("the record at byte 0 of left is malformed"));
  EXPECT_TRUE(run_inputs(join, {}, {{"orders", "a"}}, 1, 9).contains("input 1 is neither left nor right"));
}

TEST(PageRankJob, EqualsThePlainComputation) {
  JobProgram& page_rank = *page_rank_program();
  std::mt19937_64 random(11);
  std::map<int, std::vector<int>> links;
  std::string text;
  for (int i = 0; i < 2000; ++i) {
    const int from = static_cast<int>(random() % 150);
    const int to = static_cast<int>(random() % (random() % 200 + 1));
    links[from].push_back(to);
    links[to];
    text += "page" + std::to_string(from) + "\tpage" + std::to_string(to) + '\n';
  }
  std::map<int, double> ranks;
  for (const auto& [page, to] : links) ranks[page] = 1;
  for (int pass = 0; pass < 7; ++pass) {
    std::map<int, double> given;
    for (const auto& [page, to] : links) {
      for (const int target : to) given[target] += ranks[page] / static_cast<double>(to.size());
    }
    for (auto& [page, rank] : ranks) rank = 0.15 + 0.85 * given[page];
  }
  const Parameters parameters{{"passes", "7"}, {"tolerance", "0"}};
  const std::string result = run_inputs(page_rank, parameters, {{"links", text}}, 1, 1u << 20);
  std::string_view rest = result;
  double last = 1e9;
  std::size_t seen = 0;
  for (; !rest.empty(); ++seen) {
    const std::size_t tab = rest.find('\t');
    const int page = std::stoi(std::string(rest.substr(4, tab - 4)));
    const double rank = numbers_of(rest.substr(tab, rest.find('\n') - tab)).at(0);
    EXPECT_NEAR(rank, ranks.at(page), 1e-9);
    EXPECT_LE(rank, last);
    last = rank;
    rest.remove_prefix(rest.find('\n') + 1);
  }
  EXPECT_EQ(seen, ranks.size());
  EXPECT_EQ(run_inputs(page_rank, {{"tolerance", "1"}}, {{"links", "a\tb\nb\ta\n"}}, 2, 3), "a\t1\nb\t1\n");
  EXPECT_TRUE(run_inputs(page_rank, {}, {{"links", "a\tb\nc\n"}}, 1, 99).contains("the record at byte 4 of links"));
  EXPECT_TRUE(refusal_of(page_rank, {{"damping", "1.5"}}).starts_with("parameter 'damping' is a number"));
}

TEST(MatrixMultiplyJob, EqualsThePlainProduct) {
  JobProgram& multiply = *matrix_multiply_program();
  std::mt19937_64 random(12);
  const std::size_t n = 37;
  const std::size_t m = 23;
  const std::size_t p = 11;
  std::vector<float> left(n * m);
  std::vector<float> right(m * p);
  for (float& x : left) x = static_cast<float>(random() % 100);
  for (float& x : right) x = static_cast<float>(random() % 100);
  std::vector<float> product(n * p);
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t c = 0; c < p; ++c) {
      for (std::size_t i = 0; i < m; ++i) product[r * p + c] += left[r * m + i] * right[i * p + c];
    }
  }
  const local::LocalSide side{"right", to_bytes(as_bytes(floats(right)))};
  for (const std::uint64_t split_size : {100u, 1000u, 1u << 20}) {
    EXPECT_EQ(run_inputs(multiply, {{"columns", "23"}}, {{"left", floats(left)}}, 3, split_size, {side}),
              floats(product));
  }
  EXPECT_EQ(run_inputs(multiply, {{"columns", "24"}}, {{"left", ""}}, 1, 100, {side}),
            "error: side data 'right' is not a matrix with as many rows as the left one has columns");
  EXPECT_EQ(run_inputs(multiply, {{"columns", "23"}}, {{"left", ""}}, 1, 100),
            "error: the job needs side data: --side right=FILE");
  EXPECT_EQ(refusal_of(multiply, {}), "parameter 'columns' is a number from 1 to 1048576");
}

TEST(PcaJob, FindsTheDirectionsThatPointsWereMadeFrom) {
  JobProgram& pca = *pca_program();
  std::mt19937_64 random(13);
  const auto noise = [&] { return static_cast<float>(random() % 2001) / 1000 - 1; };
  std::vector<float> rows;
  for (int i = 0; i < 5000; ++i) {
    const float along = 10 * noise();
    const float across = noise();
    rows.insert(rows.end(), {3 + along * 0.6f - across * 0.8f, -2 + along * 0.8f + across * 0.6f, 7});
  }
  const auto directions = [&](std::uint32_t partitions, std::uint64_t split_size) {
    return numbers_of(
        run_inputs(pca, {{"columns", "3"}, {"components", "2"}}, {{"rows", floats(rows)}}, partitions, split_size));
  };
  const std::vector<double> numbers = directions(1, 1u << 30);
  ASSERT_EQ(numbers.size(), 3u + 2 * 5);
  const std::vector<double> split = directions(3, 1000);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_NEAR(split.at(i), numbers[i], 1e-9);
  EXPECT_NEAR(numbers[0], 3, 0.3);
  EXPECT_NEAR(numbers[2], 7, 1e-5);
  EXPECT_NEAR(numbers[4], 100 / 3.0, 2);  // of along: its square's mean
  EXPECT_NEAR(numbers[5], 0.6, 0.01);
  EXPECT_NEAR(numbers[6], 0.8, 0.01);
  EXPECT_NEAR(numbers[9], 1 / 3.0, 0.03);
  EXPECT_NEAR(std::abs(numbers[10]), 0.8, 0.01);
  const std::vector<double> covariance =
      numbers_of(run_inputs(pca, {{"columns", "3"}}, {{"rows", floats({1, 2, 3, 3, 2, 1})}}, 2, 12));
  EXPECT_EQ(covariance, (std::vector<double>{2, 2, 2, 0, 1, 0, -1, 1, 0, 0, 0, 2, -1, 0, 1}));
  EXPECT_EQ(refusal_of(pca, {{"columns", "3"}, {"components", "4"}}),
            "parameter 'components' is a number from 0 to the number of columns");
}

// Where one split's malformed records begin; the counters of that task stay.
std::vector<std::uint64_t> malformed_places(JobProgram& program, const Parameters& parameters, std::string_view text,
                                            std::uint64_t offset = 0) {
  EXPECT_TRUE(configure(program, parameters).has_value());
  program.counters().clear();
  testing::map_text(program, 1, text, nullptr, offset);
  std::vector<std::uint64_t> offsets;
  for (const RecordPlace& place : program.counters().malformed_places()) offsets.push_back(place.offset);
  return offsets;
}

using Places = std::vector<std::uint64_t>;

TEST(CsvSumJob, SumsUpAColumnForEachValueOfAnother) {
  JobProgram& csv = *csv_sum_program();
  const std::vector<std::string> splits{"city,temp\r\nParis,1.5\r\n\"Aix, Bouches\",20\r\n",
                                        "Paris,-3\nRome,0.1\nRome,\nRome,0.2\n", "\"Say \"\"x\"\"\",1e3"};
  EXPECT_EQ(result_of(csv, {}, splits),
            "column1,count,sum,min,max,mean\n\"Aix, Bouches\",1,20,20,20,20\n\"Say \"\"x\"\"\",1,1000,1000,1000,1000\n"
            "Paris,2,-1.5,-3,1.5,-0.75\nRome,2,0.30000000000000004,0.1,0.2,0.15000000000000002\n");
  EXPECT_EQ(
      result_of(csv, {{"columns", "city,temp"}, {"group", "city"}, {"value", "temp"}, {"output", "json"}}, splits),
      R"({"city":"Aix, Bouches","count":1,"sum":20,"min":20,"max":20,"mean":20})"
      "\n"
      R"({"city":"Paris","count":2,"sum":-1.5,"min":-3,"max":1.5,"mean":-0.75})"
      "\n"
      R"({"city":"Rome","count":2,"sum":0.30000000000000004,"min":0.1,"max":0.2,"mean":0.15000000000000002})"
      "\n"
      R"({"city":"Say \"x\"","count":1,"sum":1000,"min":1000,"max":1000,"mean":1000})"
      "\n");
}

TEST(CsvSumJob, TakesHeadersOnlyAtTheBegin) {
  JobProgram& csv = *csv_sum_program();
  EXPECT_EQ(result_of(csv, {{"header", "no"}, {"comma", "semicolon"}}, {"a;1\n", "a;2\n"}),
            "column1,count,sum,min,max,mean\na,2,3,1,2,1.5\n");
  EXPECT_EQ(result_of(csv, {}, {"a,b\n"}), "column1,count,sum,min,max,mean\n");
  EXPECT_EQ(result_of(csv, {}, {""}), "");
  // The mark that spreadsheets put in front belongs to no name.
  const Parameters named{{"columns", "a,b"}};
  EXPECT_EQ(result_of(csv, named,
                      {"\xEF\xBB\xBF"
                       "a,b\nx,1\n"}),
            "a,count,sum,min,max,mean\nx,1,1,1,1,1\n");
  EXPECT_EQ(malformed_places(csv, named, "a,c\nx,1\n"), Places{0});
  EXPECT_EQ(malformed_places(csv, named, "a,b\nx,1\n"), Places{});
  EXPECT_EQ(malformed_places(csv, named, "a,b\nx,1\n", 100), Places{100});
}

TEST(CsvSumJob, DoesNotDependOnTheOrderOfSums) {
  JobProgram& csv = *csv_sum_program();
  std::mt19937_64 random(11);
  std::vector<std::string> lines;
  for (int i = 0; i < 3000; ++i)
    lines.push_back("x," + std::to_string(random() % 1000) + "e" + std::to_string(random() % 30) + "\n");
  const auto result = [&] {
    std::vector<std::string> splits(3);
    for (std::size_t i = 0; i < lines.size(); ++i) splits[i * 3 / lines.size()] += lines[i];
    return result_of(csv, {{"header", "no"}}, splits);
  };
  const std::string first = result();
  std::ranges::shuffle(lines, random);
  EXPECT_EQ(result(), first);
}

TEST(CsvSumJob, TellsMalformedRecords) {
  JobProgram& csv = *csv_sum_program();
  EXPECT_EQ(malformed_places(csv, {{"header", "no"}}, "a,1\na\nb,x\nc,1 \n\"d,1\ne,inf\nf,nan\ng,1e300\nh,+1\ni,2\n"),
            (Places{4, 6, 10, 15, 20, 26, 32, 40}));
  EXPECT_EQ(malformed_places(csv, {{"header", "no"}}, "a,\nb,1\n"), Places{});
  ASSERT_EQ(csv.counters().all().size(), 1u);
  EXPECT_EQ(csv.counters().all()[0], (JobCounter{"values.empty", 1}));
  // As many fields as there are names.
  EXPECT_EQ(malformed_places(csv, {{"header", "no"}, {"columns", "a,b"}}, "a,1\na,1,2\n"), Places{4});
  EXPECT_EQ(malformed_places(csv, {{"header", "no"}, {"output", "json"}}, "\xFF,1\n\xC3\xA9,1\n"), Places{0});
  EXPECT_EQ(malformed_places(csv, {{"header", "no"}}, "\xFF,1\n"), Places{});
}

TEST(CsvSumJob, RefusesParametersThatItCannotUse) {
  JobProgram& csv = *csv_sum_program();
  EXPECT_EQ(refusal_of(csv, {{"group", "city"}}),
            "parameter 'group' is a column's number, from 1; or its name, with -p columns=...");
  EXPECT_EQ(refusal_of(csv, {{"value", "0"}}),
            "parameter 'value' is a column's number, from 1; or its name, with -p columns=...");
  EXPECT_EQ(refusal_of(csv, {{"columns", "a,b"}, {"value", "3"}}),
            "parameter 'value' is one of -p columns, or a column's number, from 1");
  EXPECT_EQ(refusal_of(csv, {{"columns", "a,a"}}), "parameter 'columns' names each column once");
  EXPECT_EQ(refusal_of(csv, {{"columns", "a"}}),
            "parameter 'value' is one of -p columns, or a column's number, from 1");
  EXPECT_EQ(refusal_of(csv, {{"columns", "\"a"}}), "parameter 'columns' is a line of CSV, the columns' names");
  EXPECT_EQ(refusal_of(csv, {{"columns", "sum,b"}, {"output", "json"}}),
            "parameter 'group' has a name of the result's own (count, sum, min, max, mean)");
  EXPECT_EQ(refusal_of(csv, {{"columns", "\xFF,b"}, {"output", "json"}}), "parameter 'columns' is UTF-8, for JSON");
}

TEST(JsonCountJob, CountsValuesAtAPlace) {
  JobProgram& json = *json_count_program();
  const std::vector<std::string> splits{R"({"a": {"b": "x"}})"
                                        "\n"
                                        R"({"a": {"b": 1}})"
                                        "\r\n",
                                        R"({"a": {"b": 1.0}})"
                                        "\n"
                                        R"({"a": {"b": "1"}})"
                                        "\n"
                                        R"({"a": {"b": 10e-1}})"
                                        "\n"
                                        R"({"a": {"c": 1}})"
                                        "\n"
                                        R"({"a": {"b": "\u0078"}})"
                                        "\n"
                                        R"({"a": {"b": null}})"
                                        "\n"
                                        R"({"a": {"b": [true, {"y" : 1.0}]}})"};
  EXPECT_EQ(result_of(json, {{"path", "/a/b"}}, splits), "1\t3\n\"x\"\t2\n\"1\"\t1\n[true,{\"y\":1.0}]\t1\nnull\t1\n");
  EXPECT_EQ(result_of(json, {{"path", "/a/b"}, {"arrays", "elements"}}, splits),
            "1\t3\n\"x\"\t2\n\"1\"\t1\nnull\t1\ntrue\t1\n{\"y\":1.0}\t1\n");
  EXPECT_EQ(result_of(json, {{"path", "/a/b"}, {"output", "json"}}, {splits[0]}),
            "{\"value\":\"x\",\"count\":1}\n{\"value\":1,\"count\":1}\n");
}

TEST(JsonCountJob, KeepsNumbersApartThatDiffer) {
  JobProgram& json = *json_count_program();
  EXPECT_EQ(result_of(json, {},
                      {"9007199254740992\n9007199254740993\n18446744073709551615\n18446744073709551616\n-0\n0."
                       "0\n0\n1e400\n1e401\n0.1\n"}),
            "0\t3\n0.1\t1\n18446744073709551615\t1\n18446744073709551616\t1\n1e400\t1\n1e401\t1\n9007199254740992\t1\n"
            "9007199254740993\t1\n");
}

TEST(JsonCountJob, TellsMalformedRecordsAndMissingValues) {
  JobProgram& json = *json_count_program();
  EXPECT_EQ(malformed_places(json, {{"path", "/a"}}, "{}\n{\n\n{\"b\":1}\n{\"a\":1,\"a\":2}\n{\"a\":1}\n"),
            (Places{3, 5, 14}));
  ASSERT_EQ(json.counters().all().size(), 2u);
  EXPECT_EQ(json.counters().all()[1], (JobCounter{"values.missing", 2}));
  EXPECT_EQ(refusal_of(json, {{"path", "a"}}),
            "parameter 'path' is a JSON Pointer (RFC 6901), like /user/name or /tags/0");
}

}  // namespace
}  // namespace brume::mapreduce

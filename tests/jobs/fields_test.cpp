// Jobs over fields of records, held against plain computations.
#include "test_jobs.h"

namespace brume::mapreduce {
namespace {

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

TEST(TopKJob, KeepsIntegersApartThatAreOneDouble) {
  JobProgram& top = *top_k_program();
  EXPECT_EQ(result_of(top, {}, {"9007199254740992\n9007199254740994\n9007199254740993\n9.007199254740992e15\n"}),
            "9007199254740994\n9007199254740993\n9.007199254740992e15\n9007199254740992\n");
  EXPECT_EQ(result_of(top, {{"k", "5"}},
                      {"18446744073709551614\n18446744073709551615\n9223372036854775807\n"
                       "9223372036854775808\n-9223372036854775807\n-9223372036854775808\n"}),
            "18446744073709551615\n18446744073709551614\n9223372036854775808\n9223372036854775807\n"
            "-9223372036854775807\n");
}

TEST(TopKJob, TakesTinyNumbersForZero) {
  JobProgram& top = *top_k_program();
  EXPECT_EQ(result_of(top, {}, {"1e-400\n-1e-400\n1e-99999999999999999999\n1\n-1\n"}),
            "1\n-1e-400\n1e-400\n1e-99999999999999999999\n-1\n");
  EXPECT_EQ(malformed_places(top, {}, "1e400\n0.001e999999999999999999999\n1\n"), (Places{0, 6}));
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
  EXPECT_EQ(result_of(csv, {}, {""}), "column1,count,sum,min,max,mean\n");
  EXPECT_EQ(result_of(csv, {{"output", "json"}}, {""}), "");
  // The mark that spreadsheets put in front belongs to no name.
  const Parameters named{{"columns", "a,b"}};
  EXPECT_EQ(result_of(csv, named,
                      {"\xEF\xBB\xBF"
                       "a,b\nx,1\n"}),
            "a,count,sum,min,max,mean\nx,1,1,1,1,1\n");
  // Another header is other columns: none of its records is of use.
  const Parameters skipping{{"columns", "a,b"}, {"on-malformed", "skip"}};
  EXPECT_EQ(run_inputs(csv, skipping, {{"one", "a,b\nx,1\n"}, {"two", "b,a\n2,x\n"}}, 2, 100),
            "error: map 1 (two, from byte 0): input 2 has another header than -p columns says");
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

TEST(CsvSumJob, HasOneZero) {
  JobProgram& csv = *csv_sum_program();
  for (const char* const zeros : {"a,0\na,-0\na,-1e-400\n", "a,-1e-400\na,-0\na,0\n"}) {
    EXPECT_EQ(result_of(csv, {{"header", "no"}}, {zeros}), "column1,count,sum,min,max,mean\na,3,0,0,0,0\n");
  }
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

TEST(JsonCountJob, CountsEqualNumbersTogether) {
  JobProgram& json = *json_count_program();
  EXPECT_EQ(result_of(json, {},
                      {"100000\n100000.0\n1e5\n-3e20\n-300000000000000000000.0\n1e19\n"
                       "10000000000000000000\n-0.0\n0\n0.5\n5e-1\n1e-400\n"}),
            "0\t3\n100000\t3\n-3e+20\t2\n0.5\t2\n10000000000000000000\t2\n");
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

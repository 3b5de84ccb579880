// What a line of JSON costs to take apart, beside the library that the build has besides (its events, without a tree of
// values); what a field of CSV costs; and what they cost to write.
#include <benchmark/benchmark.h>
#include <brume/csv.h>
#include <brume/exact_sum.h>
#include <brume/json_writer.h>

#include <nlohmann/json.hpp>
#include <random>

namespace brume::formats {
namespace {

struct Lines {
  std::vector<std::string> lines;
  std::int64_t size = 0;
  std::int64_t fields = 0;
};

// write(random, line): one line, without its end.
template <typename Write>
Lines made(std::int64_t fields_per_line, Write write) {
  std::mt19937_64 random(1);
  Lines out;
  for (int i = 0; i < 20'000; ++i) {
    std::string line;
    write(random, line);
    out.size += static_cast<std::int64_t>(line.size());
    out.fields += fields_per_line;
    out.lines.push_back(std::move(line));
  }
  return out;
}

const Lines& json_lines() {
  static const Lines lines = made(0, [](std::mt19937_64& random, std::string& line) {
    JsonWriter json(line);
    json.begin_object().member("id", random()).member("time", "2024-05-17T12:34:56.789Z").name("user").begin_object();
    json.member("name", "user" + std::to_string(random() % 1000)).member("age", random() % 90).member("country", "DE");
    json.member("active", true).end_object().name("tags").begin_array().value("alpha").value("beta").end_array();
    json.member("price", static_cast<double>(random() % 100'000) / 100);
    json.member("text", "It was a bright cold day in April,\nand the \"clocks\" were striking thirteen.");
    json.member("none", nullptr).end_object();
  });
  return lines;
}

const Lines& csv_lines() {
  static const Lines lines = made(8, [](std::mt19937_64& random, std::string& line) {
    CsvWriter csv(line);
    csv.field(random() % 100'000)
        .field("2024-05-17")
        .field("user" + std::to_string(random() % 1000))
        .field("Berlin, DE");
    csv.field(static_cast<double>(random() % 100'000) / 100).field("").field(random() % 10).field("plain text").end();
    line.pop_back();
  });
  return lines;
}

void count(benchmark::State& state, const Lines& lines) {
  const auto rounds = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(rounds * lines.size);
  state.counters["lines"] = benchmark::Counter(static_cast<double>(rounds) * static_cast<double>(lines.lines.size()),
                                               benchmark::Counter::kIsRate);
  if (lines.fields > 0) state.SetItemsProcessed(rounds * lines.fields);
}

void json_parse(benchmark::State& state) {
  JsonRecord record;
  for (auto _ : state) {
    for (const std::string& line : json_lines().lines) {
      if (!record.parse(line)) state.SkipWithError(record.error());
      benchmark::DoNotOptimize(record.value());
    }
  }
  count(state, json_lines());
}

void json_parse_and_look_up(benchmark::State& state) {
  JsonRecord record;
  const JsonPath path = *JsonPath::parse("/user/age");
  for (auto _ : state) {
    std::int64_t sum = 0;
    for (const std::string& line : json_lines().lines) {
      if (!record.parse(line)) state.SkipWithError(record.error());
      sum += record.at(path).int64().value_or(0);
    }
    benchmark::DoNotOptimize(sum);
  }
  count(state, json_lines());
}

// Takes every event and keeps none.
struct Nothing : nlohmann::json_sax<nlohmann::json> {
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(std::int64_t) override { return true; }
  bool number_unsigned(std::uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(nlohmann::json::binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(std::string&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }
};

void nlohmann_events(benchmark::State& state) {
  Nothing nothing;
  for (auto _ : state) {
    for (const std::string& line : json_lines().lines) {
      if (!nlohmann::json::sax_parse(line, &nothing)) state.SkipWithError("does not parse");
    }
  }
  count(state, json_lines());
}

void json_write(benchmark::State& state) {
  std::vector<JsonRecord> records(json_lines().lines.size());
  for (std::size_t i = 0; i < records.size(); ++i) records[i].parse(json_lines().lines[i]);
  std::string out;
  for (auto _ : state) {
    for (const JsonRecord& record : records) {
      out.clear();
      append_json(record.value(), out);
      benchmark::DoNotOptimize(out.data());
    }
  }
  count(state, json_lines());
}

void csv_parse(benchmark::State& state) {
  CsvRecord record;
  for (auto _ : state) {
    for (const std::string& line : csv_lines().lines) {
      if (!record.parse(line)) state.SkipWithError(record.error());
      benchmark::DoNotOptimize(record[0]);
    }
  }
  count(state, csv_lines());
}

void csv_write(benchmark::State& state) {
  std::vector<std::vector<std::string>> records;
  CsvRecord record;
  for (const std::string& line : csv_lines().lines) {
    record.parse(line);
    records.emplace_back();
    for (std::size_t i = 0; i < record.size(); ++i) records.back().emplace_back(record[i]);
  }
  std::string out;
  for (auto _ : state) {
    for (const auto& fields : records) {
      out.clear();
      CsvWriter csv(out);
      for (const std::string& field : fields) csv.field(field);
      csv.end();
      benchmark::DoNotOptimize(out.data());
    }
  }
  count(state, csv_lines());
}

void exact_sum(benchmark::State& state) {
  std::mt19937_64 random(2);
  std::vector<double> numbers(100'000);
  for (double& number : numbers) number = static_cast<double>(random() % 100'000) / 100;
  for (auto _ : state) {
    ExactSum sum;
    for (const double number : numbers) sum.add(number);
    benchmark::DoNotOptimize(sum.value());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * numbers.size()));
}

BENCHMARK(json_parse);
BENCHMARK(json_parse_and_look_up);
BENCHMARK(nlohmann_events);
BENCHMARK(json_write);
BENCHMARK(csv_parse);
BENCHMARK(csv_write);
BENCHMARK(exact_sum);

}  // namespace
}  // namespace brume::formats

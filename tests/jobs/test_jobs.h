// The jobs that ship, run in one process, in splits and partitions of any size.
#pragma once

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

using Parameters = std::vector<JobParameter>;

inline JobStatus configure(JobProgram& program, const Parameters& parameters, std::uint32_t partitions = 1) {
  JobConfig config = testing::test_config(partitions);
  config.parameters = parameters;
  return program.configure(config);
}

// A job's result over inputs with names; "-- NAME" before each further output, "error: ..." where there is none.
inline std::string run_inputs(JobProgram& program, const Parameters& parameters,
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
inline std::string result_of(JobProgram& program, const Parameters& parameters, const std::vector<std::string>& parts) {
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

inline std::string refusal_of(JobProgram& program, const Parameters& parameters) {
  JobConfig config;
  config.parameters = parameters;
  std::vector<StageFacts> stages;
  const auto status = program.describe(config, stages);
  return status ? "" : status.error();
}

inline std::string floats(const std::vector<float>& numbers) {
  std::string bytes(numbers.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

inline std::vector<double> numbers_of(std::string_view text) {
  std::vector<double> numbers;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{}) numbers.push_back(number);
    text.remove_prefix(error == std::errc{} ? static_cast<std::size_t>(end - text.data()) : 1);
  }
  return numbers;
}

// Where one split's malformed records begin; the counters of that task stay.
inline std::vector<std::uint64_t> malformed_places(JobProgram& program, const Parameters& parameters,
                                                   std::string_view text, std::uint64_t offset = 0) {
  EXPECT_TRUE(configure(program, parameters).has_value());
  program.counters().clear();
  testing::map_text(program, 1, text, nullptr, offset);
  std::vector<std::uint64_t> offsets;
  for (const RecordPlace& place : program.counters().malformed_places()) offsets.push_back(place.offset);
  return offsets;
}

using Places = std::vector<std::uint64_t>;

}  // namespace brume::mapreduce

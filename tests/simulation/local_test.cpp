// The same job in one process and on simulated clusters: the same bytes.
#include <gtest/gtest.h>

#include "local/test_local.h"
#include "simulation/word_job.h"
#include "simulation/world.h"

namespace brume::simulation {
namespace {

std::string run_here(const std::string& text, std::uint32_t partition_count, std::uint64_t split_size) {
  WordJob job;
  local::LocalOptions options;
  options.partition_count = partition_count;
  options.split_size = split_size;
  local::TextInput input("text", text);
  local::TextOutputs lines;
  local::Input* inputs[] = {&input};
  const auto totals = local::run_local(job, options, inputs, lines.opener());
  EXPECT_TRUE(totals.has_value()) << totals.error().what;
  return lines.of[""].text;
}

TEST(Local, GivesTheBytesOfACluster) {
  std::string text;
  for (int i = 0; text.size() < 400'000; ++i) {
    text += "word" + std::to_string(i * 7919 % 3001) + (i % 9 == 0 ? "\n" : " ");
    if (i % 5000 == 4999) text.append(70'000, 'x');
  }
  for (const std::uint32_t partition_count : {1u, 4u}) {
    World world({.seed = partition_count});
    RunOptions run;
    run.text = text;
    run.chunks_per_split = 2;
    run.partition_count = partition_count;
    const Outcome outcome = world.run(run);
    ASSERT_TRUE(outcome.finished) << outcome.why;
    for (const std::uint64_t split_size : {50'000u, 131'072u, 1u << 20}) {
      EXPECT_TRUE(run_here(text, partition_count, split_size) == outcome.output)
          << partition_count << " " << split_size;
    }
  }
}

}  // namespace
}  // namespace brume::simulation

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "cli/bench_report.h"

namespace brume::cli {
namespace {

constexpr std::string_view kStatus =
    "Name:\tx\nvoluntary_ctxt_switches:\t826\nnonvoluntary_ctxt_switches:\t4935\nx86_Thread_features:\t\n";

TEST(BenchProcesses, AddsVoluntaryAndForcedContextSwitches) { EXPECT_EQ(parse_context_switches(kStatus), 5761u); }

TEST(BenchProcesses, RefusesAStatusWithoutContextSwitches) {
  EXPECT_FALSE(parse_context_switches(""));
  EXPECT_FALSE(parse_context_switches("Name:\tx\nvoluntary_ctxt_switches:\t826\n"));
  EXPECT_FALSE(parse_context_switches("voluntary_ctxt_switches:\tmany\nnonvoluntary_ctxt_switches:\t1\n"));
  EXPECT_FALSE(parse_context_switches("voluntary_ctxt_switches:\t-1\nnonvoluntary_ctxt_switches:\t1\n"));
}

TEST(BenchProcesses, FindsTheProcessOfAPidfdOnly) {
  EXPECT_EQ(parse_pidfd_target("pos:\t0\nflags:\t02000002\nPid:\t9275\nNSpid:\t9275\n"), 9275);
  EXPECT_FALSE(parse_pidfd_target("pos:\t0\nflags:\t02000002\n"));
  EXPECT_FALSE(parse_pidfd_target("pos:\t0\nPid:\t-1\nNSpid:\t-1\n"));  // has ended
  EXPECT_FALSE(parse_pidfd_target("Pid:\t0\n"));                        // of another namespace
  EXPECT_FALSE(parse_pidfd_target("NSpid:\t7\n"));
}

TEST(BenchProcesses, ReadsHugePagesOfSmaps) {
  const std::string_view smaps =
      "aaaa-bbbb ---p 00000000 00:00 0 [rollup]\nRss:              127648 kB\nAnonHugePages:     65536 kB\n";
  EXPECT_EQ(parse_smaps_kb(smaps, "AnonHugePages"), 65536u);
  EXPECT_EQ(parse_smaps_kb(smaps, "Rss"), 127648u);
  EXPECT_FALSE(parse_smaps_kb(smaps, "Anon"));
}

// A stand-in for a node: a child that holds a pidfd.
TEST(BenchProcesses, MeasuresANodeAndTheEnclaveItHolds) {
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  if (!pidfd) GTEST_SKIP() << "this kernel has no pidfds";
  ASSERT_EQ(enclave_of(getpid()), getpid());
  auto group = NodeGroup::watch({getpid()});
  ASSERT_TRUE(group) << group.error().what;
  const auto before = group->usage();
  ASSERT_TRUE(before) << before.error().what;
  for (int i = 0; i < 100; ++i) sched_yield();
  volatile std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < 10'000'000; ++i) sum = sum + i;
  const auto after = group->usage();
  ASSERT_TRUE(after) << after.error().what;
  const Usage used = *after - *before;
  EXPECT_GT(used.cpu_ns, 1'000'000u);
  EXPECT_LT(used.cpu_ns, 60'000'000'000u);
}

TEST(BenchProcesses, SaysThatAProcessHasEnded) {
  EXPECT_FALSE(enclave_of(1 << 23));
  EXPECT_FALSE(NodeGroup::watch({1 << 23}));
}

TEST(BenchStatistics, TakesTheMiddleOfOddAndEvenCounts) {
  EXPECT_EQ(spread_of(std::vector<double>{3, 1, 2}).median, 2);
  EXPECT_EQ(spread_of(std::vector<double>{4, 1, 2, 3}).median, 2.5);
  EXPECT_EQ(spread_of(std::vector<double>{4, 1, 2, 3}).least, 1);
  EXPECT_EQ(spread_of(std::vector<double>{4, 1, 2, 3}).most, 4);
  EXPECT_EQ(spread_of({}).median, 0);
}

TEST(BenchStatistics, ComparesMediansAndPairs) {
  const Spread overhead = overhead_percent(std::vector<double>{10, 20, 10}, std::vector<double>{11, 20, 12});
  EXPECT_NEAR(overhead.median, 20, 1e-9);
  EXPECT_NEAR(overhead.least, 0, 1e-9);
  EXPECT_NEAR(overhead.most, 20, 1e-9);
}

TEST(BenchStatistics, HasNoOverheadOverNothing) {
  EXPECT_EQ(overhead_percent({}, {}).median, 0);
  EXPECT_EQ(overhead_percent(std::vector<double>{0, 0}, std::vector<double>{1, 1}).median, 0);
  EXPECT_EQ(overhead_percent(std::vector<double>{1}, std::vector<double>{1, 1}).median, 0);
}

PaperResults two_runs() {
  PaperResults out;
  out.input_name = "a<b>.txt";
  out.input_size = 100'000'000;
  out.tsc_hz = 2e9;
  out.processor = "some & processor";
  PaperRun run{"none", 2, 1, 3.5, {4'000'000'000, 100, {}}, {1'000'000'000, 50, {}}, "d"};
  out.none = {run, run};
  run.tee = "sgx-sim";
  run.map_s = 2.2;
  run.mappers.cpu_ns = 4'400'000'000;
  out.sgx_sim = {run, run};
  return out;
}

TEST(BenchReport, SaysWhatItComparesAndThatItIsASimulator) {
  const std::string table = render_table(two_runs());
  for (const char* words : {"mapper nodes", "reducer nodes", "+10.0 [+10.0 .. +10.0]", "+6.7 % in execution time",
                            "+8.0 % in CPU time", "the paper: +11.2 %", "not SGX", "CPU time x 2.000 GHz TSC"})
    EXPECT_NE(table.find(words), table.npos) << words << "\n" << table;
}

TEST(BenchReport, CountsCyclesWhereTheMachineDoes) {
  PaperResults results = two_runs();
  results.counted = true;
  for (PaperRun& run : results.none) run.mappers.cycles = 5'000'000'000;
  EXPECT_EQ(compare(results)[2].none.median, 5);
  EXPECT_EQ(cycles_source(results), "hardware counters");
}

TEST(BenchReport, DrawsNoMarkupOfOthers) {
  const std::string figure = render_figure(two_runs());
  EXPECT_NE(figure.find("some &amp; processor"), figure.npos);
  EXPECT_TRUE(figure.ends_with("</svg>\n"));
  EXPECT_EQ(render_json(two_runs())["tees"]["sgx-sim"]["runs"].size(), 2u);
}

}  // namespace
}  // namespace brume::cli

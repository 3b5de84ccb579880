// What a join and a task cost when there are many: a whole cluster in one process, with the real protocol (TLS 1.3,
// quotes with real signatures that are appraised, sealed streams), on a simulated clock and network. CPU time of
// everything: master, nodes, enclaves, the quoting.   usage: scale_bench [NODES...]     (default: 1 10 100 1000)
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "simulation/world.h"

namespace {

using namespace brume;
using namespace brume::simulation;

constexpr std::size_t kChunk = 65536;
constexpr std::uint32_t kPartitions = 4;
constexpr std::size_t kLeastTasks = 400;  // so that few nodes are measured for long enough, too

double cpu_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

double resident_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Few long words: what is measured is the engine, not the counting.
std::string text_of(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; out.size() < size; ++i) out += std::string(1000, static_cast<char>('a' + i % 7)) + ' ';
  out.resize(size);
  return out;
}

bool measure(std::uint32_t nodes) {
  WorldOptions options;
  options.node_count = nodes;
  options.joined = options.quoted = true;
  const double before = cpu_ms();
  World world(options);
  world.join_all();
  const double joined = cpu_ms();
  const std::size_t tasks = std::max<std::size_t>(4 * std::size_t{nodes}, kLeastTasks);
  RunOptions run;
  run.text = text_of(tasks * kChunk);
  run.chunks_per_split = 1;
  run.partition_count = kPartitions;
  const double start = cpu_ms();
  const Outcome outcome = world.run(run);
  const double done = cpu_ms();
  if (!outcome.finished) {
    std::fprintf(stderr, "scale_bench: %u nodes: %s\n", nodes, outcome.why.c_str());
    return false;
  }
  std::printf("| %5u | %8.2f | %6zu | %8.3f | %8.0f |\n", nodes, (joined - before) / nodes, tasks,
              (done - start) / static_cast<double>(tasks), resident_mib());
  std::fflush(stdout);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::uint32_t> counts;
  for (int i = 1; i < argc; ++i) counts.push_back(static_cast<std::uint32_t>(std::strtoul(argv[i], nullptr, 10)));
  if (counts.empty()) counts = {1, 10, 100, 1000};
  std::printf("| nodes | ms a join | map tasks | ms a task | MiB, all |\n|---|---|---|---|---|\n");
  for (const std::uint32_t count : counts) {
    if (count == 0 || !measure(count)) return 1;
  }
  return 0;
}

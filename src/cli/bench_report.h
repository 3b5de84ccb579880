// The paper's Fig. 4 from measured runs: as a table, as a figure and for programs.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/bench_cluster.h"
#include "cli/bench_statistics.h"

namespace brume::cli {

// Of mapper and reducer nodes in OpenSGX enclaves over the same nodes without, as the paper reports it.
inline constexpr double kPaperOverheadPercent = 11.2;

struct PaperResults {
  std::string input_name;
  std::uint64_t input_size = 0;
  BenchClusterOptions cluster;  // of both; its tee means nothing here
  std::vector<PaperRun> none;   // i-th of one and i-th of the other were run next to each other
  std::vector<PaperRun> sgx_sim;
  EnclaveMemory memory_none;
  EnclaveMemory memory_sgx_sim;
  double tsc_hz = 0;
  bool counted = false;   // cycles come from hardware counters
  std::string processor;  // as /proc/cpuinfo names it
  std::string kernel;
  unsigned processor_count = 0;
  std::string commit;  // empty: not known
};

// One metric of one role.
struct Comparison {
  std::string role;    // "mapper nodes", "reducer nodes", "whole run"
  std::string metric;  // "execution time"
  std::string unit;
  Spread none;
  Spread sgx_sim;
  Spread overhead;  // per cent
};

std::vector<Comparison> compare(const PaperResults& results);
// Where the cycles come from, in words for a label.
std::string cycles_source(const PaperResults& results);

std::string render_table(const PaperResults& results);
std::string render_figure(const PaperResults& results);  // SVG
nlohmann::ordered_json render_json(const PaperResults& results);

}  // namespace brume::cli

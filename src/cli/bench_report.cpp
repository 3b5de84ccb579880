#include "cli/bench_report.h"

#include <cstdarg>
#include <cstdio>
#include <functional>

namespace brume::cli {

using nlohmann::ordered_json;

namespace {

[[gnu::format(printf, 1, 2)]] std::string print(const char* format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

double seconds(const Usage& usage) { return 1e-9 * static_cast<double>(usage.cpu_ns); }

double giga_cycles(const PaperResults& results, const Usage& usage) {
  if (results.counted && usage.cycles) return 1e-9 * static_cast<double>(*usage.cycles);
  return seconds(usage) * results.tsc_hz * 1e-9;
}

std::string middle_and_spread(const Spread& spread, const char* unit) {
  const bool whole = std::string_view(unit).empty();
  return whole ? print("%8.0f [%.0f .. %.0f]", spread.median, spread.least, spread.most)
               : print("%8.3f [%.3f .. %.3f]", spread.median, spread.least, spread.most);
}

ordered_json to_json(const Usage& usage) {
  ordered_json out{{"cpu_ns", usage.cpu_ns}, {"context_switches", usage.context_switches}};
  if (usage.cycles) out["cycles"] = *usage.cycles;
  return out;
}

ordered_json to_json(const PaperRun& run) {
  return {{"map_s", run.map_s},
          {"reduce_s", run.reduce_s},
          {"total_s", run.total_s},
          {"mappers", to_json(run.mappers)},
          {"reducers", to_json(run.reducers)}};
}

ordered_json to_json(const Spread& spread) {
  return {{"median", spread.median}, {"least", spread.least}, {"most", spread.most}};
}

}  // namespace

std::vector<Comparison> compare(const PaperResults& results) {
  std::vector<Comparison> out;
  auto add = [&](const char* role, const char* metric, const char* unit,
                 const std::function<double(const PaperRun&)>& value) {
    std::vector<double> without, with;
    for (const PaperRun& run : results.none) without.push_back(value(run));
    for (const PaperRun& run : results.sgx_sim) with.push_back(value(run));
    out.push_back({role, metric, unit, spread_of(without), spread_of(with), overhead_percent(without, with)});
  };
  auto add_role = [&](const char* role, double PaperRun::* time, Usage PaperRun::* usage) {
    add(role, "execution time", "s", [&](const PaperRun& run) { return run.*time; });
    add(role, "CPU time", "s", [&](const PaperRun& run) { return seconds(run.*usage); });
    add(role, "CPU cycles", "10^9", [&](const PaperRun& run) { return giga_cycles(results, run.*usage); });
    add(role, "context switches", "",
        [&](const PaperRun& run) { return static_cast<double>((run.*usage).context_switches); });
  };
  add_role("mapper nodes", &PaperRun::map_s, &PaperRun::mappers);
  add_role("reducer nodes", &PaperRun::reduce_s, &PaperRun::reducers);
  const char* both = "all nodes";
  add(both, "execution time", "s", [](const PaperRun& run) { return run.cluster_s(); });
  add(both, "CPU time", "s", [](const PaperRun& run) { return seconds(run.mappers) + seconds(run.reducers); });
  add(both, "CPU cycles", "10^9",
      [&](const PaperRun& run) { return giga_cycles(results, run.mappers) + giga_cycles(results, run.reducers); });
  add(both, "context switches", "", [](const PaperRun& run) {
    return static_cast<double>(run.mappers.context_switches + run.reducers.context_switches);
  });
  add("whole run", "with merge and writing", "s", [](const PaperRun& run) { return run.total_s; });
  return out;
}

std::string cycles_source(const PaperResults& results) {
  return results.counted ? "hardware counters" : print("CPU time x %.3f GHz TSC", results.tsc_hz * 1e-9);
}

std::string render_table(const PaperResults& results) {
  const auto& cluster = results.cluster;
  std::string out = print("%u mapper and %u reducer nodes, engine %s; word_count over %s (%llu bytes)\n",
                          cluster.mappers, cluster.reducers, cluster.engine.c_str(), results.input_name.c_str(),
                          static_cast<unsigned long long>(results.input_size));
  out += print("%zu runs each, interleaved, after a warm-up; median [least .. most]; cycles: %s\n\n",
               results.none.size(), cycles_source(results).c_str());
  out += print("%-30s %-32s %-32s %s\n", "", "none", "sgx-sim", "overhead, % [pairs]");
  std::string role;
  double time_overhead = 0, cpu_overhead = 0;
  for (const Comparison& row : compare(results)) {
    if (row.role != role) out += row.role + "\n";
    role = row.role;
    const std::string name = "  " + row.metric + (row.unit.empty() ? "" : ", " + row.unit);
    out += print("%-30s %-32s %-32s %+6.1f [%+.1f .. %+.1f]\n", name.c_str(),
                 middle_and_spread(row.none, row.unit.c_str()).c_str(),
                 middle_and_spread(row.sgx_sim, row.unit.c_str()).c_str(), row.overhead.median, row.overhead.least,
                 row.overhead.most);
    if (role == "all nodes" && row.metric == "execution time") time_overhead = row.overhead.median;
    if (role == "all nodes" && row.metric == "CPU time") cpu_overhead = row.overhead.median;
  }
  out += print("\ntotal overhead: %+.1f %% in execution time, %+.1f %% in CPU time; the paper: +%.1f %% (OpenSGX)\n",
               time_overhead, cpu_overhead, kPaperOverheadPercent);
  out += print(
      "none runs with its best memory settings: %llu of %llu MiB of its enclaves in huge pages (sgx-sim: %llu of "
      "%llu)\n",
      static_cast<unsigned long long>(results.memory_none.huge_kb >> 10),
      static_cast<unsigned long long>(results.memory_none.resident_kb >> 10),
      static_cast<unsigned long long>(results.memory_sgx_sim.huge_kb >> 10),
      static_cast<unsigned long long>(results.memory_sgx_sim.resident_kb >> 10));
  out +=
      "sgx-sim is a simulator, not SGX: this is the price of its protections on this machine, and says nothing\n"
      "about SGX hardware.\n";
  return out;
}

ordered_json render_json(const PaperResults& results) {
  ordered_json out{{"format", "brume-bench-paper/1"},
                   {"note", "sgx-sim is a simulator, not SGX"},
                   {"machine",
                    {{"processor", results.processor},
                     {"processors", results.processor_count},
                     {"kernel", results.kernel},
                     {"tsc_hz", results.tsc_hz}}}};
  if (!results.commit.empty()) out["commit"] = results.commit;
  out["input"] = {{"name", results.input_name}, {"size", results.input_size}};
  out["cluster"] = {
      {"engine", results.cluster.engine}, {"mappers", results.cluster.mappers}, {"reducers", results.cluster.reducers}};
  out["cycles"] = cycles_source(results);
  out["paper_overhead_percent"] = kPaperOverheadPercent;
  auto add_runs = [&out](const char* tee, const std::vector<PaperRun>& runs, const EnclaveMemory& memory) {
    ordered_json list = ordered_json::array();
    for (const PaperRun& run : runs) list.push_back(to_json(run));
    out["tees"][tee] = {
        {"runs", list},
        {"enclave_memory_after_warm_up", {{"resident_kb", memory.resident_kb}, {"huge_pages_kb", memory.huge_kb}}}};
  };
  add_runs("none", results.none, results.memory_none);
  add_runs("sgx-sim", results.sgx_sim, results.memory_sgx_sim);
  out["comparison"] = ordered_json::array();
  for (const Comparison& row : compare(results))
    out["comparison"].push_back({{"role", row.role},
                                 {"metric", row.metric},
                                 {"unit", row.unit},
                                 {"none", to_json(row.none)},
                                 {"sgx-sim", to_json(row.sgx_sim)},
                                 {"overhead_percent", to_json(row.overhead)}});
  return out;
}

}  // namespace brume::cli

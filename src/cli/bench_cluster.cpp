#include "cli/bench_cluster.h"

#include <cstdlib>
#include <set>

#include "cli/cluster_setup.h"
#include "cli/waiting.h"
#include "master/control.h"

namespace brume::cli {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kAdmissionLimit{60};
constexpr std::size_t kReceiptSizeLimit = 16u << 20;

Result<NodeGroup> watch_role(engine::Engine& engine, const engine::ClusterSpec& spec,
                             const std::vector<engine::NodeSpec>& nodes, const std::string& role) {
  std::vector<pid_t> pids;
  for (const engine::NodeSpec& node : nodes) {
    if (node.role != role) continue;
    BRUME_ASSIGN(const int pid, engine.pid_of(spec, node.name));
    pids.push_back(pid);
  }
  return NodeGroup::watch(pids);
}

Status share_owner(const master::Home& from, const master::Home& to) {
  BRUME_TRY(master::make_private_folder(to.root));
  std::error_code error;
  fs::copy(from.master_key().parent_path(), to.master_key().parent_path(), fs::copy_options::recursive, error);
  if (error) return fail(ErrorCode::kIo, to.root.string() + ": " + error.message());
  return {};
}

double seconds_between(steady_clock::time_point from, steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Result<BenchCluster> BenchCluster::start(const master::Home& home, const BenchClusterOptions& options,
                                         const BenchCluster* like) {
  ::setenv("BRUME_HOME", home.root.c_str(), 1);  // what its platform and its master go by
  BRUME_ASSIGN(auto engine, engine::make_engine(options.engine));
  BRUME_TRY(engine->available());
  SetupOptions setup;
  setup.tee = options.tee;
  if (like != nullptr) {
    BRUME_TRY(share_owner(like->home_, home));
    setup.image = like->cluster_.spec.image_layout.string();
  }
  BRUME_ASSIGN(Cluster cluster, set_up_cluster(home, *engine, setup));
  std::vector<engine::NodeSpec> nodes;
  for (std::uint32_t i = 1; i <= options.mappers; ++i) nodes.push_back({"mapper-" + std::to_string(i), "mapper"});
  for (std::uint32_t i = 1; i <= options.reducers; ++i) nodes.push_back({"reducer-" + std::to_string(i), "reducer"});
  BRUME_TRY(engine->start(cluster.spec, nodes));
  std::set<std::string> names;
  for (const auto& node : nodes) names.insert(node.name);
  BRUME_ASSIGN(const Verdicts verdicts, wait_for_verdicts(home, names, kAdmissionLimit));
  if (verdicts.admitted != names.size())
    return fail(ErrorCode::kUnavailable, std::to_string(verdicts.admitted) + " of " + std::to_string(names.size()) +
                                             " nodes with tee " + options.tee + " were admitted");
  BRUME_ASSIGN(NodeGroup mappers, watch_role(*engine, cluster.spec, nodes, "mapper"));
  BRUME_ASSIGN(NodeGroup reducers, watch_role(*engine, cluster.spec, nodes, "reducer"));
  return BenchCluster(home, std::move(cluster), std::move(mappers), std::move(reducers));
}

Result<std::string> BenchCluster::recipient() const { return cluster_recipient(home_); }

Result<EnclaveMemory> BenchCluster::enclave_memory() const {
  BRUME_ASSIGN(EnclaveMemory sum, mappers_.enclave_memory());
  BRUME_ASSIGN(const EnclaveMemory more, reducers_.enclave_memory());
  sum.resident_kb += more.resident_kb;
  sum.huge_kb += more.huge_kb;
  return sum;
}

Result<PaperRun> BenchCluster::run(const fs::path& sealed_input, const fs::path& output) {
  const json request{{"verb", "run"},
                     {"job", "word_count"},
                     {"inputs", {{{"name", sealed_input.filename()}, {"place", sealed_input.string()}}}},
                     {"output", output.string()},
                     {"recipient", ""},
                     {"partitions", 0},
                     {"split_size", 0},
                     {"parameters", json::object()}};
  BRUME_ASSIGN(const Usage mappers_before, mappers_.usage());
  BRUME_ASSIGN(const Usage reducers_before, reducers_.usage());
  const auto begin = steady_clock::now();
  auto mapped = begin;
  auto reduced = begin;
  auto on_event = [&](const json& event) {
    if (event.value("event", "") != "progress") return;
    const auto now = steady_clock::now();
    if (event.value("maps_done", 0) < event.value("map_count", 0))
      mapped = begin;
    else if (mapped == begin)
      mapped = now;
    if (event.value("reduces_done", 0) < event.value("reduce_count", 0))
      reduced = begin;
    else if (reduced == begin)
      reduced = now;
  };
  BRUME_ASSIGN(const json answer, master::control_call(home_.master_socket(), request, on_event));
  const auto end = steady_clock::now();
  if (reduced == begin) reduced = end;
  if (mapped == begin) mapped = reduced;
  BRUME_ASSIGN(const Usage mappers_after, mappers_.usage());
  BRUME_ASSIGN(const Usage reducers_after, reducers_.usage());
  PaperRun out;
  out.tee = cluster_.spec.tee;
  out.map_s = seconds_between(begin, mapped);
  out.reduce_s = seconds_between(mapped, reduced);
  out.total_s = seconds_between(begin, end);
  out.mappers = mappers_after - mappers_before;
  out.reducers = reducers_after - reducers_before;
  BRUME_ASSIGN(const std::string receipt, master::read_text_file(answer.value("receipt", ""), kReceiptSizeLimit));
  const json parsed = json::parse(receipt, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("outputs") || parsed["outputs"].empty())
    return malformed("receipt: names no output");
  out.output_sha256 = parsed["outputs"][0].value("sha256", "");
  return out;
}

}  // namespace brume::cli

// `brume up`: from nothing to a cluster of admitted nodes.
#include <iostream>
#include <optional>
#include <ranges>
#include <set>

#include "cli/cluster.h"
#include "cli/cluster_setup.h"
#include "cli/node_table.h"
#include "cli/verbs.h"
#include "cli/waiting.h"
#include "mapreduce/messages.h"
#include "node/node_options.h"

namespace brume::cli {

namespace {

constexpr std::uint32_t kDefaultWorkers = 10;

struct UpOptions {
  std::optional<std::uint32_t> workers;
  std::uint32_t mappers = 0;
  std::uint32_t reducers = 0;
  std::string engine;
  bool probe = false;
  bool json = false;
  bool quiet = false;
  std::uint32_t timeout_s = 60;
  SetupOptions setup;
};

std::vector<engine::NodeSpec> node_specs(const UpOptions& options) {
  std::vector<engine::NodeSpec> nodes;
  auto add = [&nodes](std::uint32_t count, const std::string& role) {
    for (std::uint32_t i = 1; i <= count; ++i) nodes.push_back({role + "-" + std::to_string(i), role});
  };
  const bool other = options.mappers + options.reducers > 0;
  add(options.workers.value_or(other ? 0 : kDefaultWorkers), "worker");
  add(options.mappers, "mapper");
  add(options.reducers, "reducer");
  return nodes;
}

Status check_roles(const UpOptions& options) {
  if (options.workers == 0u && options.mappers + options.reducers == 0)
    return fail(ErrorCode::kUsage, "up: --workers 0: a cluster has at least one node");
  const bool maps = options.workers.value_or(0) + options.mappers > 0;
  const bool reduces = options.workers.value_or(0) + options.reducers > 0;
  if (maps != reduces)
    return fail(ErrorCode::kUsage, "up: there must be both, mappers and reducers (or workers, which do both)");
  return {};
}

constexpr std::size_t kToldNodes = 5;
constexpr std::size_t kToldSize = 200;

// What nodes wrote last that were not admitted: their logs go with the cluster.
void print_last_words(engine::Engine& engine, const engine::ClusterSpec& spec, const Verdicts& verdicts,
                      std::set<std::string> names) {
  for (const nlohmann::json& node : verdicts.nodes)
    if (node.value("state", "") == "admitted") names.erase(node.value("name", ""));
  for (const std::string& name : names | std::views::take(kToldNodes)) {
    const auto said = engine.logs(spec, node_of(name));
    if (!said) continue;
    const std::size_t end = said->find_last_not_of('\n') + 1;
    const std::size_t begin = said->substr(0, end).rfind('\n') + 1;
    std::cerr << name << ": " << mapreduce::printable(said->substr(begin, end - begin), kToldSize) << "\n";
  }
}

Status bring_up(const UpOptions& options, const master::Home& home, engine::Engine& engine) {
  auto started = std::chrono::steady_clock::now();
  BRUME_ASSIGN(Cluster cluster, set_up_cluster(home, engine, options.setup));
  std::vector<engine::NodeSpec> nodes = node_specs(options);
  BRUME_TRY(engine.start(cluster.spec, nodes));
  std::set<std::string> names;
  for (const auto& node : nodes)
    for (std::string& name : enclave_names(cluster.spec, node.name)) names.insert(std::move(name));
  BRUME_ASSIGN(Verdicts verdicts, wait_for_verdicts(home, names, std::chrono::seconds(options.timeout_s)));
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
  if (options.json)
    std::cout << nlohmann::ordered_json{{"admitted", verdicts.admitted},
                                        {"nodes", verdicts.nodes},
                                        {"ms", took.count()}}
                     .dump(2)
              << "\n";
  else if (!options.quiet)
    std::cout << verdicts.admitted << " of " << names.size() << (cluster.spec.enclaves == 1 ? " nodes" : " enclaves")
              << " admitted on " << engine.name() << " in " << took.count() << " ms\n";
  if (verdicts.admitted == names.size()) return {};
  print_nodes(std::cerr, verdicts.nodes);
  print_last_words(engine, cluster.spec, verdicts, std::move(names));
  return fail(ErrorCode::kUnavailable,
              "not every node was admitted, so the cluster is taken down; 'brume logs audit' keeps what was refused");
}

Status up(const UpOptions& options) {
  BRUME_TRY(check_roles(options));
  auto engine = options.engine.empty() ? engine::choose_engine() : engine::make_engine(options.engine);
  if (!engine) return std::unexpected(engine.error());
  BRUME_TRY((*engine)->available());
  if (options.probe) {
    std::cout << (*engine)->name() << " can be used\n";
    return {};
  }
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  if (load_cluster(home))
    return fail(ErrorCode::kUsage, "a cluster stands in " + home.root.string() + " already; 'brume down' ends it");
  auto status = bring_up(options, home, **engine);
  if (!status) static_cast<void>(take_down(home));
  return status;
}

}  // namespace

void add_up(CLI::App& app) {
  auto options = std::make_shared<UpOptions>();
  auto* verb = app.add_subcommand("up", "Start a master and its nodes; each joins by attestation or is refused");
  verb->add_option("--workers", options->workers,
                   "Nodes that map and reduce (default: 10, or none where there are others)")
      ->check(CLI::Range(0, 1000));
  verb->add_option("--mappers", options->mappers, "Nodes that only map")->check(CLI::Range(0, 1000));
  verb->add_option("--reducers", options->reducers, "Nodes that only reduce")->check(CLI::Range(0, 1000));
  verb->add_option("--enclaves-per-node", options->setup.enclaves,
                   "Each joins, works and fails for itself, in the container and with the share of its node's disk")
      ->check(CLI::Range(1u, node::kEnclaveLimit))
      ->capture_default_str();
  verb->add_option("--engine", options->engine, "Where containers run (default: the first that works)")
      ->check(CLI::IsMember({"podman", "docker", "process"}));
  verb->add_option("--tee", options->setup.tee,
                   "sgx-sim, or none, which protects nothing and is there to measure against")
      ->check(CLI::IsMember({"sgx-sim", "none"}))
      ->capture_default_str();
  verb->add_option("--image", options->setup.image,
                   "OCI image layout from 'brume image build' (default: word_count, built now)");
  verb->add_option("--policy", options->setup.policy,
                   "policy.toml (default: exactly this image, signer and platform root)");
  verb->add_option("--share", options->setup.shares,
                   "Folder that every host has at this path, seen by nodes (read-only), for 'brume run --input "
                   "shared:PATH'; may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--result-memory", options->setup.result_memory,
                   "What the master keeps in memory of a result until it is written, with K, M or G (default: 512M, or "
                   "an eighth of the machine's memory where that is less); what is more waits on its disk, sealed")
      ->check([](const std::string& text) {
        const auto size = parse_result_memory(text);
        return size ? std::string() : size.error().what;
      });
  verb->add_option("--timeout", options->timeout_s, "Seconds to wait for all nodes")->capture_default_str();
  verb->add_flag("--probe", options->probe, "Only say whether the engine works here");
  verb->add_flag("--json", options->json, "Print JSON");
  verb->add_flag("-q,--quiet", options->quiet, "Print nothing but errors");
  verb->callback([options] { finish(up(*options)); });
}

}  // namespace brume::cli

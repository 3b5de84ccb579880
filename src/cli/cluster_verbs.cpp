// `brume status`, `nodes`, `logs`, `down`, `policy`, `workers`: look at a cluster, change it, end it.
#include <iostream>
#include <set>

#include "appraisal/policy.h"
#include "cli/cluster.h"
#include "cli/node_table.h"
#include "cli/platform_setup.h"
#include "cli/verbs.h"
#include "cli/waiting.h"
#include "master/control.h"

namespace brume::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kLogSizeLimit = 64u << 20;

Result<json> ask(const json& request) {
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  return master::control_call(home.master_socket(), request);
}

Status status(bool as_json, bool recipient) {
  BRUME_ASSIGN(json answer, ask({{"verb", "status"}}));
  if (recipient) {
    std::cout << answer.value("recipient", "") << "\n";
    return {};
  }
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  BRUME_ASSIGN(Cluster cluster, load_cluster(home));
  answer["engine"] = cluster.engine;
  answer["image"] = cluster.spec.image_layout.string();
  if (as_json) {
    std::cout << answer.dump(2) << "\n";
    return {};
  }
  json nodes = answer.value("nodes", json::object());
  std::cout << "engine     " << cluster.engine << ", tee " << cluster.spec.tee << "\nimage      "
            << cluster.spec.image_layout.string() << "\nnodes      " << nodes.value("admitted", 0) << " admitted, "
            << nodes.value("joining", 0) << " joining, " << nodes.value("refused", 0) << " refused, "
            << nodes.value("gone", 0) << " gone\npolicy     epoch " << answer.value("epoch", 0) << ", sha256 "
            << answer.value("policy", "") << "\nrecipient  " << answer.value("recipient", "") << "\nmaster     port "
            << answer.value("port", 0) << ", key sha256 " << answer.value("master", "") << "\nrunning    "
            << (answer.value("running", "").empty() ? "nothing" : answer.value("running", "")) << "\n";
  return {};
}

Status nodes(bool as_json) {
  BRUME_ASSIGN(json answer, ask({{"verb", "nodes"}}));
  if (as_json)
    std::cout << answer["nodes"].dump(2) << "\n";
  else
    print_nodes(std::cout, answer["nodes"]);
  return {};
}

// What stays of a cluster that is down can be read, too.
Status logs(const std::string& name) {
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  std::error_code error;
  if (!fs::exists(home.master_log(), error)) BRUME_TRY(load_cluster(home));
  std::string text;
  if (name == "master") {
    BRUME_ASSIGN(text, master::read_text_file(home.master_log(), kLogSizeLimit));
  } else if (name == "audit") {
    BRUME_ASSIGN(text, master::read_text_file(home.audit_log(), kLogSizeLimit));
  } else if (name == "platform") {
    BRUME_ASSIGN(text, master::read_text_file(platform_files(home).log(), kLogSizeLimit));
  } else {
    BRUME_ASSIGN(Cluster cluster, load_cluster(home));
    BRUME_ASSIGN(auto engine, engine::make_engine(cluster.engine));
    auto said = engine->logs(cluster.spec, node_of(name));
    if (!said)
      return fail(said.error().code,
                  said.error().what + "; there are master, audit, platform and what 'brume nodes' shows");
    text = std::move(*said);
  }
  std::cout << text;
  return {};
}

Status down(bool quiet) {
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  bool stood = load_cluster(home).has_value();
  BRUME_TRY(take_down(home));
  if (!quiet) std::cout << (stood ? "the cluster is down; nothing is left running\n" : "no cluster stands here\n");
  return {};
}

Status policy(const std::string& path) {
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  if (!path.empty()) {
    BRUME_ASSIGN(std::string text, master::read_text_file(path, kLogSizeLimit));
    if (const auto parsed = appraisal::parse_policy(text); !parsed) return within(path, parsed.error());
    BRUME_ASSIGN(std::string before, master::read_text_file(home.policy(), kLogSizeLimit));
    BRUME_TRY(master::write_private_file(home.policy(), text));
    auto answer = master::control_call(home.master_socket(), {{"verb", "policy"}});
    if (!answer) {
      BRUME_TRY(master::write_private_file(home.policy(), before));
      return std::unexpected(answer.error());
    }
    std::cout << "epoch " << answer->value("epoch", 0) << " is in force; every node proves itself again\n";
    return {};
  }
  BRUME_ASSIGN(std::string text, master::read_text_file(home.policy(), kLogSizeLimit));
  std::cout << text;
  return {};
}

struct AddOptions {
  std::string image;
  std::string name = "extra";
  std::string role = "worker";
  std::uint32_t count = 1;
  std::uint32_t timeout_s = 30;
  bool expect_refused = false;
};

Status add_workers_now(const AddOptions& options) {
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  BRUME_ASSIGN(Cluster cluster, load_cluster(home));
  BRUME_ASSIGN(auto engine, engine::make_engine(cluster.engine));
  engine::ClusterSpec spec = cluster.spec;
  if (!options.image.empty()) {
    std::error_code error;
    spec.image_layout = fs::absolute(options.image, error);
    cluster.more_images.push_back(spec.image_layout.string());
    BRUME_TRY(save_cluster(home, cluster));
  }
  std::vector<engine::NodeSpec> nodes;
  std::set<std::string> names;
  for (std::uint32_t i = 1; i <= options.count; ++i) {
    std::string name = options.count == 1 ? options.name : options.name + "-" + std::to_string(i);
    nodes.push_back({name, options.role});
    for (std::string& enclave : enclave_names(spec, name)) names.insert(std::move(enclave));
  }
  BRUME_TRY(engine->prepare(spec));
  BRUME_TRY(engine->start(spec, nodes));
  BRUME_ASSIGN(Verdicts verdicts, wait_for_verdicts(home, names, std::chrono::seconds(options.timeout_s)));
  print_nodes(std::cout, verdicts.nodes);
  if (options.expect_refused) {
    for (const auto& node : nodes) static_cast<void>(engine->stop_node(spec, node.name));
    if (verdicts.refused == names.size()) return {};
    return fail(ErrorCode::kState, "workers: expected a refusal of every one, got " +
                                       std::to_string(verdicts.admitted) + " admitted and " +
                                       std::to_string(verdicts.gone) + " gone without a verdict");
  }
  if (verdicts.admitted == names.size()) return {};
  return fail(ErrorCode::kUnavailable, "workers: " + std::to_string(verdicts.admitted) + " of " +
                                           std::to_string(names.size()) + " were admitted");
}

Status remove_worker(const std::string& name) {
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  BRUME_ASSIGN(Cluster cluster, load_cluster(home));
  BRUME_ASSIGN(auto engine, engine::make_engine(cluster.engine));
  BRUME_ASSIGN(const std::vector<engine::NodeStatus> nodes, engine->status(cluster.spec));
  if (std::ranges::find(nodes, name, &engine::NodeStatus::name) == nodes.end()) {
    std::string known;
    for (const engine::NodeStatus& node : nodes) known += (known.empty() ? "" : ", ") + node.name;
    return fail(ErrorCode::kUsage, "workers: there is no node '" + name + "'; there are " + known);
  }
  BRUME_TRY(engine->stop_node(cluster.spec, name));
  std::cout << name << " is removed\n";
  return {};
}

}  // namespace

void add_status(CLI::App& app) {
  auto as_json = std::make_shared<bool>(false);
  auto recipient = std::make_shared<bool>(false);
  auto* verb = app.add_subcommand("status", "The cluster in few words");
  verb->add_flag("--json", *as_json, "Print JSON");
  verb->add_flag("--recipient", *recipient, "Print only the age recipient to which inputs are sealed");
  verb->callback([as_json, recipient] { finish(status(*as_json, *recipient)); });
}

void add_nodes(CLI::App& app) {
  auto as_json = std::make_shared<bool>(false);
  auto* verb = app.add_subcommand("nodes", "Who joined, who was refused, and why");
  verb->add_flag("--json", *as_json, "Print JSON");
  verb->callback([as_json] { finish(nodes(*as_json)); });
}

void add_logs(CLI::App& app) {
  auto name = std::make_shared<std::string>("master");
  auto* verb = app.add_subcommand("logs", "What master, platform, audit log or a node wrote");
  verb->add_option("NAME", *name, "master, audit, platform, or a node's name")->capture_default_str();
  verb->callback([name] { finish(logs(*name)); });
}

void add_down(CLI::App& app) {
  auto quiet = std::make_shared<bool>(false);
  auto* verb = app.add_subcommand("down", "End the cluster: nodes, network, platform, master; repeating is fine");
  verb->add_flag("-q,--quiet", *quiet, "Print nothing but errors");
  verb->callback([quiet] { finish(down(*quiet)); });
}

void add_policy(CLI::App& app) {
  auto path = std::make_shared<std::string>();
  auto* verb = app.add_subcommand("policy", "Show the policy in force, or put a new one (with a later epoch) in force");
  verb->add_option("FILE", *path, "policy.toml");
  verb->callback([path, verb] {
    if (verb->get_subcommands().empty()) finish(policy(*path));
  });
  add_policy_check(*verb);
}

void add_workers(CLI::App& app) {
  auto* verb = app.add_subcommand("workers", "Add nodes to a running cluster, or remove one");
  verb->require_subcommand(1);
  auto options = std::make_shared<AddOptions>();
  auto* add = verb->add_subcommand("add", "Start more nodes; each joins by attestation or is refused");
  add->add_option("--image", options->image, "OCI image layout (default: the cluster's)");
  add->add_option("--name", options->name, "Name of the node, or what names begin with")->capture_default_str();
  add->add_option("--role", options->role, "What they do")
      ->check(CLI::IsMember({"worker", "mapper", "reducer"}))
      ->capture_default_str();
  add->add_option("--count", options->count, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
  add->add_option("--timeout", options->timeout_s, "Seconds to wait for the verdict")->capture_default_str();
  add->add_flag("--expect-refused", options->expect_refused, "Succeed only if all are refused, and remove them again");
  add->callback([options] { finish(add_workers_now(*options)); });
  auto name = std::make_shared<std::string>();
  auto* remove = verb->add_subcommand("remove", "End one node");
  remove->add_option("NAME", *name, "The node")->required();
  remove->callback([name] { finish(remove_worker(*name)); });
}

}  // namespace brume::cli

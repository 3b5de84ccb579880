#include "engine/container_engine.h"

#include <algorithm>
#include <fstream>
#include <future>
#include <mutex>
#include <sstream>
#include <thread>

#include "engine/docker_archive.h"
#include "engine/node_arguments.h"
#include "tee/platform_client.h"

namespace brume::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kStartsAtOnce = 8;  // more do not make a host start containers faster
constexpr const char* kClusterLabel = "brume.cluster";
constexpr const char* kNodeLabel = "brume.node";

std::string first_word(const std::string& text) {
  std::istringstream in(text);
  std::string word;
  in >> word;
  return word;
}

// Runs `work(i)` for every index on several threads; the first error of all.
template <typename Work>
Status for_all(std::size_t count, Work work) {
  std::mutex mutex;
  Status first;
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < std::min(count, kStartsAtOnce); ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < count; i = next++) {
        Status done = work(i);
        const std::lock_guard lock(mutex);
        if (!done && first) first = std::move(done);
      }
    });
  }
  threads.clear();
  return first;
}

class ContainerEngine final : public Engine {
 public:
  explicit ContainerEngine(std::unique_ptr<ContainerProgram> program) : program_(std::move(program)) {}

  const char* name() const override { return program_->name(); }
  Status available() override { return program_->available(); }
  Status begin(const ClusterSpec& spec) override { return prepare(spec); }
  Status prepare(const ClusterSpec& spec) override;
  Result<std::string> master_address(const ClusterSpec& spec) override;
  Status start(const ClusterSpec& spec, const std::vector<NodeSpec>& nodes) override;
  Status stop_node(const ClusterSpec& spec, const std::string& node) override;
  Status stop(const ClusterSpec& spec) override;
  Result<std::vector<NodeStatus>> status(const ClusterSpec& spec) override;
  Result<std::string> logs(const ClusterSpec& spec, const std::string& node) override;

 private:
  static std::string network_of(const ClusterSpec& spec) { return "brume-" + spec.cluster; }
  static std::string repository_of(const ClusterSpec& spec) { return "localhost/brume-" + spec.cluster; }
  static std::string container_of(const ClusterSpec& spec, const std::string& node) {
    return "brume-" + spec.cluster + "-" + node;
  }

  Status connect(const ClusterSpec& spec, bool may_start);
  Result<std::string> run(std::vector<std::string> arguments,
                          std::chrono::milliseconds timeout = std::chrono::seconds(60));
  Status load_image(const ClusterSpec& spec);
  Status make_network(const ClusterSpec& spec);
  // Nodes on their way up.
  struct Starting {
    const ClusterSpec& spec;
    const std::vector<NodeSpec>& nodes;
    const std::string& master;
    tee::PlatformAdmin* platform;  // nullptr: no tee
    std::mutex platform_mutex;
  };
  Status start_all(Starting& starting);
  Status start_group(Starting& starting, const std::vector<const NodeSpec*>& group);
  Status create_one(Starting& starting, const NodeSpec& node);
  Status enrol(Starting& starting, const NodeSpec& node, tee::ContainerStage stage);
  Status enrol_created(Starting& starting, const NodeSpec& node) {
    return enrol(starting, node, tee::ContainerStage::kCreated);
  }
  Status enrol_started(Starting& starting, const NodeSpec& node) {
    return enrol(starting, node, tee::ContainerStage::kStarted);
  }
  Result<std::vector<std::string>> create_arguments(const ClusterSpec& spec, const NodeSpec& node,
                                                    const std::string& master, const std::string& socket_dir);
  Result<std::vector<std::string>> ids_of(const ClusterSpec& spec);
  Status remove_ended(const ClusterSpec& spec, const std::vector<NodeSpec>& nodes);
  Result<int> pid_of_container(const ClusterSpec& spec, const std::string& node);
  static fs::path pid_file(const ClusterSpec& spec, const std::string& node) {
    return spec.state_dir / (node + ".pid");
  }
  Status remove_containers(const std::vector<std::string>& names);
  void leave_platform(const ClusterSpec& spec, const std::vector<std::string>& nodes);

  std::unique_ptr<ContainerProgram> program_;
  std::vector<std::string> environment_;
  std::string image_;         // tag of the loaded image
  std::string prepared_for_;  // the cluster and image that are there
  std::string gateway_;       // of its network
};

Status ContainerEngine::connect(const ClusterSpec& spec, bool may_start) {
  BRUME_TRY(check_spec(spec));
  BRUME_ASSIGN(environment_, program_->environment(spec.engine_dir, may_start));
  return {};
}

Result<std::string> ContainerEngine::run(std::vector<std::string> arguments, std::chrono::milliseconds timeout) {
  arguments.insert(arguments.begin(), program_->name());
  return run_checked({.arguments = std::move(arguments),
                      .environment = environment_,
                      .has_aws_variables = false,  // what watches a container lives as long as it
                      .timeout = timeout});
}

Status ContainerEngine::prepare(const ClusterSpec& spec) {
  const std::string wanted = spec.cluster + " " + spec.image_layout.string();
  if (prepared_for_ == wanted) return {};
  BRUME_TRY(connect(spec, true));
  std::future<Status> loaded = std::async(std::launch::async, [&] { return load_image(spec); });
  Status made = make_network(spec);
  if (made) {
    const auto address = master_address(spec);
    if (!address) made = std::unexpected(address.error());
  }
  BRUME_TRY(loaded.get());
  BRUME_TRY(made);
  prepared_for_ = wanted;
  return {};
}

Status ContainerEngine::load_image(const ClusterSpec& spec) {
  BRUME_ASSIGN(const image::OciImage image, image::read_oci_layout(spec.image_layout));
  image_ = repository_of(spec) + ":" + image.manifest_digest.hex().substr(0, 16);
  if (run({"image", "inspect", "--format", "{{.Id}}", image_})) return {};
  const fs::path archive = spec.state_dir / "image.tar";
  Status done = write_docker_archive(image, image_, archive);
  if (done) {
    const auto loaded = run({"load", "--input", fs::absolute(archive).string()}, std::chrono::minutes(5));
    if (!loaded) done = std::unexpected(loaded.error());
  }
  std::error_code ignored;
  fs::remove(archive, ignored);
  return done;
}

Status ContainerEngine::make_network(const ClusterSpec& spec) {
  const std::string network = network_of(spec);
  if (run({"network", "inspect", network})) return {};
  std::vector<std::string> arguments = {"network", "create", "--label",
                                        std::string(kClusterLabel) + "=" + spec.cluster};
  for (std::string& option : program_->network_options()) arguments.push_back(std::move(option));
  arguments.push_back(network);
  const auto made = run(std::move(arguments));
  if (!made) return std::unexpected(made.error());
  return {};
}

Result<std::string> ContainerEngine::master_address(const ClusterSpec& spec) {
  if (!gateway_.empty()) return gateway_;
  BRUME_TRY(connect(spec, false));
  BRUME_ASSIGN(const std::string out,
               run({"network", "inspect", "--format", program_->gateway_format(), network_of(spec)}));
  gateway_ = first_word(out);
  if (gateway_.empty()) return fail(ErrorCode::kUnavailable, "the cluster's network has no gateway");
  return gateway_;
}

Status ContainerEngine::start(const ClusterSpec& spec, const std::vector<NodeSpec>& nodes) {
  for (const NodeSpec& node : nodes) BRUME_TRY(check_node_name(node.name));
  BRUME_TRY(prepare(spec));
  BRUME_ASSIGN(const std::string master, master_address(spec));
  BRUME_TRY(remove_ended(spec, nodes));
  std::optional<tee::PlatformAdmin> platform;
  if (!spec.platform_control.empty()) {
    auto connected = tee::PlatformAdmin::connect(spec.platform_control);
    if (!connected) return within("platform", connected.error());
    platform = std::move(*connected);
  }
  Starting starting{spec, nodes, master, platform ? &*platform : nullptr, {}};
  Status done = start_all(starting);
  if (!done) {
    for (const NodeSpec& node : nodes) (void)stop_node(spec, node.name);
  }
  return done;
}

// In as many groups as there are processors. Each call of the engine's program costs more than what it does to one
// container, so a group shares its calls; groups do not wait for each other.
Status ContainerEngine::start_all(Starting& starting) {
  const std::size_t count =
      std::min<std::size_t>(starting.nodes.size(), std::max(2u, std::thread::hardware_concurrency()));
  return for_all(count, [&](std::size_t first) {
    std::vector<const NodeSpec*> group;
    for (std::size_t i = first; i < starting.nodes.size(); i += count) group.push_back(&starting.nodes[i]);
    return start_group(starting, group);
  });
}

Status ContainerEngine::start_group(Starting& starting, const std::vector<const NodeSpec*>& group) {
  const auto each = [&](Status (ContainerEngine::*step)(Starting&, const NodeSpec&)) -> Status {
    for (const NodeSpec* node : group) {
      if (const Status one = (this->*step)(starting, *node); !one) return within("node " + node->name, one.error());
    }
    return {};
  };
  const auto call = [&](const char* verb) -> Status {
    std::vector<std::string> arguments = {verb};
    for (const NodeSpec* node : group) arguments.push_back(container_of(starting.spec, node->name));
    const auto done = run(std::move(arguments));
    return done ? Status() : Status(std::unexpected(done.error()));
  };
  BRUME_TRY(each(&ContainerEngine::create_one));
  if (program_->can_init()) {
    BRUME_TRY(call("init"));
    BRUME_TRY(each(&ContainerEngine::enrol_created));
    return call("start");
  }
  BRUME_TRY(call("start"));
  return program_->registers_at_create() ? Status() : each(&ContainerEngine::enrol_started);
}

// Makes room for nodes of these names; refuses where one still runs.
Status ContainerEngine::remove_ended(const ClusterSpec& spec, const std::vector<NodeSpec>& nodes) {
  BRUME_ASSIGN(const std::vector<NodeStatus> known, status(spec));
  std::vector<std::string> ended;
  for (const NodeSpec& node : nodes) {
    const auto found = std::ranges::find(known, node.name, &NodeStatus::name);
    if (found == known.end()) continue;
    if (found->running) return fail(ErrorCode::kState, "node " + node.name + " runs already");
    ended.push_back(container_of(spec, node.name));
  }
  return remove_containers(ended);
}

Status ContainerEngine::create_one(Starting& starting, const NodeSpec& node) {
  std::string socket_dir;
  if (starting.platform != nullptr) {
    const std::string label = node_label(starting.spec, node.name);
    const std::lock_guard lock(starting.platform_mutex);
    (void)starting.platform->stop(label);  // of a node that ended
    BRUME_ASSIGN(socket_dir, starting.platform->prepare_container(label));
  }
  BRUME_ASSIGN(std::vector<std::string> create, create_arguments(starting.spec, node, starting.master, socket_dir));
  const auto created = run(std::move(create));
  return created ? Status() : Status(std::unexpected(created.error()));
}

Status ContainerEngine::enrol(Starting& starting, const NodeSpec& node, tee::ContainerStage stage) {
  if (starting.platform == nullptr) return {};
  BRUME_ASSIGN(const int pid, pid_of_container(starting.spec, node.name));
  const std::lock_guard lock(starting.platform_mutex);
  const auto registered = starting.platform->register_container(node_label(starting.spec, node.name), pid, stage);
  if (!registered) return within("register with the platform", registered.error());
  return {};
}

Result<std::vector<std::string>> ContainerEngine::create_arguments(const ClusterSpec& spec, const NodeSpec& node,
                                                                   const std::string& master,
                                                                   const std::string& socket_dir) {
  BRUME_ASSIGN(const fs::path scratch, make_scratch(spec, node.name));
  std::vector<std::string> out = {"create",
                                  "--name",
                                  container_of(spec, node.name),
                                  "--label",
                                  std::string(kClusterLabel) + "=" + spec.cluster,
                                  "--label",
                                  std::string(kNodeLabel) + "=" + node.name,
                                  "--network",
                                  network_of(spec),
                                  "--cap-drop=all",
                                  "--read-only",
                                  "--security-opt=no-new-privileges",
                                  "--volume",
                                  scratch.string() + ":" + kScratchTarget};
  if (!socket_dir.empty()) out.insert(out.end(), {"--volume", socket_dir + ":" + kSocketTarget + ":ro"});
  for (std::size_t i = 0; i < spec.shares.size(); ++i)
    out.insert(out.end(), {"--volume", spec.shares[i] + ":" + share_target(i) + ":ro"});
  if (program_->writes_pid_file()) {
    std::error_code ignored;
    fs::remove(pid_file(spec, node.name), ignored);
    out.push_back("--pidfile=" + fs::absolute(pid_file(spec, node.name)).string());
  }
  for (std::string& option : program_->create_options()) out.push_back(std::move(option));
  out.insert(out.end(), {"--entrypoint", kNodeProgram, image_});
  for (std::string& argument : node_arguments(spec, node, master, kContainerFetchPort))
    out.push_back(std::move(argument));
  return out;
}

Result<int> ContainerEngine::pid_of_container(const ClusterSpec& spec, const std::string& node) {
  int pid = 0;
  if (program_->writes_pid_file()) {
    std::ifstream(pid_file(spec, node)) >> pid;
  } else {
    BRUME_ASSIGN(const std::string out,
                 run({"container", "inspect", "--format", "{{.State.Pid}}", container_of(spec, node)}));
    pid = std::atoi(out.c_str());
  }
  if (pid <= 0) return fail(ErrorCode::kUnavailable, container_of(spec, node) + ": ended at once");
  return pid;
}

Result<std::vector<std::string>> ContainerEngine::ids_of(const ClusterSpec& spec) {
  BRUME_ASSIGN(const std::string out,
               run({"ps", "--all", "--quiet", "--filter", std::string("label=") + kClusterLabel + "=" + spec.cluster}));
  std::istringstream in(out);
  std::vector<std::string> ids;
  for (std::string id; in >> id;) ids.push_back(id);
  return ids;
}

Result<std::vector<NodeStatus>> ContainerEngine::status(const ClusterSpec& spec) {
  BRUME_TRY(connect(spec, false));
  BRUME_ASSIGN(std::vector<std::string> ids, ids_of(spec));
  std::vector<NodeStatus> out;
  if (ids.empty()) return out;
  std::vector<std::string> arguments = {"container", "inspect", "--format",
                                        std::string("{{index .Config.Labels \"") + kNodeLabel +
                                            "\"}} {{.State.Running}} {{.State.Pid}} {{.State.ExitCode}}"};
  arguments.insert(arguments.end(), ids.begin(), ids.end());
  BRUME_ASSIGN(const std::string text, run(std::move(arguments)));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    NodeStatus node;
    std::string running;
    if (!(in >> node.name >> running >> node.pid >> node.exit_code)) continue;
    node.running = running == "true";
    if (!node.running) node.pid = 0;
    out.push_back(std::move(node));
  }
  std::ranges::sort(out, {}, &NodeStatus::name);
  return out;
}

Result<std::string> ContainerEngine::logs(const ClusterSpec& spec, const std::string& node) {
  BRUME_TRY(check_node_name(node));
  BRUME_TRY(connect(spec, false));
  BRUME_ASSIGN(const CommandOutput output,
               run_command({.arguments = {program_->name(), "logs", "--tail", "1000", container_of(spec, node)},
                            .environment = environment_}));
  if (output.exit_code != 0) return fail(ErrorCode::kNotFound, "logs of " + node + ": " + last_line(output.err));
  const std::string text = output.out + output.err;
  return text.substr(text.size() - std::min(text.size(), kLogTailSize));
}

Status ContainerEngine::remove_containers(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  // A node ends on SIGTERM within 2 s.
  std::vector<std::string> stop = {"stop", "--time", "3"};
  stop.insert(stop.end(), names.begin(), names.end());
  (void)run(std::move(stop));
  std::vector<std::string> remove = {"rm", "--force", "--volumes"};
  remove.insert(remove.end(), names.begin(), names.end());
  const auto removed = run(std::move(remove));
  if (!removed) return std::unexpected(removed.error());
  return {};
}

void ContainerEngine::leave_platform(const ClusterSpec& spec, const std::vector<std::string>& nodes) {
  if (spec.platform_control.empty()) return;
  auto platform = tee::PlatformAdmin::connect(spec.platform_control);
  if (!platform) return;  // it is gone, and its enclaves with it
  for (const std::string& node : nodes) (void)platform->stop(node_label(spec, node));
}

Status ContainerEngine::stop_node(const ClusterSpec& spec, const std::string& node) {
  BRUME_TRY(check_node_name(node));
  BRUME_TRY(connect(spec, false));
  const std::string container = container_of(spec, node);
  Status done;
  if (run({"container", "inspect", "--format", "{{.Id}}", container})) done = remove_containers({container});
  leave_platform(spec, {node});
  remove_scratch(spec, node);
  return done;
}

Status ContainerEngine::stop(const ClusterSpec& spec) {
  BRUME_TRY(check_spec(spec));
  prepared_for_.clear();
  gateway_.clear();
  auto environment = program_->environment(spec.engine_dir, false);
  // No daemon, no containers; what it may have left on disk goes too.
  if (!environment) return program_->shut_down(spec.engine_dir);
  environment_ = std::move(*environment);
  Status first;
  const auto note = [&first](Status done) {
    if (!done && first) first = std::move(done);
  };
  std::vector<std::string> nodes;
  const auto known = status(spec);
  if (known) {
    for (const NodeStatus& node : *known) nodes.push_back(node.name);
  }
  const auto ids = ids_of(spec);
  if (ids) {
    note(remove_containers(*ids));
  } else {
    note(std::unexpected(ids.error()));
  }
  leave_platform(spec, nodes);
  for (const std::string& node : nodes) remove_scratch(spec, node);
  if (run({"network", "inspect", network_of(spec)})) {
    const auto removed = run({"network", "rm", network_of(spec)});
    if (!removed) note(std::unexpected(removed.error()));
  }
  const auto tags = run({"images", "--format", "{{.Repository}}:{{.Tag}}", repository_of(spec)});
  if (tags) {
    std::istringstream in(*tags);
    for (std::string tag; in >> tag;) {
      // Podman names every tag of an image that has one of these: another cluster's too.
      if (!tag.starts_with(repository_of(spec) + ":")) continue;
      const auto removed = run({"rmi", tag});
      if (!removed) note(std::unexpected(removed.error()));
    }
  }
  note(program_->shut_down(spec.engine_dir));
  return first;
}

}  // namespace

std::unique_ptr<Engine> make_container_engine(std::unique_ptr<ContainerProgram> program) {
  return std::make_unique<ContainerEngine>(std::move(program));
}

}  // namespace brume::engine

#include "engine/engine.h"

#include "engine/container_engine.h"
#include "engine/process_engine.h"

namespace brume::engine {
namespace {

Status check_name(std::string_view what, std::string_view name, std::size_t limit) {
  bool known = !name.empty() && name.size() <= limit && name.front() != '-';
  for (const char c : name) known = known && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
  if (known) return {};
  return fail(ErrorCode::kUsage,
              std::string(what) + ": 1 to " + std::to_string(limit) + " of a-z, 0-9 and '-', not '-' first");
}

}  // namespace

Status check_cluster_name(std::string_view name) { return check_name("cluster name", name, 24); }
Status check_node_name(std::string_view name) { return check_name("node name", name, 32); }

Result<int> Engine::pid_of(const ClusterSpec& spec, const std::string& node) {
  BRUME_ASSIGN(const std::vector<NodeStatus> all, status(spec));
  for (const NodeStatus& one : all) {
    if (one.name == node && one.running) return one.pid;
  }
  return fail(ErrorCode::kNotFound, "node " + node + " does not run");
}

Result<std::unique_ptr<Engine>> make_engine(std::string_view name) {
  if (name == "podman") return make_podman_engine();
  if (name == "docker") return make_docker_engine();
  if (name == "process") return make_process_engine();
  return fail(ErrorCode::kUsage, "engine: expected podman, docker or process");
}

Result<std::unique_ptr<Engine>> choose_engine() {
  std::string reasons;
  for (const char* name : {"podman", "docker", "process"}) {
    auto engine = make_engine(name);
    const Status available = (*engine)->available();
    if (available) return engine;
    reasons += std::string(reasons.empty() ? "" : "; ") + name + ": " + available.error().what;
  }
  return fail(ErrorCode::kUnavailable, "no engine can be used here: " + reasons);
}

}  // namespace brume::engine

#include "engine/process_engine.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.h"
#include "engine/node_arguments.h"
#include "engine/unpack.h"
#include "tee/platform_client.h"

namespace brume::engine {
namespace {

namespace fs = std::filesystem;

class ProcessEngine final : public Engine {
 public:
  const char* name() const override { return "process"; }
  Status available() override {
    if (::geteuid() == 0) return {};
    return fail(ErrorCode::kUnavailable, "only root can make the namespaces of nodes");
  }
  Status prepare(const ClusterSpec& spec) override;
  // Nodes share the host's network.
  Result<std::string> master_address(const ClusterSpec&) override { return "127.0.0.1"; }
  Status start(const ClusterSpec& spec, const std::vector<NodeSpec>& nodes) override;
  Status stop_node(const ClusterSpec& spec, const std::string& node) override;
  Status stop(const ClusterSpec& spec) override;
  Result<std::vector<NodeStatus>> status(const ClusterSpec& spec) override;
  Result<std::string> logs(const ClusterSpec& spec, const std::string& node) override {
    BRUME_TRY(check_node_name(node));
    return tail_of_file(node_dir(spec, node) / "log");
  }

 private:
  // Every image of the cluster has a folder of its own here.
  static fs::path roots_of(const ClusterSpec& spec) { return fs::absolute(spec.state_dir) / "rootfs"; }
  Result<fs::path> unpacked_root(const ClusterSpec& spec);
  static Status start_one(const ClusterSpec& spec, const NodeSpec& node, const fs::path& root,
                          tee::PlatformAdmin& platform);
};

// Besides its own folder: what is shared, and the host's way to resolve names, as engines give it to containers.
std::vector<tee::BindMount> binds_of(const ClusterSpec& spec, const fs::path& scratch) {
  std::vector<tee::BindMount> out = {{scratch.string(), kScratchTarget, true}};
  for (std::size_t i = 0; i < spec.shares.size(); ++i) out.push_back({spec.shares[i], share_target(i), false});
  std::error_code ignored;
  for (const char* file : {"/etc/resolv.conf", "/etc/hosts"})
    if (fs::is_regular_file(file, ignored)) out.push_back({file, file, false});
  return out;
}

Result<tee::PlatformAdmin> connect(const ClusterSpec& spec) {
  if (spec.platform_control.empty()) return fail(ErrorCode::kUsage, "the process engine needs a platform");
  auto platform = tee::PlatformAdmin::connect(spec.platform_control);
  if (!platform) return within("platform", platform.error());
  return platform;
}

Status ProcessEngine::prepare(const ClusterSpec& spec) {
  BRUME_ASSIGN([[maybe_unused]] const fs::path root, unpacked_root(spec));
  return {};
}

// Nodes that run use a folder as it is; otherwise it is made anew from the checked layout. (What a node really
// runs on is measured by the platform.)
Result<fs::path> ProcessEngine::unpacked_root(const ClusterSpec& spec) {
  BRUME_TRY(check_spec(spec));
  BRUME_ASSIGN(const image::OciImage image, image::read_oci_layout(spec.image_layout));
  const fs::path root = roots_of(spec) / image.manifest_digest.hex().substr(0, 16);
  BRUME_ASSIGN(const std::vector<NodeStatus> nodes, status(spec));
  std::error_code error;
  if (!nodes.empty() && fs::exists(root, error)) return root;
  fs::remove_all(nodes.empty() ? roots_of(spec) : root, error);
  if (!error) fs::create_directories(roots_of(spec), error);
  if (error) return fail(ErrorCode::kIo, root.string() + ": " + error.message());
  BRUME_TRY(unpack_image(image.files, root));
  return root;
}

Status ProcessEngine::start(const ClusterSpec& spec, const std::vector<NodeSpec>& nodes) {
  for (const NodeSpec& node : nodes) BRUME_TRY(check_node_name(node.name));
  BRUME_ASSIGN(const fs::path root, unpacked_root(spec));
  BRUME_ASSIGN(const std::vector<NodeStatus> known, status(spec));
  for (const NodeSpec& node : nodes) {
    const auto found = std::ranges::find(known, node.name, &NodeStatus::name);
    if (found != known.end() && found->running) return fail(ErrorCode::kState, "node " + node.name + " runs already");
  }
  BRUME_ASSIGN(tee::PlatformAdmin platform, connect(spec));
  Status done;
  for (const NodeSpec& node : nodes) {
    done = start_one(spec, node, root, platform);
    if (!done) {
      done = within("node " + node.name, done.error());
      break;
    }
  }
  if (!done) {
    for (const NodeSpec& node : nodes) (void)stop_node(spec, node.name);
  }
  return done;
}

Status ProcessEngine::start_one(const ClusterSpec& spec, const NodeSpec& node, const fs::path& root,
                                tee::PlatformAdmin& platform) {
  const std::string label = node_label(spec, node.name);
  (void)platform.stop(label);  // of a node that ended
  BRUME_ASSIGN(const fs::path scratch, make_scratch(spec, node.name));
  const UniqueFd log(::open((node_dir(spec, node.name) / "log").c_str(),
                            O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!log) return fail(ErrorCode::kIo, "the node's log could not be opened");
  tee::ProcessNodeRequest request;
  request.label = label;
  request.rootfs = root.string();
  request.arguments = node_arguments(spec, node, "127.0.0.1", 0);
  request.arguments.insert(request.arguments.begin(), kNodeProgram);
  request.binds = binds_of(spec, scratch);
  if (::chown(scratch.c_str(), request.uid, request.gid) != 0)
    return fail(ErrorCode::kIo, scratch.string() + ": could not be given to the node's user");
  request.output_fd = log.get();
  const auto spawned = platform.spawn_process_node(request);
  if (!spawned) return std::unexpected(spawned.error());
  return {};
}

Status ProcessEngine::stop_node(const ClusterSpec& spec, const std::string& node) {
  BRUME_TRY(check_node_name(node));
  BRUME_ASSIGN(tee::PlatformAdmin platform, connect(spec));
  (void)platform.stop(node_label(spec, node));  // not there: nothing to stop
  remove_scratch(spec, node);
  return {};
}

Status ProcessEngine::stop(const ClusterSpec& spec) {
  BRUME_TRY(check_spec(spec));
  Status first;
  auto nodes = status(spec);
  if (nodes) {  // a platform that is gone has taken its nodes with it
    for (const NodeStatus& node : *nodes) {
      Status done = stop_node(spec, node.name);
      if (!done && first) first = std::move(done);
    }
  }
  std::error_code error;
  fs::remove_all(roots_of(spec), error);
  if (error && first) first = fail(ErrorCode::kIo, roots_of(spec).string() + ": " + error.message());
  return first;
}

Result<std::vector<NodeStatus>> ProcessEngine::status(const ClusterSpec& spec) {
  BRUME_ASSIGN(tee::PlatformAdmin platform, connect(spec));
  BRUME_ASSIGN(const std::vector<tee::ContainerInfo> all, platform.list());
  const std::string prefix = spec.cluster + ".";
  std::vector<NodeStatus> out;
  for (const tee::ContainerInfo& one : all) {
    if (!one.spawned || !one.label.starts_with(prefix)) continue;
    NodeStatus node{one.label.substr(prefix.size()), one.alive, one.alive ? one.pid : 0, 0};
    if (!one.alive && one.exit_status >= 0) {
      node.exit_code = (one.exit_status & 0x7f) != 0 ? 128 + (one.exit_status & 0x7f) : (one.exit_status >> 8) & 0xff;
    }
    out.push_back(std::move(node));
  }
  return out;
}

}  // namespace

std::unique_ptr<Engine> make_process_engine() { return std::make_unique<ProcessEngine>(); }

}  // namespace brume::engine

// Where the nodes of a cluster run. An engine starts containers and finds them again by their label; it is not
// trusted with anything but availability. All state is in the engine itself and in the cluster's folder, so that
// every call may come from another process than the one that started the cluster.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace brume::engine {

struct NodeSpec {
  std::string name;             // unique in the cluster: [a-z0-9-], 1 to 32 characters
  std::string role = "worker";  // worker, mapper or reducer
};

struct ClusterSpec {
  std::string cluster;                 // [a-z0-9-], 1 to 24 characters
  std::filesystem::path image_layout;  // OCI image layout
  std::filesystem::path state_dir;     // the cluster's folder: scratch and logs of nodes
  std::filesystem::path engine_dir;    // shared by clusters: engine configuration, a private daemon
  std::string platform_control;        // the platform's control socket; empty: no platform (for trying an engine alone)
  std::uint16_t master_port = 0;
  std::string tee = "sgx-sim";               // or none
  std::uint32_t enclaves = 1;                // of each node
  std::vector<std::string> extra_arguments;  // of every node program
  std::vector<std::string> shares;           // folders that every node sees, read-only: input lies there
};

struct NodeStatus {
  std::string name;
  bool running = false;
  int pid = 0;        // of the first process, as the host sees it; 0 if it does not run
  int exit_code = 0;  // of one that has ended
};

// One thread at a time per object; start and stop work on many nodes at once inside.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual const char* name() const = 0;
  // Why this engine cannot work on this machine, as an Error that says what to do.
  virtual Status available() = 0;
  // What of prepare needs neither platform nor master, so that it can be done while these start. Again is fine.
  virtual Status begin(const ClusterSpec&) { return {}; }
  // Loads the image, makes the network. Again is fine. Called by start; before it the master's address is not known.
  virtual Status prepare(const ClusterSpec& spec) = 0;
  // Where nodes reach the host that the master runs on: a numeric address. After prepare.
  virtual Result<std::string> master_address(const ClusterSpec& spec) = 0;
  // Starts these nodes and registers them with the platform. A node of that name that has ended is replaced, one that
  // runs is refused (kState). Where a start fails, all nodes of this call are removed again.
  virtual Status start(const ClusterSpec& spec, const std::vector<NodeSpec>& nodes) = 0;
  virtual Status stop_node(const ClusterSpec& spec, const std::string& node) = 0;
  // Removes every node, the network and the image. Safe to repeat; goes on after errors and gives the first.
  virtual Status stop(const ClusterSpec& spec) = 0;
  virtual Result<std::vector<NodeStatus>> status(const ClusterSpec& spec) = 0;
  // The last 64 KiB of what the node wrote.
  virtual Result<std::string> logs(const ClusterSpec& spec, const std::string& node) = 0;
  // Errors: kNotFound.
  Result<int> pid_of(const ClusterSpec& spec, const std::string& node);
};

inline constexpr std::size_t kLogTailSize = 64u << 10;
// Where nodes of an engine with a network of its own listen; in the others each takes a free port.
inline constexpr std::uint16_t kContainerFetchPort = 7300;

// "podman", "docker" or "process". Errors: kUsage.
Result<std::unique_ptr<Engine>> make_engine(std::string_view name);
// The first that is available, in that order; the error names each one's reason.
Result<std::unique_ptr<Engine>> choose_engine();

inline constexpr std::size_t kShareLimit = 16;
// An absolute folder, cleanly written, that can stand in engines' options. Whether it exists is not asked.
Status check_share(std::string_view path);

// Refuses names outside their alphabet, so that none of them can become an option or a path.
Status check_cluster_name(std::string_view name);
Status check_node_name(std::string_view name);

}  // namespace brume::engine

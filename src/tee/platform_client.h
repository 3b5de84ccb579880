// How others speak to the simulated platform of their host: a node over its container's socket
// (docs/formats/platform-protocol.md, first half), the host's administrator over the control
// socket (second half). Every call blocks for at most its timeout; an answer "no" is an Error whose
// text is the platform's reason.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/unique_fd.h"

namespace brume::tee {

inline constexpr std::string_view kNodeSocketPath = "/run/brume/platform.sock";  // inside a container
inline constexpr std::size_t kTargetInfoSize = 512;
inline constexpr std::size_t kReportSize = 432;

enum class LaunchMode : std::uint8_t { kPlain = 0, kSgxSim = 1 };  // abi::Tee

// A running enclave of this node. It ends when `connection` of its PlatformSession closes.
struct LaunchedEnclave {
  UniqueFd ring;                  // memfd with both rings (abi/ring.h)
  UniqueFd pidfd;                 // readable once the enclave has ended
  std::uint32_t protections = 0;  // bit i: evidence::kProtectionNames[i]
  Measurement measurement;        // zeros in plain mode
  SignerId signer;                // zeros in plain mode
  ImageDigest image;              // zeros in plain mode
};

// A node's connection. One thread at a time; one enclave per connection.
class PlatformSession {
 public:
  static Result<PlatformSession> connect(const std::string& path = std::string(kNodeSocketPath));
  // Where quotes come from: the quoting enclave's TARGETINFO, 512 bytes.
  Result<Bytes> target_info();
  // debug sets the DEBUG attribute: it stands in the evidence, and default policies refuse it.
  // May take seconds: the platform measures the whole image first.
  Result<LaunchedEnclave> launch(LaunchMode mode, bool debug = false);
  // A REPORT for the quoting enclave -> DCAP v3 quote.
  Result<Bytes> quote(ByteView report);
  // Readable when the platform hangs up.
  int fd() const { return fd_.get(); }

 private:
  explicit PlatformSession(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
  std::uint32_t next_request_ = 1;
};

// A host path that shows up in a node's container. Targets are at or below engines' mount points
// (measure::is_mount_point_of_engine) or refused; those below /run are made, others must exist in the image.
struct BindMount {
  std::string source;
  std::string target;
  bool writable = false;
};

struct ProcessNodeRequest {
  std::string label;                     // unique on this host: [A-Za-z0-9._-], at most 64 characters
  std::string rootfs;                    // unpacked image, owned by root
  std::vector<std::string> arguments;    // arguments[0] is the program, a path in the image
  std::vector<std::string> environment;  // NAME=value; nothing is inherited
  std::vector<BindMount> binds;          // e.g. a scratch directory at /var/lib/brume
  std::uint32_t uid = 65534;             // what it runs as, without capabilities; root is refused. Must be able to
  std::uint32_t gid = 65534;             // read the image's program and to write its scratch directory
  bool own_network = false;              // a network namespace with only a loopback
  std::vector<std::string> cgroups;      // directories in cgroup hierarchies that it is put into
  int output_fd = -1;                    // standard output and error; -1: discarded
};

struct ContainerInfo {
  std::string label;
  std::int32_t pid = 0;  // of its first process; 0 while none is registered
  bool alive = false;
  bool spawned = false;   // by this platform, otherwise an engine's
  bool pristine = false;  // registered before any program of the image had run
  std::uint32_t enclave_count = 0;
  std::int32_t exit_status = -1;  // of a spawned one, as waitpid gives it; -1 while it runs
  ImageDigest image;              // as measured last; zeros if never
};

// Where a container stands when it is registered; an engine's word.
enum class ContainerStage : std::uint8_t {
  kCreated = 0,  // between OCI `create` and `start` (podman init): nothing of the image has run
  kStarted = 1,
};

// The administrator's connection. One thread at a time.
class PlatformAdmin {
 public:
  static Result<PlatformAdmin> connect(const std::string& control_path);
  // Makes a container's socket before the container exists. Bind the directory that comes back
  // (read-only will do) at /run/brume. The label is taken until stop().
  Result<std::string> prepare_container(const std::string& label);
  // Ties the label to the container whose first process is `pid` on this host. Of a created one
  // the platform measures the root at once, before anything in it could change itself, and true
  // comes back (protection "root-registered"; again for a pid that is registered already: as it was).
  // Of a started one it measures at launch only, and
  // false comes back. Nodes that connected early wait up to ten seconds for this.
  Result<bool> register_container(const std::string& label, std::int32_t pid, ContainerStage stage);
  // A container without an engine: namespaces of its own, read-only root, no capabilities, made,
  // measured and registered by the platform before its program runs. Gives the first process.
  struct ProcessNode {
    std::int32_t pid = 0;
    UniqueFd pidfd;
  };
  Result<ProcessNode> spawn_process_node(const ProcessNodeRequest& request);
  Result<std::vector<ContainerInfo>> list();
  // Ends the container's enclaves and frees the label. A spawned container is ended too: SIGTERM,
  // after two seconds SIGKILL.
  Status stop(const std::string& label);
  // Ends all enclaves and spawned containers and the platform itself.
  Status shutdown();

 private:
  explicit PlatformAdmin(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
  std::uint32_t next_request_ = 1;
};

}  // namespace brume::tee

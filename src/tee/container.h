// One container as the platform knows it: what was registered when it was made, and whether who
// speaks now is of it. The rules that keep a tampered image from passing for a good one stand here.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "tee/platform_client.h"
#include "tee/process_identity.h"
#include "tee/token_bucket.h"
#include "tee/unix_socket.h"

namespace brume::tee {

// What measuring an image may take, at most; a container cannot make the platform measure longer.
inline constexpr std::chrono::seconds kMeasureLimit{60};

// Fixed once it is made.
struct Registration {
  pid_t pid = 0;
  UniqueFd init;  // pidfd of the container's first process
  UniqueFd root;  // its root directory
  ProcessIdentity identity;
  OwnerMaps owners;
  // Measured before any program of the image ran.
  std::optional<ImageDigest> pristine_image;
};

// Takes in a container by its first process. Refuses processes that are in the host's own mount
// namespace or root. Of a created container the image is measured here, and its first process
// must still be the engine's program.
Result<Registration> register_process(pid_t pid, ContainerStage stage);

// What an enclave of this container may be launched from.
struct LaunchImage {
  Bytes program;
  Bytes sigstruct;
  ImageDigest digest;  // zeros where it was not measured
};

// The peer is alive, in the container (mount, user and pid namespace, root, cgroup), and so is the
// container's first process.
Status check_peer(const Registration& registration, const Peer& peer);
// The same, and: only an engine's mounts, the peer's program is the measured /brume-node, the image
// is still as registered. Measures the whole root file system.
Result<LaunchImage> measure_for(const Registration& registration, const Peer& peer, const std::atomic<bool>& cancelled);
// check_peer, and the program by its name, unmeasured: for tee `none`.
Result<LaunchImage> read_for(const Registration& registration, const Peer& peer);

// A label, its registration once there is one, and its limits. Safe from several threads.
class Container {
 public:
  Container(std::string label, std::string directory) : label_(std::move(label)), directory_(std::move(directory)) {}

  const std::string& label() const { return label_; }
  const std::string& directory() const { return directory_; }

  // Once only.
  Status set(Registration registration, bool spawned);
  // Nothing where none came in time, or where stop() was called.
  std::shared_ptr<const Registration> wait(std::chrono::milliseconds time);
  std::shared_ptr<const Registration> get() const;

  // Limits on what its nodes may ask of the platform; false: not now.
  bool may_launch();
  bool may_quote();
  // One measurement at a time.
  std::mutex& measuring() { return measuring_; }

  void note_image(const ImageDigest& image);
  void note_exit(int status);
  void add_enclaves(int count);
  ContainerInfo info() const;
  bool spawned() const;
  bool exited() const;

  void stop();
  const std::atomic<bool>& stopped() const { return stopped_; }

 private:
  const std::string label_;
  const std::string directory_;
  std::mutex measuring_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const Registration> registration_;
  ContainerInfo info_;
  bool exited_ = false;
  std::atomic<bool> stopped_ = false;
  // A node starts one enclave and lives on; restarts are rare.
  TokenBucket launches_{8, std::chrono::milliseconds(2000)};
  // Joining and re-attesting need one quote each.
  TokenBucket quotes_{32, std::chrono::milliseconds(100)};
};

}  // namespace brume::tee

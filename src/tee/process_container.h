// Containers without an engine: a process in mount, pid, ipc and uts namespaces of its own, its
// root a read-only bind of an unpacked image, without capabilities. The platform makes them
// itself, so it knows the root before anything of the image runs.
#pragma once

#include <sys/types.h>

#include "tee/platform_client.h"

namespace brume::tee {

// A child that stands in its finished container and waits; nothing of the image has run.
// Destroying it unreleased ends it.
class WaitingContainer {
 public:
  // socket_directory shows up at /run/brume. output_fd: standard output and error, or -1. The
  // child dies with the calling thread: call from one that lives as long as the platform.
  // Refuses binds outside of engines' mount points, root as the user, and images that lack
  // /proc, /dev, /tmp or /run.
  static Result<WaitingContainer> start(const ProcessNodeRequest& request, const std::string& socket_directory,
                                        int output_fd);
  WaitingContainer(WaitingContainer&&) = default;
  WaitingContainer& operator=(WaitingContainer&&) = delete;
  ~WaitingContainer();

  pid_t pid() const { return pid_; }
  const UniqueFd& pidfd() const { return pidfd_; }
  // Lets it run its program; comes back once that is executed, or with why it could not be.
  Result<UniqueFd> release();

 private:
  WaitingContainer(pid_t pid, UniqueFd pidfd, UniqueFd gate)
      : pid_(pid), pidfd_(std::move(pidfd)), gate_(std::move(gate)) {}
  pid_t pid_ = 0;
  UniqueFd pidfd_;
  UniqueFd gate_;
};

// The exit status of a child that has ended, as waitpid gives it; nothing while it runs or where
// it is no child of this process. Reaps it.
std::optional<int> reap(const UniqueFd& pidfd);
void send_signal(const UniqueFd& pidfd, int signal);

}  // namespace brume::tee

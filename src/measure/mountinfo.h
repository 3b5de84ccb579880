// What is mounted in a container, and whether an engine would have mounted it: a mount over the
// image would show other bytes to the node than those that were measured.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace brume::measure {

// One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). Paths as the process sees them.
struct Mount {
  std::uint64_t id = 0;
  std::string target;
  std::string type;
  std::string super_options;  // of the file system: names a cgroup hierarchy's controllers
};

inline constexpr std::size_t kMountInfoSizeLimit = 1u << 20;
inline constexpr std::size_t kMountCountLimit = 1024;  // an engine makes about thirty

// Refuses lines that do not follow the format, more than the limits, and targets that are not
// absolute. Octal escapes (\040) are undone.
Result<std::vector<Mount>> parse_mountinfo(std::string_view text);

// Every mount but the root's is of a type that belongs at its target:
//   /proc: proc; below also tmpfs, devtmpfs (engines mask files with them)
//   /sys: sysfs; below also tmpfs, devtmpfs, cgroup, cgroup2
//   /dev: tmpfs, devtmpfs; below also devpts, mqueue, hugetlbfs
//   /tmp /run /var/lib/brume and below: any, they do not count in the image
//   /etc/hosts /etc/hostname /etc/resolv.conf: any
// Otherwise the first other mount is named. `root_id`: of the root that is measured.
Status check_container_mounts(const std::vector<Mount>& mounts, std::uint64_t root_id);

}  // namespace brume::measure

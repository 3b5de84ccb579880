// Which container a process belongs to, as the kernel says it, for a platform that believes no
// process about itself. All of it is read through /proc/PID and holds only while the process
// lives: whoever asks keeps its pidfd and looks, after reading, whether it is still alive.
#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"
#include "measure/id_map.h"
#include "measure/mountinfo.h"
#include "measure/rootfs.h"

namespace brume::tee {

// A file and the mount through which it is seen.
struct MountedFile {
  std::uint64_t mount_id = 0;
  measure::FileIdentity file;
  friend bool operator==(const MountedFile&, const MountedFile&) = default;
};

struct ProcessIdentity {
  measure::FileIdentity mount_namespace;
  measure::FileIdentity user_namespace;
  measure::FileIdentity pid_namespace;
  MountedFile root;
  std::string cgroup;  // the whole of /proc/PID/cgroup
};

Result<ProcessIdentity> identity_of(pid_t pid);
// Success where both are in the same container; otherwise names what differs.
Status check_same_container(const ProcessIdentity& registered, const ProcessIdentity& peer);

// The directory that is the process's root, open for measuring.
Result<UniqueFd> open_root_of(pid_t pid);
Result<MountedFile> program_of(pid_t pid);
Result<MountedFile> mounted_file(int fd);
Result<std::vector<measure::Mount>> mounts_of(pid_t pid);

struct OwnerMaps {
  measure::IdMap uid;
  measure::IdMap gid;
};
Result<OwnerMaps> owner_maps_of(pid_t pid);

// Puts `pid` into every cgroup that stands in `cgroup` (the text of another process's
// /proc/PID/cgroup) and that this process is not in itself. Fails where one of them refuses.
Status join_cgroups(pid_t pid, std::string_view cgroup);

// directory: of one cgroup, as mounted here.
Status enter_cgroup(const std::string& directory, pid_t pid);

// Reads a file of /proc whole; a longer one is refused.
Result<std::string> read_proc_file(const std::string& path, std::size_t limit);

}  // namespace brume::tee

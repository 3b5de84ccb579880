#include "tee/process_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.h"

namespace brume::tee {
namespace {

constexpr std::size_t kIdMapSizeLimit = 64u << 10;
constexpr std::size_t kCgroupSizeLimit = 64u << 10;

std::string proc_path(pid_t pid, std::string_view name) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(name);
}

std::unexpected<Error> gone(std::string_view what) {
  return fail(ErrorCode::kNotFound, "process: " + std::string(what) + ": " + strerrordesc_np(errno));
}

Result<MountedFile> stat_file(int dir, const char* path, int flags, std::string_view what) {
  struct statx info{};
  if (::statx(dir, path, flags | AT_NO_AUTOMOUNT, STATX_INO | STATX_MNT_ID, &info) != 0) return gone(what);
  if ((info.stx_mask & STATX_MNT_ID) == 0)
    return fail(ErrorCode::kUnavailable, "statx: this kernel does not give mount ids (needs Linux 5.8)");
  return MountedFile{info.stx_mnt_id, {makedev(info.stx_dev_major, info.stx_dev_minor), info.stx_ino}};
}

Result<measure::FileIdentity> namespace_of(pid_t pid, const char* name) {
  BRUME_ASSIGN(const MountedFile link, stat_file(AT_FDCWD, proc_path(pid, name).c_str(), 0, name));
  return link.file;
}

// "cpu,cpuacct" and "name=systemd" as they stand in a hierarchy's options.
bool has_controllers(std::string_view options, std::string_view controllers) {
  while (!controllers.empty()) {
    const std::string_view one = controllers.substr(0, controllers.find(','));
    bool found = false;
    for (std::string_view rest = options; !rest.empty() && !found;) {
      const std::string_view option = rest.substr(0, rest.find(','));
      found = option == one;
      rest.remove_prefix(std::min(option.size() + 1, rest.size()));
    }
    if (!found) return false;
    controllers.remove_prefix(std::min(one.size() + 1, controllers.size()));
  }
  return true;
}

// Where the hierarchy of one line of /proc/PID/cgroup is mounted; empty if it is not.
std::string hierarchy(const std::vector<measure::Mount>& mounts, std::string_view controllers) {
  for (const measure::Mount& mount : mounts) {
    if (controllers.empty() ? mount.type == "cgroup2"
                            : mount.type == "cgroup" && has_controllers(mount.super_options, controllers))
      return mount.target;
  }
  return {};
}

}  // namespace

Status enter_cgroup(const std::string& directory, pid_t pid) {
  const std::string path = directory + "/cgroup.procs";
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  const std::string text = std::to_string(pid);
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return fail(ErrorCode::kIo, "cgroup " + path + ": " + strerrordesc_np(errno));
  return {};
}

Result<std::string> read_proc_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return gone(path);
  std::string text;
  for (;;) {
    const std::size_t old_size = text.size();
    if (old_size > limit) return fail(ErrorCode::kLimit, path + ": too long");
    text.resize(old_size + 16384);
    const ssize_t got = ::read(fd.get(), text.data() + old_size, 16384);
    if (got < 0 && errno != EINTR) return gone(path);
    text.resize(old_size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return text;
  }
}

Result<ProcessIdentity> identity_of(pid_t pid) {
  ProcessIdentity out;
  BRUME_ASSIGN(out.mount_namespace, namespace_of(pid, "ns/mnt"));
  BRUME_ASSIGN(out.user_namespace, namespace_of(pid, "ns/user"));
  BRUME_ASSIGN(out.pid_namespace, namespace_of(pid, "ns/pid"));
  BRUME_ASSIGN(out.root, stat_file(AT_FDCWD, proc_path(pid, "root").c_str(), 0, "root"));
  BRUME_ASSIGN(out.cgroup, read_proc_file(proc_path(pid, "cgroup"), kCgroupSizeLimit));
  return out;
}

Status check_same_container(const ProcessIdentity& registered, const ProcessIdentity& peer) {
  const char* difference = nullptr;
  if (registered.cgroup != peer.cgroup) difference = "cgroup";
  if (registered.pid_namespace != peer.pid_namespace) difference = "pid namespace";
  if (registered.root != peer.root) difference = "root directory";
  if (registered.user_namespace != peer.user_namespace) difference = "user namespace";
  if (registered.mount_namespace != peer.mount_namespace) difference = "mount namespace";
  if (!difference) return {};
  return fail(ErrorCode::kAuthFailed,
              std::string("peer is not of the container registered here: its ") + difference + " is another");
}

Result<UniqueFd> open_root_of(pid_t pid) {
  UniqueFd fd(::open(proc_path(pid, "root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return gone("root");
  return fd;
}

Result<MountedFile> program_of(pid_t pid) { return stat_file(AT_FDCWD, proc_path(pid, "exe").c_str(), 0, "exe"); }

Result<MountedFile> mounted_file(int fd) { return stat_file(fd, "", AT_EMPTY_PATH, "file"); }

Result<std::vector<measure::Mount>> mounts_of(pid_t pid) {
  BRUME_ASSIGN(const std::string text, read_proc_file(proc_path(pid, "mountinfo"), measure::kMountInfoSizeLimit));
  return measure::parse_mountinfo(text);
}

Result<OwnerMaps> owner_maps_of(pid_t pid) {
  BRUME_ASSIGN(const std::string uid_text, read_proc_file(proc_path(pid, "uid_map"), kIdMapSizeLimit));
  BRUME_ASSIGN(const std::string gid_text, read_proc_file(proc_path(pid, "gid_map"), kIdMapSizeLimit));
  BRUME_ASSIGN(measure::IdMap uid, measure::IdMap::parse(uid_text));
  BRUME_ASSIGN(measure::IdMap gid, measure::IdMap::parse(gid_text));
  return OwnerMaps{std::move(uid), std::move(gid)};
}

Status join_cgroups(pid_t pid, std::string_view cgroup) {
  BRUME_ASSIGN(const std::string own, read_proc_file("/proc/self/cgroup", kCgroupSizeLimit));
  BRUME_ASSIGN(const auto mounts, mounts_of(::getpid()));
  while (!cgroup.empty()) {
    const std::size_t end = std::min(cgroup.find('\n'), cgroup.size());
    const std::string_view line = cgroup.substr(0, end);
    cgroup.remove_prefix(std::min(end + 1, cgroup.size()));
    if (own.find(std::string(line) + "\n") != own.npos) continue;
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first == line.npos ? line.npos : first + 1);
    if (second == line.npos) return malformed("cgroup: a line has no path");
    const std::string_view path = line.substr(second + 1);
    // A path from outside this process's own view of the hierarchy cannot be entered.
    if (!path.starts_with('/') || path.find("/..") != path.npos)
      return fail(ErrorCode::kUnsupported, "cgroup: not below the platform's own view");
    const std::string mounted = hierarchy(mounts, line.substr(first + 1, second - first - 1));
    if (mounted.empty()) continue;  // nobody is limited by a hierarchy that is not mounted
    BRUME_TRY(enter_cgroup(mounted + std::string(path), pid));
  }
  return {};
}

}  // namespace brume::tee

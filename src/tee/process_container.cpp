#include "tee/process_container.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "measure/rootfs.h"
#include "tee/platform_protocol.h"

namespace brume::tee {
namespace {

constexpr unsigned long kQuiet = MS_NOSUID | MS_NODEV | MS_NOEXEC;

struct MountStep {
  const char* source = nullptr;
  const char* target = nullptr;  // relative to the image's root
  const char* type = nullptr;    // nullptr: bind
  unsigned long flags = 0;
  const char* data = nullptr;
};

struct Device {
  const char* path;
  unsigned minor;
};
constexpr Device kDevices[] = {
    {"dev/null", 3}, {"dev/zero", 5}, {"dev/full", 7}, {"dev/random", 8}, {"dev/urandom", 9}};
constexpr const char* kDeviceLinks[][2] = {{"/proc/self/fd", "dev/fd"},
                                           {"/proc/self/fd/0", "dev/stdin"},
                                           {"/proc/self/fd/1", "dev/stdout"},
                                           {"/proc/self/fd/2", "dev/stderr"}};

// All that the child needs, made before it exists: between clone and exec it must not allocate,
// for another thread may have held the allocator's lock.
struct Plan {
  const char* rootfs = nullptr;
  const char* host_name = nullptr;
  std::size_t host_name_size = 0;
  std::vector<MountStep> mounts;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  uid_t uid = 0;
  gid_t gid = 0;
  bool own_network = false;
  int output_fd = -1;
  int gate = -1;
};

// What the child says when it cannot go on.
struct Failure {
  char step[48] = {};
  int error = 0;
};

class Child {
 public:
  explicit Child(const Plan& plan) : plan_(plan) {}
  [[noreturn]] void run() {
    make_mounts();
    enter_root();
    need(::sethostname(plan_.host_name, plan_.host_name_size) == 0, "host name");
    if (plan_.own_network) raise_loopback();
    wait_for_release();
    give_up_privileges();
    set_descriptors();
    ::execve(plan_.arguments[0], plan_.arguments.data(), plan_.environment.data());
    need(false, "execute the program");
    ::_exit(127);
  }

 private:
  void need(bool done, const char* step) const {
    if (done) return;
    Failure failure;
    failure.error = errno;
    std::strncpy(failure.step, step, sizeof failure.step - 1);
    [[maybe_unused]] const ssize_t sent = ::write(plan_.gate, &failure, sizeof failure);
    ::_exit(127);
  }

  // Below the image's root, through no symlink: an image cannot point a mount elsewhere.
  int open_below(const char* path) const {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const auto fd = static_cast<int>(::syscall(SYS_openat2, root_, path, &how, sizeof how));
    need(fd >= 0, path);
    return fd;
  }

  struct FdPath {
    char text[32] = "/proc/self/fd/";
    explicit FdPath(int fd) {
      char digits[12];
      int count = 0;
      do digits[count++] = static_cast<char>('0' + fd % 10);
      while ((fd /= 10) > 0);
      char* out = text + std::strlen(text);
      while (count > 0) *out++ = digits[--count];
      *out = 0;
    }
  };

  // The folders that lead to a target below /run, which is a fresh tmpfs: nothing of the image is in their way.
  void make_folders(const char* target) const {
    if (std::strncmp(target, "run/", 4) != 0) return;
    char path[4096];
    for (std::size_t i = 0; target[i] != 0 && i + 1 < sizeof path; ++i) {
      path[i] = target[i];
      path[i + 1] = 0;
      const bool whole = target[i + 1] == '/' || target[i + 1] == 0;
      if (whole && i > 3) need(::mkdirat(root_, path, 0755) == 0 || errno == EEXIST, path);
    }
  }

  void mount_one(const MountStep& step) const {
    make_folders(step.target);
    const int below = open_below(step.target);
    const unsigned long first_flags = step.type ? step.flags : static_cast<unsigned long>(MS_BIND);
    need(::mount(step.source, FdPath(below).text, step.type, first_flags, step.data) == 0, step.target);
    ::close(below);
    if (step.type) return;
    const int mounted = open_below(step.target);
    need(::mount(nullptr, FdPath(mounted).text, nullptr, MS_BIND | MS_REMOUNT | step.flags, nullptr) == 0, step.target);
    ::close(mounted);
  }

  void make_mounts() {
    ::umask(0);
    need(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts");
    need(::mount(plan_.rootfs, plan_.rootfs, nullptr, MS_BIND, nullptr) == 0, "bind the image");
    const unsigned long read_only = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;
    need(::mount(nullptr, plan_.rootfs, nullptr, read_only, nullptr) == 0, "make the image read-only");
    root_ = ::open(plan_.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
    need(root_ >= 0, "open the image");
    for (const MountStep& step : plan_.mounts) {
      mount_one(step);
      if (std::strcmp(step.target, "dev") == 0) make_devices();
    }
  }

  void make_devices() const {
    for (const Device& device : kDevices)
      need(::mknodat(root_, device.path, S_IFCHR | 0666, makedev(1, device.minor)) == 0, device.path);
    for (const auto& link : kDeviceLinks) need(::symlinkat(link[0], root_, link[1]) == 0, link[1]);
    need(::mkdirat(root_, "dev/shm", 01777) == 0, "/dev/shm");
  }

  void enter_root() const {
    need(::fchdir(root_) == 0, "enter the image");
    need(::syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
    need(::umount2(".", MNT_DETACH) == 0, "leave the old root");
    need(::chdir("/") == 0, "enter the root");
  }

  void raise_loopback() const {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    need(fd >= 0, "loopback");
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    need(::ioctl(fd, SIOCSIFFLAGS, &request) == 0, "loopback");
    ::close(fd);
  }

  void wait_for_release() const {
    const Failure ready;  // no step failed
    need(::write(plan_.gate, &ready, sizeof ready) == sizeof ready, "say ready");
    char go = 0;
    if (::read(plan_.gate, &go, 1) != 1) ::_exit(127);
  }

  void give_up_privileges() const {
    ::setsid();
    const rlimit no_core{0, 0};
    need(::setrlimit(RLIMIT_CORE, &no_core) == 0, "no core files");
    for (unsigned long cap = 0; ::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0;) ++cap;
    need(errno == EINVAL, "drop capabilities");
    const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
                               SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                               SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    need(::prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) == 0, "secure bits");
    need(::syscall(SYS_setgroups, 0, nullptr) == 0, "groups");
    need(::syscall(SYS_setresgid, plan_.gid, plan_.gid, plan_.gid) == 0, "group");
    need(::syscall(SYS_setresuid, plan_.uid, plan_.uid, plan_.uid) == 0, "user");
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[2] = {};
    need(::syscall(SYS_capset, &header, none) == 0, "drop capabilities");
    need(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    need(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "not dumpable");
    // After the change of user, which would undo it.
    need(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0, "die with the platform");
  }

  void set_descriptors() const {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    need(null >= 0, "/dev/null");
    const int out = plan_.output_fd >= 0 ? plan_.output_fd : null;
    need(::dup2(null, 0) == 0 && ::dup2(out, 1) == 1 && ::dup2(out, 2) == 2, "descriptors");
    need(::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) == 0, "close descriptors");
    struct sigaction plain{};
    plain.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &plain, nullptr);
    sigset_t nothing;
    ::sigemptyset(&nothing);
    ::sigprocmask(SIG_SETMASK, &nothing, nullptr);
  }

  const Plan& plan_;
  int root_ = -1;
};

Status check_request(const ProcessNodeRequest& request) {
  if (!is_label(request.label)) return fail(ErrorCode::kUsage, "label: not [A-Za-z0-9._-], 1 to 64");
  if (!request.rootfs.starts_with('/') || request.rootfs == "/")
    return fail(ErrorCode::kUsage, "rootfs: not an absolute path of an unpacked image");
  if (request.arguments.empty() || !request.arguments[0].starts_with('/'))
    return fail(ErrorCode::kUsage, "arguments: the program is not an absolute path in the image");
  if (request.uid == 0 || request.gid == 0)
    return fail(ErrorCode::kUsage, "uid, gid: a process container does not run as root");
  for (const BindMount& bind : request.binds) {
    if (!bind.source.starts_with('/')) return fail(ErrorCode::kUsage, "bind: its source is not absolute");
    if (!measure::is_mount_point_of_engine(bind.target) || bind.target.find("/..") != std::string::npos ||
        bind.target == "/run" || bind.target == "/dev" || bind.target.starts_with("/proc") ||
        bind.target.starts_with("/sys") || bind.target.starts_with("/dev") || bind.target.starts_with("/run/brume"))
      return fail(ErrorCode::kUsage,
                  "bind: its target " + bind.target + " would lie over the image or the platform's own");
    // Folders are made for targets: only in what is ours, never in what another bind shows.
    for (const BindMount& other : request.binds)
      if (bind.target.starts_with(other.target + "/"))
        return fail(ErrorCode::kUsage, "bind: its target " + bind.target + " lies in another bind");
  }
  return {};
}

std::vector<char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

Plan make_plan(const ProcessNodeRequest& request, const std::string& socket_directory, int output_fd, int gate) {
  Plan plan;
  plan.rootfs = request.rootfs.c_str();
  plan.host_name = request.label.c_str();
  plan.host_name_size = request.label.size();
  plan.mounts = {{"proc", "proc", "proc", kQuiet, nullptr},
                 {"tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k"},
                 {"tmpfs", "dev/shm", "tmpfs", kQuiet, "mode=1777,size=64m"},
                 {"tmpfs", "tmp", "tmpfs", kQuiet, "mode=1777,size=64m"},
                 {"tmpfs", "run", "tmpfs", kQuiet, "mode=755,size=1m"},
                 {socket_directory.c_str(), "run/brume", nullptr, kQuiet | MS_RDONLY, nullptr}};
  for (const BindMount& bind : request.binds)
    plan.mounts.push_back({bind.source.c_str(), bind.target.c_str() + 1, nullptr,
                           kQuiet | (bind.writable ? 0ul : static_cast<unsigned long>(MS_RDONLY)), nullptr});
  plan.arguments = c_strings(request.arguments);
  plan.environment = c_strings(request.environment);
  plan.uid = request.uid;
  plan.gid = request.gid;
  plan.own_network = request.own_network;
  plan.output_fd = output_fd;
  plan.gate = gate;
  return plan;
}

// Success where the child says that no step failed.
Status hear(int gate, std::string_view silence) {
  Failure failure;
  ssize_t got = -1;
  do got = ::read(gate, &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  if (got != sizeof failure) return fail(ErrorCode::kUnavailable, std::string(silence));
  failure.step[sizeof failure.step - 1] = 0;
  if (failure.step[0] == 0) return {};
  return fail(ErrorCode::kIo,
              std::string("process container: ") + failure.step + ": " + strerrordesc_np(failure.error));
}

}  // namespace

Result<WaitingContainer> WaitingContainer::start(const ProcessNodeRequest& request, const std::string& socket_directory,
                                                 int output_fd) {
  BRUME_TRY(check_request(request));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(ErrorCode::kIo, std::string("socketpair: ") + strerrordesc_np(errno));
  UniqueFd gate(ends[0]);
  const timeval patience{20, 0};  // a mount that hangs must not hang the platform
  ::setsockopt(gate.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  UniqueFd child_gate(ends[1]);
  const Plan plan = make_plan(request, socket_directory, output_fd, child_gate.get());

  clone_args how{};
  int pidfd = -1;
  how.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD;
  if (request.own_network) how.flags |= CLONE_NEWNET;
  how.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  how.exit_signal = SIGCHLD;
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof how));
  if (pid < 0) return fail(ErrorCode::kUnavailable, std::string("namespaces: ") + strerrordesc_np(errno));
  if (pid == 0) {
    ::close(gate.get());
    Child(plan).run();
  }
  WaitingContainer waiting(pid, UniqueFd(pidfd), std::move(gate));
  child_gate.reset();
  BRUME_TRY(hear(waiting.gate_.get(), "process container: it ended before it was ready"));
  return waiting;
}

WaitingContainer::~WaitingContainer() {
  if (!pidfd_) return;
  send_signal(pidfd_, SIGKILL);
  siginfo_t info{};
  ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED);
}

Result<UniqueFd> WaitingContainer::release() {
  const char go = 1;
  if (::send(gate_.get(), &go, 1, MSG_NOSIGNAL) != 1)
    return fail(ErrorCode::kUnavailable, "process container: it has ended");
  // The gate closes when the program is executed; anything else is the child's reason.
  char rest = 0;
  ssize_t got = -1;
  do got = ::recv(gate_.get(), &rest, 1, MSG_PEEK);
  while (got < 0 && errno == EINTR);
  if (got != 0) {
    BRUME_TRY(hear(gate_.get(), "process container: it ended before its program ran"));
    return fail(ErrorCode::kState, "process container: it spoke out of turn");
  }
  return std::move(pidfd_);
}

std::optional<int> reap(const UniqueFd& pidfd) {
  siginfo_t info{};
  if (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG) != 0 ||
      info.si_pid == 0)
    return std::nullopt;
  return info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
}

void send_signal(const UniqueFd& pidfd, int signal) {
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
}

}  // namespace brume::tee

// Podman on this host: what it needs beyond a plain call is found from facts about the machine.
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "engine/container_engine.h"

namespace brume::engine {
namespace {

namespace fs = std::filesystem;

constexpr rlim_t kLimitAsked =
    16'384;  // a node needs some 600 descriptors; all nodes of a host share one user's processes

bool unified_cgroups() {
  struct statfs about{};
  return ::statfs("/sys/fs/cgroup", &about) == 0 && about.f_type == CGROUP2_SUPER_MAGIC;
}

bool may_raise_limits() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  return ::syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1u << CAP_SYS_RESOURCE)) != 0;
}

std::string limit_line(const char* name, __rlimit_resource_t resource) {
  rlimit limit{};
  (void)::getrlimit(resource, &limit);
  // By default podman asks for 1048576, and itself it takes no more processes than kernel.pid_max (often 32768).
  const rlim_t value = std::min<rlim_t>(limit.rlim_max, kLimitAsked);
  return std::string("\"") + name + "=" + std::to_string(value) + ":" + std::to_string(value) + "\"";
}

// A containers.conf with what this host needs; "" where the plain way works.
std::string needed_configuration() {
  std::string containers, engine;
  if (!may_raise_limits()) {
    containers =
        "default_ulimits=[" + limit_line("nofile", RLIMIT_NOFILE) + "," + limit_line("nproc", RLIMIT_NPROC) + "]\n";
  }
  // crun refuses hosts with cgroups v1 and v2 side by side.
  if (!unified_cgroups() && !find_program("runc").empty()) engine += "runtime=\"runc\"\n";
  if (!fs::exists("/run/systemd/system")) engine += "cgroup_manager=\"cgroupfs\"\nevents_logger=\"file\"\n";
  std::string out;
  if (!containers.empty()) out += "[containers]\n" + containers;
  if (!engine.empty()) out += "[engine]\n" + engine;
  return out;
}

class Podman final : public ContainerProgram {
 public:
  const char* name() const override { return "podman"; }
  Status available() override {
    if (find_program("podman").empty()) return fail(ErrorCode::kUnavailable, "podman is not installed");
    if (::geteuid() != 0)
      return fail(ErrorCode::kUnavailable, "podman as root is needed, for the platform sees its containers");
    return {};
  }
  Result<std::vector<std::string>> environment(const fs::path& engine_dir, bool) override {
    if (std::getenv("CONTAINERS_CONF") != nullptr) return std::vector<std::string>{};  // somebody knows better
    const std::string text = needed_configuration();
    if (text.empty()) return std::vector<std::string>{};
    const fs::path path = fs::absolute(engine_dir / "containers.conf");
    std::error_code error;
    fs::create_directories(engine_dir, error);
    const fs::path fresh = path.string() + "." + std::to_string(::getpid());
    std::ofstream out(fresh);
    out << text;
    out.close();
    if (out) fs::rename(fresh, path, error);
    if (!out || error) return fail(ErrorCode::kIo, path.string() + ": could not be written");
    return std::vector<std::string>{"CONTAINERS_CONF=" + path.string()};
  }
  bool can_init() const override { return true; }
  bool writes_pid_file() const override { return true; }
  // Without tmpfs over /run and /var/tmp: that would make folders which the image does not have.
  std::vector<std::string> create_options() const override { return {"--read-only-tmpfs=false", "--pull=never"}; }
  std::vector<std::string> network_options() const override { return {"--disable-dns"}; }
  std::string gateway_format() const override { return "{{range .Subnets}}{{.Gateway}} {{end}}"; }
  Status shut_down(const fs::path&) override { return {}; }
};

}  // namespace

std::unique_ptr<Engine> make_podman_engine() { return make_container_engine(std::make_unique<Podman>()); }

}  // namespace brume::engine

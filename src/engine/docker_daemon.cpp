#include "engine/docker_daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/unique_fd.h"
#include "engine/command.h"

namespace brume::engine {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr auto kAnswerTimeout = milliseconds(5'000);
constexpr auto kStartTimeout = std::chrono::seconds(30);
constexpr auto kStopTimeout = std::chrono::seconds(15);
constexpr std::size_t kSocketPathLimit = 100;  // sun_path is 108

struct Folder {
  fs::path dir;
  fs::path config() const { return dir / "daemon.json"; }
  fs::path socket() const { return dir / "docker.sock"; }
  fs::path pid_file() const { return dir / "dockerd.pid"; }
  fs::path log() const { return dir / "dockerd.log"; }
  std::string host() const { return "unix://" + socket().string(); }
};

Folder folder_in(const fs::path& engine_dir) { return {fs::absolute(engine_dir) / "docker"}; }

// Empty where nobody answers.
Result<std::string> ask(const std::string& host, const std::vector<std::string>& question) {
  Command command{.arguments = {"docker"}, .environment = {}, .has_aws_variables = false, .timeout = kAnswerTimeout};
  if (!host.empty()) command.environment.push_back("DOCKER_HOST=" + host);
  command.arguments.insert(command.arguments.end(), question.begin(), question.end());
  return run_checked(command);
}

bool answers(const std::string& host) { return ask(host, {"version", "--format", "{{.Server.Version}}"}).has_value(); }

// The recorded daemon, if that process still is one of this folder: pids are used again.
int private_pid(const Folder& folder) {
  int pid = 0;
  std::ifstream(folder.pid_file()) >> pid;
  if (pid <= 1) return 0;
  std::ifstream in("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  const std::string line((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return line.find("dockerd") != std::string::npos && line.find(folder.config().string()) != std::string::npos ? pid
                                                                                                               : 0;
}

nlohmann::json limit(const char* name, __rlimit_resource_t resource) {
  rlimit value{};
  (void)::getrlimit(resource, &value);
  const auto hard = static_cast<std::int64_t>(std::min<rlim_t>(value.rlim_max, 16'384));
  return {{"Name", name}, {"Hard", hard}, {"Soft", hard}};
}

// This program, if it is the one that has the runtime.
std::string brume_program() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return !error && self.filename() == "brume" ? self.string() : "";
}

Status write_config(const Folder& folder) {
  nlohmann::json config = {
      {"data-root", (folder.dir / "data").string()},
      {"exec-root", (folder.dir / "exec").string()},
      {"hosts", {folder.host()}},
      {"pidfile", folder.pid_file().string()},
      {"bridge", "none"},
      {"live-restore", false},
      {"default-ulimits", {{"nofile", limit("nofile", RLIMIT_NOFILE)}, {"nproc", limit("nproc", RLIMIT_NPROC)}}}};
  if (const std::string program = brume_program(); !program.empty()) {
    config["runtimes"] = {{kBrumeRuntime, {{"path", program}, {"runtimeArgs", {"platform", "runtime", "--"}}}}};
  }
  std::error_code error;
  fs::create_directories(folder.dir, error);
  if (!error) fs::permissions(folder.dir, fs::perms::owner_all, error);
  std::ofstream out(folder.config());
  out << config.dump(1);
  out.close();
  if (!out || error) return fail(ErrorCode::kIo, folder.config().string() + ": could not be written");
  return {};
}

Status start_private(const Folder& folder) {
  BRUME_TRY(write_config(folder));
  BRUME_ASSIGN(const int pid,
               start_daemon({.arguments = {"dockerd", "--config-file", folder.config().string()}, .environment = {}},
                            folder.log().string()));
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    if (::access(folder.socket().c_str(), F_OK) == 0 && answers(folder.host())) return {};
    if (::waitpid(pid, nullptr, WNOHANG) == pid) break;
    std::this_thread::sleep_for(milliseconds(100));
  }
  (void)::kill(pid, SIGTERM);
  return fail(ErrorCode::kUnavailable, "a private docker daemon did not start; see " + folder.log().string());
}

// What a daemon leaves mounted below its folder would make removing it dangerous.
void unmount_below(const fs::path& dir) {
  std::ifstream in("/proc/self/mountinfo");
  std::vector<std::string> mounted;
  for (std::string line; std::getline(in, line);) {
    std::size_t at = 0;
    for (int field = 0; field < 4; ++field) at = line.find(' ', at) + 1;
    const std::string target = line.substr(at, line.find(' ', at) - at);
    if (target.starts_with(dir.string() + "/")) mounted.push_back(target);
  }
  for (auto at = mounted.rbegin(); at != mounted.rend(); ++at) (void)::umount2(at->c_str(), MNT_DETACH);
}

}  // namespace

Result<std::string> find_docker(const fs::path& engine_dir, bool may_start) {
  if (find_program("docker").empty()) return fail(ErrorCode::kUnavailable, "docker's command line is not installed");
  const char* host = std::getenv("DOCKER_HOST");
  if (host != nullptr && *host != '\0') {
    if (answers(host)) return std::string(host);
    return fail(ErrorCode::kUnavailable, "the docker daemon at DOCKER_HOST does not answer");
  }
  if (::access("/var/run/docker.sock", F_OK) == 0 && answers("")) return std::string();
  const Folder folder = folder_in(engine_dir);
  if (private_pid(folder) != 0 && answers(folder.host())) return folder.host();
  if (!may_start) return fail(ErrorCode::kUnavailable, "no docker daemon answers");
  if (::geteuid() != 0) return fail(ErrorCode::kUnavailable, "no docker daemon answers, and only root may start one");
  if (find_program("dockerd").empty())
    return fail(ErrorCode::kUnavailable, "no docker daemon answers, and dockerd is not installed");
  if (folder.socket().string().size() > kSocketPathLimit) {
    return fail(ErrorCode::kUsage, folder.socket().string() + ": too long for a socket; use a shorter home folder");
  }
  std::error_code error;
  fs::create_directories(folder.dir, error);
  // Two masters of one home must not start two daemons over one folder.
  const UniqueFd lock(::open((folder.dir / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0)
    return fail(ErrorCode::kIo, folder.dir.string() + ": could not be locked");
  if (private_pid(folder) == 0) BRUME_TRY(start_private(folder));
  if (!answers(folder.host())) return fail(ErrorCode::kUnavailable, "the private docker daemon does not answer");
  return folder.host();
}

bool docker_has_runtime(const std::string& host) {
  const auto runtimes = ask(host, {"info", "--format", "{{range $name, $runtime := .Runtimes}} {{$name}} {{end}}"});
  return runtimes && runtimes->find(std::string(" ") + kBrumeRuntime + " ") != std::string::npos;
}

Status stop_private_docker(const fs::path& engine_dir) {
  const Folder folder = folder_in(engine_dir);
  const int pid = private_pid(folder);
  if (pid != 0) {
    const auto left = ask(folder.host(), {"ps", "-aq"});
    if (left && !last_line(*left).empty()) return {};
    (void)::kill(pid, SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + kStopTimeout;
    while (private_pid(folder) != 0 && ::waitpid(pid, nullptr, WNOHANG) != pid) {
      if (std::chrono::steady_clock::now() > deadline) {
        return fail(ErrorCode::kUnavailable,
                    "the private docker daemon (pid " + std::to_string(pid) + ") does not end");
      }
      std::this_thread::sleep_for(milliseconds(50));
    }
  }
  if (!fs::exists(folder.config())) return {};
  unmount_below(folder.dir);
  std::error_code error;
  fs::remove_all(folder.dir, error);
  if (error) return fail(ErrorCode::kIo, folder.dir.string() + ": " + error.message());
  return {};
}

}  // namespace brume::engine

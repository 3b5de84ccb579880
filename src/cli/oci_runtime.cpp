#include "cli/oci_runtime.h"

#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "master/home.h"
#include "tee/platform_client.h"

extern char** environ;

namespace brume::cli {
namespace {

constexpr std::size_t kConfigSizeLimit = 8u << 20;
constexpr std::string_view kSocketFolder = "/run/brume";
constexpr std::string_view kGlobalsWithValue[] = {"--root", "--log", "--log-format", "--criu", "--rootless"};
constexpr std::string_view kCreateWithValue[] = {"--bundle", "-b", "--console-socket", "--pid-file", "--preserve-fds"};

bool one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// "--name=value" and "--name value" alike; advances `at` to the last argument that was used.
std::pair<std::string, std::string> option_at(const std::vector<std::string>& arguments, std::size_t& at,
                                              std::span<const std::string_view> with_value) {
  const std::string& argument = arguments[at];
  const std::size_t equals = argument.find('=');
  if (equals != argument.npos) return {argument.substr(0, equals), argument.substr(equals + 1)};
  if (one_of(with_value, argument) && at + 1 < arguments.size()) return {argument, arguments[++at]};
  return {argument, ""};
}

std::string real_runtime() {
  const char* named = std::getenv("BRUME_OCI_RUNTIME");
  return named && *named ? named : "runc";
}

int run_real(const std::vector<std::string>& arguments) {
  std::string program = real_runtime();
  std::vector<char*> argv{program.data()};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  if (::posix_spawnp(&pid, program.c_str(), nullptr, nullptr, argv.data(), environ) != 0) return 127;
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<std::int32_t> read_pid(const std::string& path) {
  BRUME_ASSIGN(const std::string text, master::read_text_file(path, 64));
  std::int32_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc{} || pid <= 0) return malformed("pid file: not a number");
  return pid;
}

Status register_created(const RuntimeCall& call) {
  BRUME_ASSIGN(const std::string config, master::read_text_file(call.bundle + "/config.json", kConfigSizeLimit));
  BRUME_ASSIGN(const auto mount, find_platform_mount(config));
  if (!mount) return {};  // no container of ours
  if (call.pid_file.empty()) return fail(ErrorCode::kUnsupported, "the engine asks for no --pid-file");
  BRUME_ASSIGN(const std::int32_t pid, read_pid(call.pid_file));
  BRUME_ASSIGN(auto platform, tee::PlatformAdmin::connect(mount->control));
  BRUME_ASSIGN([[maybe_unused]] const bool pristine,
               platform.register_container(mount->label, pid, tee::ContainerStage::kCreated));
  return {};
}

void say_refused(const RuntimeCall& call, const std::string& reason) {
  const std::string text = "brume: the platform did not take the container: " + reason;
  std::cerr << text << std::endl;
  if (call.log.empty()) return;
  std::ofstream(call.log, std::ios::app) << json_text(nlohmann::json{{"level", "error"}, {"msg", text}}) << "\n";
}

}  // namespace

RuntimeCall parse_runtime_call(const std::vector<std::string>& arguments) {
  RuntimeCall call;
  std::size_t at = 0;
  for (; at < arguments.size() && arguments[at].starts_with('-'); ++at) {
    const auto [name, value] = option_at(arguments, at, kGlobalsWithValue);
    if (name == "--log") call.log = value;
  }
  call.global_count = at;
  if (at == arguments.size()) return call;
  call.verb = arguments[at++];
  for (; at < arguments.size(); ++at) {
    if (!arguments[at].starts_with('-')) {
      call.id = arguments[at];
      continue;
    }
    const auto [name, value] = option_at(arguments, at, kCreateWithValue);
    if (name == "--bundle" || name == "-b") call.bundle = value;
    if (name == "--pid-file") call.pid_file = value;
  }
  return call;
}

Result<std::optional<PlatformMount>> find_platform_mount(std::string_view config_json) {
  const auto config = nlohmann::json::parse(config_json, nullptr, false);
  if (!config.is_object()) return malformed("OCI configuration: not a JSON object");
  const auto mounts = config.find("mounts");
  if (mounts == config.end() || !mounts->is_array()) return std::optional<PlatformMount>();
  for (const auto& mount : *mounts) {
    if (!mount.is_object() || !mount.contains("destination") || mount["destination"] != kSocketFolder) continue;
    if (!mount.contains("source") || !mount["source"].is_string())
      return malformed("OCI configuration: a mount without a source");
    const std::filesystem::path source = mount["source"].get<std::string>();
    if (!source.is_absolute() || source.parent_path().filename() != "containers") return std::optional<PlatformMount>();
    return PlatformMount{source.parent_path().parent_path() / "control.sock", source.filename()};
  }
  return std::optional<PlatformMount>();
}

int run_oci_runtime(const std::vector<std::string>& arguments) {
  const RuntimeCall call = parse_runtime_call(arguments);
  const int code = run_real(arguments);
  if (code != 0 || call.verb != "create") return code;
  const Status registered = register_created(call);
  if (registered) return 0;
  say_refused(call, registered.error().what);
  std::vector<std::string> remove(arguments.begin(),
                                  arguments.begin() + static_cast<std::ptrdiff_t>(call.global_count));
  remove.insert(remove.end(), {"delete", "--force", call.id});
  (void)run_real(remove);
  return 1;
}

}  // namespace brume::cli

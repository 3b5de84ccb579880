#include "cli/cluster.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "cli/platform_setup.h"
#include "crypto/hash.h"
#include "master/control.h"
#include "tee/platform_client.h"

namespace brume::cli {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kClusterFileLimit = 1u << 20;
constexpr milliseconds kEndPatience{5000};
constexpr milliseconds kPollInterval{10};

// A child of ours is reaped; a process of an earlier call is only looked at.
bool alive(int pid) {
  if (pid <= 0) return false;
  if (waitpid(pid, nullptr, WNOHANG) == pid) return false;
  return kill(pid, 0) == 0;
}

// Process ids come round again: only what is still this very program is ever signalled.
bool is_our_program(int pid) {
  std::error_code error;
  fs::path theirs = fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", error);
  std::string name = theirs.filename().string();
  return !error && name.starts_with("brume");
}

}  // namespace

Result<Cluster> load_cluster(const master::Home& home) {
  auto text = master::read_text_file(home.cluster_spec(), kClusterFileLimit);
  if (!text)
    return fail(ErrorCode::kUnavailable, "no cluster stands in " + home.root.string() + "; start one with 'brume up'");
  json value = json::parse(*text, nullptr, false);
  try {
    Cluster cluster;
    cluster.engine = value.at("engine").get<std::string>();
    cluster.spec.cluster = value.at("cluster").get<std::string>();
    cluster.spec.image_layout = value.at("image").get<std::string>();
    cluster.spec.master_port = value.at("master_port").get<std::uint16_t>();
    cluster.spec.tee = value.at("tee").get<std::string>();
    // Earlier versions did not write it.
    cluster.spec.shares = value.value("shares", std::vector<std::string>());
    cluster.spec.enclaves = value.value("enclaves", 1u);
    cluster.spec.state_dir = home.cluster();
    cluster.spec.engine_dir = home.root / "engine";
    cluster.spec.platform_control = platform_files(home).control().string();
    cluster.more_images = value.at("more_images").get<std::vector<std::string>>();
    cluster.master_pid = value.at("master_pid").get<int>();
    cluster.platform_started = value.at("platform_started").get<bool>();
    return cluster;
  } catch (const json::exception&) {
    return malformed(home.cluster_spec().string() + ": is not as 'brume up' writes it");
  }
}

Status save_cluster(const master::Home& home, const Cluster& cluster) {
  json value{{"engine", cluster.engine},
             {"cluster", cluster.spec.cluster},
             {"image", cluster.spec.image_layout.string()},
             {"master_port", cluster.spec.master_port},
             {"tee", cluster.spec.tee},
             {"shares", cluster.spec.shares},
             {"enclaves", cluster.spec.enclaves},
             {"more_images", cluster.more_images},
             {"master_pid", cluster.master_pid},
             {"platform_started", cluster.platform_started}};
  return master::write_private_file(home.cluster_spec(), value.dump(2) + "\n");
}

Result<std::string> cluster_recipient(const master::Home& home) {
  BRUME_ASSIGN(const json status, master::control_call(home.master_socket(), {{"verb", "status"}}));
  return status.value("recipient", "");
}

std::vector<std::string> enclave_names(const engine::ClusterSpec& spec, const std::string& node) {
  if (spec.enclaves == 1) return {node};
  std::vector<std::string> out;
  for (std::uint32_t i = 1; i <= spec.enclaves; ++i) out.push_back(node + "." + std::to_string(i));
  return out;
}

std::string node_of(const std::string& enclave) { return enclave.substr(0, enclave.find('.')); }

std::string cluster_name(const master::Home& home) {
  return "b" + crypto::sha256(as_bytes(home.root.string())).hex().substr(0, 10);
}

bool end_process(int pid, milliseconds patience) {
  if (!alive(pid) || !is_our_program(pid)) return true;
  kill(pid, SIGTERM);
  auto until = std::chrono::steady_clock::now() + patience;
  while (alive(pid) && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(kPollInterval);
  if (alive(pid)) kill(pid, SIGKILL);
  for (int i = 0; alive(pid) && i < 100; ++i) std::this_thread::sleep_for(kPollInterval);
  return !alive(pid);
}

bool wait_until(const std::function<bool()>& ready, int pid, milliseconds limit) {
  auto until = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < until) {
    if (ready()) return true;
    if (!alive(pid)) return false;
    std::this_thread::sleep_for(kPollInterval);
  }
  return false;
}

Status take_down(const master::Home& home) {
  auto cluster = load_cluster(home);
  if (!cluster) {
    if (cluster.error().code == ErrorCode::kUnavailable) return {};
    return std::unexpected(cluster.error());
  }
  Status first;
  auto note = [&first](const Status& status) {
    if (!status && first) first = status;
  };
  auto engine = engine::make_engine(cluster->engine);
  if (engine) {
    note((*engine)->stop(cluster->spec));
    for (const std::string& layout : cluster->more_images) {
      engine::ClusterSpec other = cluster->spec;
      other.image_layout = layout;
      note((*engine)->stop(other));
    }
  } else {
    note(std::unexpected(engine.error()));
  }
  if (!end_process(cluster->master_pid, kEndPatience)) note(fail(ErrorCode::kState, "the master did not end"));
  if (cluster->platform_started)
    if (auto admin = tee::PlatformAdmin::connect(cluster->spec.platform_control)) note(admin->shutdown());
  std::error_code error;
  fs::remove(home.cluster_spec(), error);
  fs::remove(home.master_socket(), error);
  return first;
}

}  // namespace brume::cli

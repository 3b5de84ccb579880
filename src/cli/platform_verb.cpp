// `brume platform`: the simulated SGX platform of this host.
#include <atomic>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/platform_setup.h"
#include "cli/verbs.h"
#include "crypto/random.h"
#include "tee/platform.h"
#include "tee/sim_maker.h"

namespace brume::cli {
namespace {

constexpr std::size_t kKeysSizeLimit = 1u << 20;

// For the signal handler only.
std::atomic<tee::Platform*> running{nullptr};

void on_signal(int) {
  if (tee::Platform* platform = running.load()) platform->shutdown();
}

Status init(bool json) {
  BRUME_ASSIGN(const master::Home home, master::Home::from_environment());
  BRUME_ASSIGN(const SpkiHash root, init_platform(home));
  if (json)
    std::cout << nlohmann::ordered_json{{"root", root.hex()}, {"folder", home.platform().string()}}.dump(2) << "\n";
  else
    std::cout << "simulator root  " << root.hex() << "\nfolder          " << home.platform().string() << "\n";
  return {};
}

Status run() {
  BRUME_ASSIGN(const master::Home home, master::Home::from_environment());
  const PlatformFiles files = platform_files(home);
  auto text = master::read_text_file(files.keys(), kKeysSizeLimit);
  if (!text) return fail(ErrorCode::kUsage, "no platform keys (" + text.error().what + "): brume platform init");
  auto keys = tee::PlatformKeys::load(*text);
  if (!keys) return within(files.keys().string(), keys.error());
  crypto::SystemRandom random;
  const auto maker = tee::make_sim_maker(*std::move(keys), random);
  tee::PlatformOptions options;
  options.run_directory = files.folder.string();
  options.maker = maker.get();
  options.log = [](std::string_view line) { std::cout << line << std::endl; };
  BRUME_ASSIGN(const auto platform, tee::Platform::start(std::move(options)));
  running = platform.get();
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::cout << "platform listens at " << files.control().string() << std::endl;
  platform->run();
  running = nullptr;
  return {};
}

Result<tee::PlatformAdmin> connect() {
  BRUME_ASSIGN(const master::Home home, master::Home::from_environment());
  auto admin = tee::PlatformAdmin::connect(platform_files(home).control().string());
  if (!admin) return fail(ErrorCode::kUnavailable, "no platform runs here (" + admin.error().what + ")");
  return admin;
}

nlohmann::ordered_json to_json(const tee::ContainerInfo& info) {
  return {{"label", info.label},       {"pid", info.pid},
          {"alive", info.alive},       {"spawned", info.spawned},
          {"pristine", info.pristine}, {"enclaves", info.enclave_count},
          {"image", info.image.hex()}, {"exit_status", info.exit_status}};
}

Status status(bool json) {
  BRUME_ASSIGN(auto admin, connect());
  BRUME_ASSIGN(const auto containers, admin.list());
  if (json) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& info : containers) list.push_back(to_json(info));
    std::cout << list.dump(2) << "\n";
    return {};
  }
  std::cout << containers.size() << " container" << (containers.size() == 1 ? "" : "s") << "\n";
  for (const auto& info : containers) {
    std::cout << info.label << "  " << (info.alive ? "pid " + std::to_string(info.pid) : "not running") << "  enclaves "
              << info.enclave_count << "  "
              << (info.pristine ? "registered before its start" : "registered after its start") << "  image "
              << info.image.hex() << "\n";
  }
  return {};
}

Status stop() {
  BRUME_ASSIGN(auto admin, connect());
  return admin.shutdown();
}

}  // namespace

void add_platform(CLI::App& app) {
  auto* verb = app.add_subcommand("platform", "The simulated SGX platform of this host (tee sgx-sim)");
  verb->require_subcommand(1);
  auto json = std::make_shared<bool>(false);
  auto* init_verb =
      verb->add_subcommand("init", "Make the simulator's root and this host's keys; sign fresh collateral");
  init_verb->add_flag("--json", *json, "For programs");
  init_verb->callback([json] { finish(init(*json)); });
  auto* run_verb = verb->add_subcommand("run", "Be the platform, in the foreground (needs root)");
  run_verb->callback([] { finish(run()); });
  auto* status_verb = verb->add_subcommand("status", "Containers that the platform knows, and their enclaves");
  status_verb->add_flag("--json", *json, "For programs");
  status_verb->callback([json] { finish(status(*json)); });
  auto* stop_verb = verb->add_subcommand("stop", "End the platform with all its enclaves");
  stop_verb->callback([] { finish(stop()); });
  // Its arguments are handed on before any of this is parsed (cli_main.cpp).
  verb->add_subcommand("runtime",
                       "Be an OCI runtime that registers containers before they start: brume platform runtime -- ...");
}

}  // namespace brume::cli

// `brume master`: the owner's daemon, in the foreground. `brume up` starts it.
#include <sys/resource.h>

#include <csignal>
#include <iostream>

#include "cli/cluster_setup.h"
#include "cli/job_program.h"
#include "cli/verbs.h"
#include "master/daemon.h"

namespace brume::cli {

namespace {

master::Daemon* running = nullptr;

void on_signal(int) {
  if (running != nullptr) running->stop();
}

Status run(master::DaemonOptions options, const std::string& result_memory) {
  // Keys and results pass through here: no core file may hold them.
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  BRUME_ASSIGN(options.home, master::Home::from_environment());
  if (!result_memory.empty()) {
    BRUME_ASSIGN(options.output_memory, parse_result_memory(result_memory));
  }
  options.fetch_program = tool_folder() / "brume-fetch";
  BRUME_ASSIGN(auto daemon, master::Daemon::start(std::move(options)));
  running = daemon.get();
  std::signal(SIGTERM, on_signal);
  std::signal(SIGINT, on_signal);
  std::cerr << "master listens on port " << daemon->port() << std::endl;
  daemon->wait();
  running = nullptr;
  return {};
}

}  // namespace

void add_master(CLI::App& app) {
  auto options = std::make_shared<master::DaemonOptions>();
  auto result_memory = std::make_shared<std::string>();
  auto* verb = app.add_subcommand("master", "The owner's daemon, in the foreground ('brume up' starts it)");
  verb->add_option("--listen", options->listen_address, "Numeric address for nodes")->capture_default_str();
  verb->add_option("--port", options->port, "Port for nodes; 0 takes a free one")->capture_default_str();
  verb->add_option("--collateral", options->collateral, "Collateral bundle for appraisals; read again when it changes");
  verb->add_option("--result-memory", *result_memory, "As of 'brume up'");
  verb->callback([options, result_memory] { finish(run(std::move(*options), *result_memory)); });
}

}  // namespace brume::cli

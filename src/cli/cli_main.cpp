// `brume`: the owner's tool, and the daemons it starts.
#include <csignal>
#include <iostream>

#include "cli/oci_runtime.h"
#include "cli/verbs.h"
#include "files/command_line.h"

int main(int argc, char** argv) {
  using namespace brume;
  using namespace brume::cli;
  std::signal(SIGPIPE, SIG_IGN);
  // The arguments of an OCI runtime are not ours to parse.
  if (argc > 2 && std::string_view(argv[1]) == "platform" && std::string_view(argv[2]) == "runtime") {
    std::vector<std::string> arguments(argv + 3, argv + argc);
    if (!arguments.empty() && arguments.front() == "--") arguments.erase(arguments.begin());
    if (arguments.empty() || arguments.front() != "--help") return run_oci_runtime(arguments);
  }
  CLI::App app{
      "MapReduce on machines that nobody has to trust: containers join only after remote attestation,\n"
      "data is sealed everywhere outside attested enclaves.\n",
      "brume"};
  app.set_version_flag("--version", "brume " BRUME_VERSION);
  app.require_subcommand(1);
  files::set_manners(app);
  add_keygen(app);
  add_new(app);
  add_seal(app);
  add_open(app);
  add_pin(app);
  add_image(app);
  add_up(app);
  add_workers(app);
  add_policy(app);
  add_status(app);
  add_nodes(app);
  add_logs(app);
  add_run(app);
  add_down(app);
  add_bench(app);
  add_collateral(app);
  add_evidence(app);
  add_platform(app);
  add_master(app);
  add_completion(app);
  app.footer(
      "State lies under $BRUME_HOME (default: ~/.local/state/brume); each home holds one cluster.\n"
      "Exit codes: 0 done, 1 refused or failed (also a run that fails at its nodes, whatever the reason),\n"
      "2 wrong use, 3 unreadable or malformed input.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError& error) {
    return error.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return 0;
}

// `brume collateral`: endorsements that verifications need, carried in bundles.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "cli/fetch_options.h"
#include "cli/job_program.h"
#include "cli/verbs.h"

namespace brume::cli {

namespace {

// As this program was given them: after `brume collateral fetch`.
Result<std::vector<std::string>> fetch_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> all;
  for (std::string word; std::getline(file, word, '\0');) all.push_back(word);
  if (all.size() < 3 || all[1] != "collateral" || all[2] != "fetch") {
    return fail(ErrorCode::kUsage, "'collateral fetch' must be the first words");
  }
  all.erase(all.begin(), all.begin() + 3);
  return all;
}

// The program takes this one's place.
Status run_fetch() {
  BRUME_ASSIGN(std::vector<std::string> arguments, fetch_arguments());
  std::string program = (tool_folder() / "brume-fetch").string();
  std::vector<char*> all{program.data()};
  for (std::string& argument : arguments) all.push_back(argument.data());
  all.push_back(nullptr);
  ::execv(program.c_str(), all.data());
  return fail(ErrorCode::kUnavailable, program + ": " + strerrordesc_np(errno) + "; it belongs beside brume");
}

void add_fetch(CLI::App& verb) {
  auto options = std::make_shared<FetchVerb>();
  CLI::App* fetch =
      verb.add_subcommand("fetch", "Fetch collateral from Intel's PCS, a PCCS or AMD's KDS into a bundle");
  add_fetch_options(*fetch, *options);
  fetch->callback([options] { finish(run_fetch()); });
}

}  // namespace

void add_collateral(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("collateral", "Get, carry and check what verifications need besides evidence");
  verb->require_subcommand(1);
  add_fetch(*verb);
}

}  // namespace brume::cli

// One function a verb: it adds a subcommand with its flags to the tool. The callback does the work
// and ends with finish().
#pragma once

#include <CLI/CLI.hpp>

#include "base/result.h"

namespace brume::cli {

// 0 done; 1 refused or failed; 2 the command line is off; 3 input that is unreadable or malformed.
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInput = 3;
int exit_code(const Error& error);

// Prints "error: ..." on standard error and leaves the callback with the exit code; nothing on success.
void finish(const Status& status);

void add_keygen(CLI::App& app);
void add_new(CLI::App& app);
void add_seal(CLI::App& app);
void add_open(CLI::App& app);
void add_pin(CLI::App& app);
void add_image(CLI::App& app);
void add_up(CLI::App& app);
void add_workers(CLI::App& app);
void add_policy(CLI::App& app);
void add_policy_check(CLI::App& policy_verb);
void add_status(CLI::App& app);
void add_nodes(CLI::App& app);
void add_logs(CLI::App& app);
void add_run(CLI::App& app);
void add_down(CLI::App& app);
void add_bench(CLI::App& app);
void add_collateral(CLI::App& app);
void add_platform(CLI::App& app);
void add_evidence(CLI::App& app);
void add_master(CLI::App& app);
void add_completion(CLI::App& app);

}  // namespace brume::cli

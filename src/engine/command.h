// Runs other programs: argument lists, never a shell; a time limit; captured output.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace brume::engine {

struct Command {
  std::vector<std::string> arguments;         // [0] is looked up in PATH
  std::vector<std::string> environment = {};  // NAME=value, on top of this process's own
  bool has_aws_variables = true;              // false: it gets no AWS_*, for some of them are keys
  std::chrono::milliseconds timeout{30'000};
  std::string input = {};  // on its standard input, for run_command
  // Asked a few times a second, for run_command: true ends the program before its time.
  std::function<bool()> given_up = {};
};

struct CommandOutput {
  int exit_code = 0;  // 128 + signal where one ended it
  std::string out;
  std::string err;
};

// The first 1 MiB of each stream is kept, the rest is read and dropped.
inline constexpr std::size_t kCommandOutputLimit = 1u << 20;

// Comes back when the program has ended, even if a child of it still holds its output open. At the
// time limit, or once it is given up, the program's process group is killed. Errors: kNotFound (no such program), kIo,
// kUnavailable (too slow), kState (given up).
Result<CommandOutput> run_command(const Command& command);
// As run_command; any exit code but 0 is an Error with the last line of what the program said.
Result<std::string> run_checked(const Command& command);
// For error texts: the last line of `text` that is not empty, cut and made printable.
std::string last_line(std::string_view text);
// Absolute path of a program in PATH (and the sbin folders), or "".
std::string find_program(const std::string& name);

// Starts a program that goes on after this one: own session, no input, output appended to `log_path`, no AWS_*
// variables: who reads its environment later would find keys in it that it never needed.
Result<int> start_daemon(const Command& command, const std::string& log_path);

}  // namespace brume::engine

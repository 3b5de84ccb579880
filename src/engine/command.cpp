#include "engine/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/unique_fd.h"

extern char** environ;

namespace brume::engine {
namespace {

using Clock = std::chrono::steady_clock;

std::unexpected<Error> io_failed(const std::string& what, int error) {
  return fail(ErrorCode::kIo, what + ": " + std::generic_category().message(error));
}

// posix_spawn's own objects, freed on every path.
class SpawnSetup {
 public:
  SpawnSetup() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
  }
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  void set_flags(short flags) {
    ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

Result<pid_t> spawn(const Command& command, SpawnSetup& setup, bool has_aws_variables) {
  const std::string program = find_program(command.arguments.at(0));
  if (program.empty()) return fail(ErrorCode::kNotFound, command.arguments[0] + ": no such program in PATH");
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (const std::string& variable : command.environment) environment.push_back(const_cast<char*>(variable.c_str()));
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view theirs(*at);
    if (!has_aws_variables && theirs.starts_with("AWS_")) continue;
    const std::string_view name = theirs.substr(0, theirs.find('=') + 1);
    const bool replaced =
        std::ranges::any_of(command.environment, [&](const std::string& v) { return v.starts_with(name); });
    if (!replaced) environment.push_back(*at);
  }
  environment.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, program.c_str(), &setup.actions, &setup.attributes, arguments.data(), environment.data());
  if (error != 0) return io_failed("start " + program, error);
  return pid;
}

struct Capture {
  UniqueFd fd;
  std::string text;

  // False at the end of the stream.
  bool read_some() {
    char buffer[65'536];
    const ssize_t size = ::read(fd.get(), buffer, sizeof buffer);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    const std::size_t room = kCommandOutputLimit - text.size();
    text.append(buffer, std::min(room, static_cast<std::size_t>(size)));
    return size > 0;
  }
  void drain() {
    for (;;) {
      pollfd entry{fd.get(), POLLIN, 0};
      if (!fd || ::poll(&entry, 1, 0) <= 0 || !read_some()) return;
    }
  }
};

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return io_failed("pipe", errno);
  (void)::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

constexpr long long kPollLimit_ms = 3'600'000;
constexpr long long kGivenUpInterval_ms = 200;

enum class Ending { kExit, kTooSlow, kGivenUp };

Ending read_until_exit(int pidfd, Capture& out, Capture& err, Clock::time_point deadline,
                       const std::function<bool()>& given_up) {
  const long long step = given_up ? kGivenUpInterval_ms : kPollLimit_ms;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Ending::kTooSlow;
    if (given_up && given_up()) return Ending::kGivenUp;
    pollfd entries[3] = {{pidfd, POLLIN, 0}, {out.fd.get(), POLLIN, 0}, {err.fd.get(), POLLIN, 0}};
    if (::poll(entries, 3, static_cast<int>(std::min<long long>(left, step))) <= 0) continue;
    if (entries[1].revents != 0 && !out.read_some()) out.fd.reset();
    if (entries[2].revents != 0 && !err.read_some()) err.fd.reset();
    if (entries[0].revents != 0) return Ending::kExit;
  }
}

}  // namespace

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? name : "";
  const char* path = std::getenv("PATH");
  const std::string folders =
      std::string(path != nullptr ? path : "") + ":/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
  for (std::size_t at = 0; at <= folders.size();) {
    const std::size_t colon = std::min(folders.find(':', at), folders.size());
    const std::string candidate = folders.substr(at, colon - at) + "/" + name;
    if (candidate.front() == '/' && colon > at && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    at = colon + 1;
  }
  return "";
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  const std::size_t newline = text.rfind('\n');
  if (newline != std::string_view::npos) text.remove_prefix(newline + 1);
  std::string line(text.substr(0, 500));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return line;
}

namespace {

// A file in memory with the command's input, at its begin; for none /dev/null.
Result<UniqueFd> open_input(const std::string& text) {
  UniqueFd fd(text.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC) : ::memfd_create("input", MFD_CLOEXEC));
  if (!fd) return io_failed("input of a program", errno);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size = ::pwrite(fd.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return io_failed("input of a program", errno);
    done += static_cast<std::size_t>(size);
  }
  return fd;
}

}  // namespace

Result<CommandOutput> run_command(const Command& command) {
  BRUME_ASSIGN(const UniqueFd input, open_input(command.input));
  BRUME_ASSIGN(Pipe out_pipe, make_pipe());
  BRUME_ASSIGN(Pipe err_pipe, make_pipe());
  SpawnSetup setup;
  setup.set_flags(POSIX_SPAWN_SETPGROUP);
  ::posix_spawn_file_actions_adddup2(&setup.actions, input.get(), 0);
  ::posix_spawn_file_actions_adddup2(&setup.actions, out_pipe.write_end.get(), 1);
  ::posix_spawn_file_actions_adddup2(&setup.actions, err_pipe.write_end.get(), 2);
  const auto deadline = Clock::now() + command.timeout;
  BRUME_ASSIGN(const pid_t pid, spawn(command, setup, command.has_aws_variables));
  out_pipe.write_end.reset();
  err_pipe.write_end.reset();
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  Capture out{std::move(out_pipe.read_end), {}};
  Capture err{std::move(err_pipe.read_end), {}};
  const Ending ending = pidfd ? read_until_exit(pidfd.get(), out, err, deadline, command.given_up) : Ending::kTooSlow;
  if (ending != Ending::kExit) (void)::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  out.drain();
  err.drain();
  if (ending == Ending::kGivenUp) return fail(ErrorCode::kState, command.arguments[0] + ": given up, ended");
  if (ending == Ending::kTooSlow) {
    return fail(ErrorCode::kUnavailable, command.arguments[0] + ": not done after " +
                                             std::to_string(command.timeout.count()) +
                                             " ms, ended: " + last_line(err.text));
  }
  const int exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return CommandOutput{exit_code, std::move(out.text), std::move(err.text)};
}

Result<std::string> run_checked(const Command& command) {
  BRUME_ASSIGN(CommandOutput output, run_command(command));
  if (output.exit_code == 0) return std::move(output.out);
  std::string what = command.arguments[0];
  for (std::size_t i = 1; i < std::min<std::size_t>(command.arguments.size(), 3); ++i)
    what += " " + command.arguments[i];
  const std::string& words = output.err.empty() ? output.out : output.err;
  std::string said = last_line(words);
  // Docker says why one line before it says that.
  if (const std::size_t at = words.rfind("Error response from daemon"); at != words.npos)
    said = last_line(words.substr(at, words.find('\n', at) - at));
  return fail(ErrorCode::kUnavailable, what + ": exit code " + std::to_string(output.exit_code) + ": " + said);
}

Result<int> start_daemon(const Command& command, const std::string& log_path) {
  SpawnSetup setup;
  setup.set_flags(POSIX_SPAWN_SETSID);
  ::posix_spawn_file_actions_addopen(&setup.actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&setup.actions, 1, log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&setup.actions, 1, 2);
  return spawn(command, setup, false);
}

}  // namespace brume::engine

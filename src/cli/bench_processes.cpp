#include "cli/bench_processes.h"

#include <time.h>

#include <charconv>
#include <filesystem>

#include "master/home.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kProcFileLimit = 64u << 10;

std::string proc(pid_t pid, std::string_view file) { return "/proc/" + std::to_string(pid) + "/" + std::string(file); }

// The number after "NAME:" at the start of a line.
std::optional<std::int64_t> field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    std::string_view rest = line.substr(name.size() + 1);
    while (rest.starts_with(' ') || rest.starts_with('\t')) rest.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

std::unexpected<Error> ended(pid_t pid) {
  return fail(ErrorCode::kUnavailable, "process " + std::to_string(pid) + " ended while it was measured");
}

// Of all its threads, those that have ended too, in nanoseconds.
Result<std::uint64_t> cpu_ns_of(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return ended(pid);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

// Of the threads that live: nodes and enclaves keep theirs from start to end.
Result<std::uint64_t> context_switches_of(pid_t pid) {
  std::uint64_t sum = 0;
  std::error_code error;
  fs::directory_iterator threads(proc(pid, "task"), error);
  if (error) return ended(pid);
  for (; threads != fs::directory_iterator(); threads.increment(error)) {
    if (error) return ended(pid);
    auto status = master::read_text_file(threads->path() / "status", kProcFileLimit);
    if (!status) continue;  // this thread has just ended
    BRUME_ASSIGN(const std::uint64_t switches, parse_context_switches(*status));
    sum += switches;
  }
  return sum;
}

}  // namespace

Result<std::uint64_t> parse_context_switches(std::string_view status) {
  const auto voluntary = field(status, "voluntary_ctxt_switches");
  const auto forced = field(status, "nonvoluntary_ctxt_switches");
  if (!voluntary || !forced || *voluntary < 0 || *forced < 0)
    return malformed("/proc/PID/status: says nothing of context switches");
  return static_cast<std::uint64_t>(*voluntary) + static_cast<std::uint64_t>(*forced);
}

std::optional<pid_t> parse_pidfd_target(std::string_view fdinfo) {
  const auto pid = field(fdinfo, "Pid");
  if (!pid || *pid <= 0 || *pid > (1 << 22)) return std::nullopt;  // PID_MAX_LIMIT
  return static_cast<pid_t>(*pid);
}

Result<std::uint64_t> parse_smaps_kb(std::string_view smaps, std::string_view name) {
  const auto value = field(smaps, name);
  if (!value || *value < 0) return malformed("/proc/PID/smaps_rollup: no field " + std::string(name));
  return static_cast<std::uint64_t>(*value);
}

Result<pid_t> enclave_of(pid_t node) {
  std::error_code error;
  for (fs::directory_iterator at(proc(node, "fdinfo"), error), end; !error && at != end; at.increment(error)) {
    auto text = master::read_text_file(at->path(), kProcFileLimit);
    if (!text) continue;  // closed meanwhile
    if (auto pid = parse_pidfd_target(*text)) return *pid;
  }
  return fail(ErrorCode::kUnavailable, "node process " + std::to_string(node) + " holds no enclave");
}

Usage operator-(const Usage& later, const Usage& earlier) {
  Usage out{later.cpu_ns - earlier.cpu_ns, later.context_switches - earlier.context_switches, std::nullopt};
  if (later.cycles && earlier.cycles) out.cycles = *later.cycles - *earlier.cycles;
  return out;
}

Result<NodeGroup> NodeGroup::watch(const std::vector<pid_t>& nodes) {
  NodeGroup out;
  out.processes_ = nodes;
  for (const pid_t node : nodes) {
    BRUME_ASSIGN(const pid_t enclave, enclave_of(node));
    out.enclaves_.push_back(enclave);
    out.processes_.push_back(enclave);
  }
  out.cycles_ = CycleCounters::open(out.processes_);
  return out;
}

Result<Usage> NodeGroup::usage() const {
  Usage sum;
  for (const pid_t pid : processes_) {
    BRUME_ASSIGN(const std::uint64_t cpu, cpu_ns_of(pid));
    BRUME_ASSIGN(const std::uint64_t switches, context_switches_of(pid));
    sum.cpu_ns += cpu;
    sum.context_switches += switches;
  }
  if (cycles_) {
    BRUME_ASSIGN(sum.cycles, cycles_->read());
  }
  return sum;
}

Result<EnclaveMemory> NodeGroup::enclave_memory() const {
  EnclaveMemory sum;
  for (const pid_t pid : enclaves_) {
    BRUME_ASSIGN(const std::string smaps, master::read_text_file(proc(pid, "smaps_rollup"), kProcFileLimit));
    BRUME_ASSIGN(const std::uint64_t resident, parse_smaps_kb(smaps, "Rss"));
    BRUME_ASSIGN(const std::uint64_t huge, parse_smaps_kb(smaps, "AnonHugePages"));
    sum.resident_kb += resident;
    sum.huge_kb += huge;
  }
  return sum;
}

}  // namespace brume::cli

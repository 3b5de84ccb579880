#include "cli/bench_cycles.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

UniqueFd open_counter(pid_t thread) {
  perf_event_attr what{};
  what.size = sizeof what;
  what.type = PERF_TYPE_HARDWARE;
  what.config = PERF_COUNT_HW_CPU_CYCLES;
  what.inherit = 1;
  what.exclude_hv = 1;
  what.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return UniqueFd(static_cast<int>(
      syscall(SYS_perf_event_open, &what, thread, -1, -1, static_cast<unsigned long>(PERF_FLAG_FD_CLOEXEC))));
}

#if defined(__x86_64__)
double raw_seconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}
#endif

}  // namespace

std::optional<CycleCounters> CycleCounters::open(const std::vector<pid_t>& processes) {
  CycleCounters out;
  for (const pid_t pid : processes) {
    std::error_code error;
    fs::directory_iterator threads("/proc/" + std::to_string(pid) + "/task", error);
    for (; !error && threads != fs::directory_iterator(); threads.increment(error)) {
      const std::string name = threads->path().filename().string();
      pid_t thread = 0;
      std::from_chars(name.data(), name.data() + name.size(), thread);
      UniqueFd counter = open_counter(thread);
      if (!counter) return std::nullopt;
      out.counters_.push_back(std::move(counter));
    }
  }
  return out;
}

Result<std::uint64_t> CycleCounters::read() const {
  double sum = 0;
  for (const UniqueFd& counter : counters_) {
    struct {
      std::uint64_t value, enabled_ns, running_ns;
    } reading{};
    if (::read(counter.get(), &reading, sizeof reading) != static_cast<ssize_t>(sizeof reading))
      return fail(ErrorCode::kIo, "a hardware counter could not be read");
    if (reading.running_ns == 0) continue;
    sum += static_cast<double>(reading.value) * static_cast<double>(reading.enabled_ns) /
           static_cast<double>(reading.running_ns);
  }
  return static_cast<std::uint64_t>(sum);
}

double tsc_hz() {
#if defined(__x86_64__)
  unsigned denominator = 0, numerator = 0, crystal_hz = 0, unused = 0;
  if (__get_cpuid_count(0x15, 0, &denominator, &numerator, &crystal_hz, &unused) != 0 && denominator != 0 &&
      numerator != 0 && crystal_hz != 0)
    return static_cast<double>(crystal_hz) * numerator / denominator;
  const double begin = raw_seconds();
  const std::uint64_t first = __rdtsc();
  while (raw_seconds() - begin < 0.1) continue;
  const double end = raw_seconds();
  return static_cast<double>(__rdtsc() - first) / (end - begin);
#else
  return 0;
#endif
}

}  // namespace brume::cli

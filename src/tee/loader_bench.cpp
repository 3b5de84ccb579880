// What an enclave costs to start, and what its ring carries. CPU time counts both processes.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <thread>

#include "base/check.h"
#include "tee/testing/probe_enclave.h"

namespace brume::tee {
namespace {

using testing::Probe;
using testing::ProbeEnclave;

double cpu_ms() {
  double sum = 0;
  for (int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
      sum += static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  }
  return sum;
}

abi::Tee tee_of(const benchmark::State& state) { return static_cast<abi::Tee>(state.range(0)); }

// From the program's bytes to its first answer; heap of 512 MiB, signed beforehand.
void start(benchmark::State& state) {
  abi::EnclaveConfig config;
  config.heap_size = 512u << 20;
  const Bytes program = *measure::with_config(testing::probe_program(), config);
  const Bytes sigstruct = testing::sign_program(program);
  const double before = cpu_ms();
  for (auto _ : state) {
    auto probe = ProbeEnclave::start_signed(program, sigstruct, {.mode = tee_of(state)});
    BRUME_CHECK(probe && (*probe)->ask(Probe::kEcho, {}));
  }
  state.counters["cpu_ms"] = (cpu_ms() - before) / static_cast<double>(state.iterations());
}
BENCHMARK(start)->ArgName("tee")->Arg(0)->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond);

void round_trip(benchmark::State& state) {
  auto probe = ProbeEnclave::start({.mode = tee_of(state)});
  BRUME_CHECK(probe.has_value());
  const Bytes payload(64);
  for (auto _ : state) BRUME_CHECK((*probe)->ask(Probe::kEcho, payload).has_value());
}
BENCHMARK(round_trip)->ArgName("tee")->Arg(0)->Arg(1)->UseRealTime();

// Frames in and the same frames out.
void stream(benchmark::State& state) {
  auto probe = ProbeEnclave::start({.mode = tee_of(state)});
  BRUME_CHECK(probe.has_value());
  const Bytes payload(64u << 10);
  std::uint64_t unanswered = 0;
  for (auto _ : state) {
    BRUME_CHECK((*probe)->send(Probe::kEcho, payload));
    if (++unanswered > 16) {
      BRUME_CHECK((*probe)->receive().has_value());
      --unanswered;
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * payload.size()));
}
BENCHMARK(stream)->ArgName("tee")->Arg(0)->Arg(1)->UseRealTime();

// First touch of 32 MiB of heap.
void touch(benchmark::State& state) {
  const std::uint64_t size = 32u << 20;
  Bytes payload(sizeof size);
  std::memcpy(payload.data(), &size, sizeof size);
  for (auto _ : state) {
    state.PauseTiming();
    auto probe = ProbeEnclave::start({.mode = tee_of(state)});
    BRUME_CHECK(probe.has_value());
    BRUME_CHECK((*probe)->ask(Probe::kEcho, {}).has_value());
    state.ResumeTiming();
    BRUME_CHECK((*probe)->ask_text(Probe::kHeap, payload) == "ok");
    state.PauseTiming();
    probe->reset();
    state.ResumeTiming();
  }
}
BENCHMARK(touch)->ArgName("tee")->Arg(0)->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace brume::tee

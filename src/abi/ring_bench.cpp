// Round trip and stream over the ring between two threads.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <thread>

#include "abi/futex_wait.h"
#include "abi/ring.h"
#include "base/check.h"

namespace brume::abi {
namespace {

RingMap new_ring() {
  const std::size_t size = ring_file_size(kRingCapacityDefault);
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  return *map_ring(memory, size);
}

void round_trip(benchmark::State& state) {
  const RingMap map = new_ring();
  const auto spins = static_cast<std::uint32_t>(state.range(0));
  std::thread echo([&] {
    FutexWait wait;
    FrameReader in(map.to_enclave, wait, spins);
    FrameWriter out(map.to_host, wait, spins);
    Frame frame;
    while (in.next(frame) == RingStep::kDone)
      if (out.write(frame.type, frame.id, {frame.payload}) != RingStep::kDone) break;
  });
  FutexWait wait;
  FrameWriter out(map.to_enclave, wait, spins);
  FrameReader in(map.to_host, wait, spins);
  const Bytes payload(64);
  Frame frame;
  for (auto _ : state) {
    BRUME_CHECK(out.write(1, 1, {payload}) == RingStep::kDone);
    BRUME_CHECK(in.next(frame) == RingStep::kDone);
  }
  out.close();
  echo.join();
}
BENCHMARK(round_trip)->Arg(0)->Arg(1000)->Arg(1'000'000)->UseRealTime();

void stream(benchmark::State& state) {
  const RingMap map = new_ring();
  std::thread drain([&] {
    FutexWait wait;
    FrameReader in(map.to_enclave, wait);
    Frame frame;
    while (in.next(frame) == RingStep::kDone) {
    }
  });
  FutexWait wait;
  FrameWriter out(map.to_enclave, wait);
  const Bytes payload(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) BRUME_CHECK(out.write(1, 1, {payload}) == RingStep::kDone);
  out.close();
  drain.join();
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(stream)->Arg(64 << 10)->Arg(256 << 10)->UseRealTime();

}  // namespace
}  // namespace brume::abi

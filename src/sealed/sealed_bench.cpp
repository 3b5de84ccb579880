#include <benchmark/benchmark.h>

#include "sealed/age.h"
#include "sealed/stream.h"

namespace brume::sealed {
namespace {

constexpr std::size_t kDataSize = 8u << 20;

void BM_StreamSeal(benchmark::State& state) {
  Bytes data(kDataSize, 7);
  Bytes out(kSealedBlockLimit);
  std::size_t piece = static_cast<std::size_t>(state.range(0));
  auto emit = [](ByteView block) -> Status {
    benchmark::DoNotOptimize(block.data());
    return {};
  };
  for (auto _ : state) {
    BlockSealer sealer(crypto::Key32{}, StreamId{});
    for (std::size_t at = 0; at < data.size(); at += piece) {
      static_cast<void>(sealer.push(ByteView(data).subspan(at, piece), out, emit));
    }
    static_cast<void>(sealer.finish(out, emit));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kDataSize));
}
BENCHMARK(BM_StreamSeal)->Arg(32)->Arg(4096)->Arg(1 << 20);

void BM_StreamOpen(benchmark::State& state) {
  Bytes data(kDataSize, 7);
  Bytes out(kSealedBlockLimit);
  std::vector<Bytes> blocks;
  auto emit = [&](ByteView block) -> Status {
    blocks.push_back(to_bytes(block));
    return {};
  };
  BlockSealer sealer(crypto::Key32{}, StreamId{});
  static_cast<void>(sealer.push(data, out, emit));
  StreamTotals totals = *sealer.finish(out, emit);
  for (auto _ : state) {
    BlockOpener opener(crypto::Key32{}, StreamId{});
    for (const Bytes& block : blocks) benchmark::DoNotOptimize(opener.open(block, out));
    if (!opener.finish(totals)) state.SkipWithError("did not open");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kDataSize));
}
BENCHMARK(BM_StreamOpen);

void BM_AgeChunkOpen(benchmark::State& state) {
  ChunkCipher cipher(crypto::Key32{});
  Bytes data(kAgeChunkSize, 7);
  Bytes sealed(kAgeSealedChunkSize);
  cipher.seal(0, false, data, sealed);
  for (auto _ : state) benchmark::DoNotOptimize(cipher.open(0, false, sealed, data));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kAgeChunkSize));
}
BENCHMARK(BM_AgeChunkOpen);

}  // namespace
}  // namespace brume::sealed

#include <benchmark/benchmark.h>
#include <brume/output_format.h>

#include <algorithm>

#include "mapreduce/merge.h"
#include "mapreduce/test_values.h"

namespace brume::mapreduce {
namespace {

class WholeSource final : public PieceSource {
 public:
  explicit WholeSource(const Bytes& bytes) : rest_(bytes) {}
  Result<ByteView> next() override {
    const ByteView piece = rest_.first(std::min<std::size_t>(rest_.size(), 256u << 10));
    rest_ = rest_.subspan(piece.size());
    return piece;
  }

 private:
  ByteView rest_;
};

struct NullSink final : LineSink {
  Status write(ByteView text) override {
    benchmark::DoNotOptimize(text.data());
    return {};
  }
};

// Words as in source code: most counts are small, so most comparisons reach the key, and many keys begin alike.
void BM_Merge(benchmark::State& state) {
  const auto stream_count = static_cast<std::size_t>(state.range(0));
  const auto alike = static_cast<std::size_t>(state.range(1));  // bytes that keys begin with, of eight kinds
  constexpr std::size_t kRecords = 2'000'000;
  SeededRandom random(1);
  std::vector<Bytes> streams;
  for (std::size_t s = 0; s < stream_count; ++s) {
    std::vector<std::pair<std::uint64_t, std::string>> records(kRecords / stream_count);
    for (auto& [rank, key] : records) {
      rank = ~(1000 / (1 + random.below(2000)));
      key.resize(4 + random.below(16));
      for (char& c : key) c = static_cast<char>('a' + random.below(20));
      key.insert(0, std::string(alike, static_cast<char>('A' + random.below(8))));
    }
    std::ranges::sort(records);
    Bytes& out = streams.emplace_back();
    std::uint64_t last = 0;
    for (const auto& [rank, key] : records) {
      std::uint8_t header[kMaxOutputHeaderSize];
      const std::uint8_t* end = put_output_header(header, rank - last, key.size() + 3, key.size());
      append(out, {header, end});
      append(out, as_bytes(key + "\t1\n"));
      last = rank;
    }
  }
  std::uint64_t merged = 0;
  for (auto _ : state) {
    std::vector<WholeSource> sources(streams.begin(), streams.end());
    std::vector<PieceSource*> pointers;
    for (WholeSource& source : sources) pointers.push_back(&source);
    NullSink sink;
    merged += merge_outputs(pointers, sink)->records;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(merged));
}
BENCHMARK(BM_Merge)->ArgsProduct({{1, 4, 7, 64}, {0, 30}})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace brume::mapreduce

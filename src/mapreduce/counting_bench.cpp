// What a byte of text costs in map, and what a record costs in reduce.
//
// The text is drawn from a fixed vocabulary by a power law, as natural language is; with
// BRUME_BENCH_TEXT=file it is that file.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "mapreduce/counting_reduce.h"
#include "mapreduce/test_scratch.h"

namespace brume::mapreduce {
namespace {

std::string make_text() {
  std::string text;
  if (const char* path = std::getenv("BRUME_BENCH_TEXT")) {
    if (std::FILE* file = std::fopen(path, "rb")) {
      text.resize(std::size_t{100} << 20);
      text.resize(std::fread(text.data(), 1, text.size(), file));
      std::fclose(file);
      return text;
    }
  }
  std::mt19937_64 random(1);
  std::vector<std::string> vocabulary(500'000);
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const double mean = std::log2(static_cast<double>(i + 2)) / 2;
    const std::size_t size = 1 + std::poisson_distribution<std::size_t>(mean)(random);
    for (std::size_t at = 0; at < size; ++at) vocabulary[i].push_back(static_cast<char>('a' + random() % 26));
  }
  std::uniform_real_distribution<double> uniform;
  while (text.size() < 64 << 20) {
    const double rank = std::pow(static_cast<double>(vocabulary.size()), uniform(random)) - 1;
    text += vocabulary[static_cast<std::size_t>(rank)];
    text += random() % 12 == 0 ? '\n' : ' ';
  }
  return text;
}
const std::string& text() {
  static const std::string text = make_text();
  return text;
}

detail::CountingHooks word_hooks() {
  detail::CountingHooks hooks;
  hooks.map = [](void*, const Piece& piece, detail::CountSink& out) { out.add_words(Words::whitespace(), piece, 1); };
  hooks.format = [](const void*, std::string_view, std::uint64_t value, Line& line) { line << '\t' << value << '\n'; };
  return hooks;
}

struct Collected final : PartitionSink, OutputSink {
  std::vector<std::uint8_t> bytes;
  JobStatus write(std::uint32_t, std::span<const std::uint8_t> more) override { return write(more); }
  JobStatus write(std::span<const std::uint8_t> more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
};

JobConfig config() { return {{}, 1, HashKey{1, 2, 3}, std::uint64_t{4} << 30}; }

void map_text(detail::CountingEngine& engine, Collected& out) {
  auto task = engine.new_map();
  const Words words = Words::whitespace();
  for (std::string_view rest = text(); !rest.empty();) {
    std::size_t size = std::min<std::size_t>(rest.size(), 1 << 20);
    while (size < rest.size() && size > 0 && !words.separators.contains(rest[size - 1])) --size;
    if (!task->feed({rest.substr(0, size)}, out)) std::abort();
    rest.remove_prefix(size);
  }
  if (!task->finish(out)) std::abort();
}

void Map(benchmark::State& state) {
  auto engine = detail::make_counting_engine(word_hooks());
  if (!engine->configure(config())) return;
  Collected out;
  for (auto _ : state) {
    out.bytes.clear();
    map_text(*engine, out);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(text().size()));
}
BENCHMARK(Map)->Unit(benchmark::kMillisecond);

void Reduce(benchmark::State& state) {
  auto engine = detail::make_counting_engine(word_hooks());
  if (!engine->configure(config())) return;
  Collected stream;
  map_text(*engine, stream);
  Collected out;
  for (auto _ : state) {
    out.bytes.clear();
    testing::TestScratch scratch;
    auto task = engine->new_reduce(scratch);
    for (int repeat = 0; repeat < 4; ++repeat) {
      if (!task->feed(stream.bytes) || !task->end_of_stream()) std::abort();
    }
    if (!task->finish(out)) std::abort();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * 4 *
                          static_cast<std::int64_t>(stream.bytes.size()));
}
BENCHMARK(Reduce)->Unit(benchmark::kMillisecond);

void Tokenise(benchmark::State& state) {
  const auto isa = static_cast<Isa>(state.range(0));
  if (!isa_available(isa)) return state.SkipWithError("this processor lacks it");
  const Kernels& kernels = kernels_for(isa);
  const ByteClass separators(Words::whitespace().separators);
  std::vector<WordSpan> words(kMaxSegmentWords + kOutputSlack);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text().data());
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernels.tokenise(separators, bytes + at, kSegmentSize, words.data()));
    at = (at + kSegmentSize) % (16 * kSegmentSize);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(kSegmentSize));
}
BENCHMARK(Tokenise)->DenseRange(0, 2);

}  // namespace
}  // namespace brume::mapreduce

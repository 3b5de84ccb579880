// What a byte of text costs to decode, as a stream in pieces of 64 KiB; beside it the plain libraries, in one call.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>

#include "formats/input_decoder.h"
#include "formats/test_compressor.h"

namespace brume::formats {
namespace {

// Words by a power law, with line ends: compresses about as prose does.
const std::string& text() {
  static const std::string text = [] {
    std::mt19937_64 random(1);
    std::vector<std::string> words(20'000);
    for (std::string& word : words) {
      for (std::uint64_t size = 2 + random() % 8; size > 0; --size)
        word.push_back(static_cast<char>('a' + random() % 26));
    }
    std::string out;
    while (out.size() < 32u << 20) {
      const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
      out += words[static_cast<std::size_t>(std::pow(static_cast<double>(words.size()), uniform)) - 1];
      out += random() % 12 == 0 ? '\n' : ' ';
    }
    return out;
  }();
  return text;
}

const Bytes& compressed(Compression compression) {
  static const Bytes plain = to_bytes(as_bytes(text()));
  static const Bytes gzip = gzip_member(text());
  static const Bytes zstd = zstd_frame(text());
  return compression == Compression::kGzip ? gzip : compression == Compression::kZstd ? zstd : plain;
}

void count_bytes(benchmark::State& state, Compression compression) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text().size()));
  state.counters["ratio"] = static_cast<double>(text().size()) / static_cast<double>(compressed(compression).size());
}

void stream(benchmark::State& state, Compression compression) {
  const ByteView in = compressed(compression);
  for (auto _ : state) {
    const auto decoder = InputDecoder::create(compression);
    std::size_t size = 0;
    // As sealed input comes: a chunk of 64 KiB at a time.
    for (ByteView rest = in; !rest.empty();) {
      const ByteView chunk = rest.first(std::min<std::size_t>(rest.size(), 65536));
      rest = rest.subspan(chunk.size());
      const auto take = [&](ByteView piece) -> Status {
        benchmark::DoNotOptimize(piece.data());
        size += piece.size();
        return {};
      };
      if (!decoder->feed(chunk, take)) state.SkipWithError("does not decode");
    }
    if (!decoder->finish() || size != text().size()) state.SkipWithError("does not decode");
  }
  count_bytes(state, compression);
}

void plain_zlib(benchmark::State& state) {
  const Bytes& in = compressed(Compression::kGzip);
  Bytes out(text().size());
  for (auto _ : state) {
    z_stream zlib{};
    inflateInit2(&zlib, 31);
    zlib.next_in = const_cast<Bytef*>(in.data());
    zlib.avail_in = static_cast<uInt>(in.size());
    zlib.next_out = out.data();
    zlib.avail_out = static_cast<uInt>(out.size());
    if (inflate(&zlib, Z_FINISH) != Z_STREAM_END) state.SkipWithError("does not decode");
    inflateEnd(&zlib);
  }
  count_bytes(state, Compression::kGzip);
}

void plain_zstd(benchmark::State& state) {
  const Bytes& in = compressed(Compression::kZstd);
  Bytes out(text().size());
  for (auto _ : state) {
    if (ZSTD_decompress(out.data(), out.size(), in.data(), in.size()) != out.size())
      state.SkipWithError("does not decode");
  }
  count_bytes(state, Compression::kZstd);
}

BENCHMARK_CAPTURE(stream, none, Compression::kNone);
BENCHMARK_CAPTURE(stream, gzip, Compression::kGzip);
BENCHMARK(plain_zlib);
BENCHMARK_CAPTURE(stream, zstd, Compression::kZstd);
BENCHMARK(plain_zstd);

}  // namespace
}  // namespace brume::formats

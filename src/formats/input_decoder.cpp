#include "formats/input_decoder.h"

#include <algorithm>

#include "formats/gzip_decoder.h"
#include "formats/zstd_decoder.h"

namespace brume::formats {
namespace {

constexpr std::uint64_t kWindowWanted = std::uint64_t{8} << 20;   // of every decoder, by RFC 8878
constexpr std::uint64_t kWindowLimit = std::uint64_t{128} << 20;  // of the zstd tool, unless it is told --memory

class Identity final : public InputDecoder {
 public:
  Result<std::size_t> decode(ByteView& in, MutableByteView out) override {
    const std::size_t size = std::min(in.size(), out.size());
    if (size > 0) std::memcpy(out.data(), in.data(), size);
    in = in.subspan(size);
    return size;
  }
  Status finish() override { return {}; }
};

}  // namespace

std::string_view compression_name(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "none";
    case Compression::kGzip:
      return "gzip";
    case Compression::kZstd:
      return "zstd";
  }
  return "";
}

Result<CompressionChoice> parse_compression(std::string_view name) {
  if (name == "auto") return CompressionChoice();
  for (const Compression compression : {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    if (name == compression_name(compression)) return CompressionChoice(compression);
  }
  return fail(ErrorCode::kUsage, "compression: auto, none, gzip or zstd");
}

Compression recognise(ByteView begin) {
  const std::string_view text = as_chars(begin);
  if (text.starts_with(kGzipMagic)) return Compression::kGzip;
  return begin.size() >= kMagicSize && is_zstd_magic(begin.first(kMagicSize)) ? Compression::kZstd : Compression::kNone;
}

DecoderLimits decoder_limits_for_heap(std::uint64_t heap_size) {
  return {std::clamp(heap_size / 8, kWindowWanted, kWindowLimit)};
}

std::unique_ptr<InputDecoder> InputDecoder::create(Compression compression, const DecoderLimits& limits) {
  switch (compression) {
    case Compression::kNone:
      break;
    case Compression::kGzip:
      return std::make_unique<GzipDecoder>();
    case Compression::kZstd:
      return std::make_unique<ZstdDecoder>(limits);
  }
  return std::make_unique<Identity>();
}

}  // namespace brume::formats

// Compressed input becomes text, inside an enclave too: bytes in, bytes out, no file and no thread. Formats: gzip
// (RFC 1952) by zlib, Zstandard (RFC 8878) by libzstd; and none, which hands bytes through.
//
// Everything that a stream is made of is taken, one part after another as if they were one: all members of a gzip file,
// all frames of a zstd file; skippable frames are skipped. Checksums and sizes that the stream has are checked, but
// only at a part's end: what came out before an error may be wrong, and must not be used.
//
// A stream that ends between two parts is complete as far as its format can tell: that nothing was cut off there is for
// whoever authenticates the bytes.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::formats {

enum class Compression : std::uint8_t { kNone, kGzip, kZstd };

// "none", "gzip", "zstd".
std::string_view compression_name(Compression compression);

// What is asked for: one of these, or what the input begins with.
using CompressionChoice = std::optional<Compression>;
// "auto" or a name; the error lists them.
Result<CompressionChoice> parse_compression(std::string_view name);

// By the first bytes of an input, for whoever knows where it comes from; fewer than these only if it is shorter.
// Records of numbers may begin like a compressed file by accident: for those, say none.
inline constexpr std::size_t kMagicSize = 4;
Compression recognise(ByteView begin);

// What a stream may ask for: a zstd frame names the window that its decoder has to keep. RFC 8878 wants 8 MiB of every
// decoder; the zstd tool writes more with --ultra or --long only, and reads up to 128 MiB.
struct DecoderLimits {
  std::uint64_t window_size = std::uint64_t{8} << 20;
};
// For a process of that much memory: an eighth of it, within what the two sentences above say.
DecoderLimits decoder_limits_for_heap(std::uint64_t heap_size);

class InputDecoder {
 public:
  // Besides the window: zlib's 32 KiB window and state, or zstd's context and two blocks, both below this.
  static constexpr std::size_t kFixedMemory = 1u << 20;
  static constexpr std::size_t kPieceSize = 64u << 10;

  static std::unique_ptr<InputDecoder> create(Compression compression, const DecoderLimits& limits = {});
  virtual ~InputDecoder() = default;
  InputDecoder(const InputDecoder&) = delete;
  InputDecoder& operator=(const InputDecoder&) = delete;

  // Takes bytes off the front of `in` and fills `out`, which is not empty, as far as they go; says how much of it. Less
  // than all of `out` means that `in` is used up, or that the next call gives an error, as does every one after it.
  // Errors tell what is wrong, and where in the compressed bytes.
  virtual Result<std::size_t> decode(ByteView& in, MutableByteView out) = 0;
  // The input has ended, and all of it was decoded: an error if that is within a part, or one came before.
  virtual Status finish() = 0;

  // decode() until `in` is used up; sink(ByteView) -> Status gets pieces of 1 to kPieceSize bytes, which it copies.
  template <typename Sink>
  Status feed(ByteView in, Sink sink) {
    if (piece_.empty()) piece_.resize(kPieceSize);
    for (;;) {
      BRUME_ASSIGN(const std::size_t size, decode(in, piece_));
      if (size > 0) BRUME_TRY(sink(ByteView(piece_).first(size)));
      if (size < piece_.size() && in.empty()) return {};
    }
  }

 protected:
  InputDecoder() = default;

 private:
  Bytes piece_;
};

}  // namespace brume::formats

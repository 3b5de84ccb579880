// Zstandard frames (RFC 8878), one after another, skippable ones among them, by libzstd. Frames of its formats before
// 1.0, which libzstd would still read, and frames that need a dictionary are refused.
#pragma once

#include <zstd.h>

#include "formats/input_decoder.h"

namespace brume::formats {

// magic: kMagicSize bytes. Of a frame or a skippable one.
bool is_zstd_magic(ByteView magic);

class ZstdDecoder final : public InputDecoder {
 public:
  explicit ZstdDecoder(const DecoderLimits& limits);

  Result<std::size_t> decode(ByteView& in, MutableByteView out) override;
  Status finish() override;

 private:
  // Between frames: takes bytes of the next one's magic number, and begins the frame when they are all there.
  void begin_frame(ByteView& in);
  // One call of libzstd, with no more than it asked for; moves both on.
  void decompress_some(ByteView& in, MutableByteView& out);
  void end_frame();
  void fault_of(std::size_t code);
  void fault(ErrorCode code, const std::string& what);
  std::string window_words() const;

  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  std::uint64_t window_limit_ = 0;  // bytes, a power of two
  std::uint64_t offset_ = 0;        // in the compressed bytes
  std::uint64_t frame_begin_ = 0;
  std::uint64_t frame_count_ = 0;  // that have ended
  std::uint64_t text_size_ = 0;    // of this frame, so far
  bool in_frame_ = false;          // its magic number is behind us
  bool may_hold_more_ = false;     // libzstd filled all the room that it had
  // libzstd asks for a header or a block at a time; where the one at hand begins, and what is left of it.
  std::uint64_t step_begin_ = 0;
  std::size_t step_left_ = 0;
  // The frame's first bytes: what a frame header may take.
  static constexpr std::size_t kHeaderSize = 18;
  ByteArray<kHeaderSize> header_{};
  std::size_t header_size_ = 0;
  Status state_;
};

}  // namespace brume::formats

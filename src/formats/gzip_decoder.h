// Gzip members (RFC 1952), one after another, by zlib.
#pragma once

#include <zlib.h>

#include "formats/input_decoder.h"

namespace brume::formats {

inline constexpr std::string_view kGzipMagic = "\x1f\x8b";

class GzipDecoder final : public InputDecoder {
 public:
  GzipDecoder();
  ~GzipDecoder() override;

  Result<std::size_t> decode(ByteView& in, MutableByteView out) override;
  Status finish() override;

 private:
  // One call of zlib; moves both on.
  void inflate_some(ByteView& in, MutableByteView& out);
  // That what stands at the begin of a member is one.
  bool check_magic(ByteView in);
  void fault(ErrorCode code, const std::string& what);

  z_stream zlib_{};
  std::uint64_t offset_ = 0;  // in the compressed bytes
  std::uint64_t member_begin_ = 0;
  std::uint64_t member_count_ = 0;  // that have ended
  bool may_hold_more_ = false;      // zlib filled all the room that it had
  Status state_;
};

}  // namespace brume::formats

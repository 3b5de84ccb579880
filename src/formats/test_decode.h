// For tests: a decoder driven over bytes in pieces, as its callers do.
#pragma once

#include <algorithm>
#include <limits>
#include <string>

#include "base/check.h"
#include "formats/input_decoder.h"

namespace brume::formats {

struct Decoded {
  std::string text;
  Status status;
  bool is_cut = false;  // the text is longer than was looked at
  std::string error() const { return status ? "" : status.error().what; }
};

struct Pieces {
  std::size_t in = 1 << 20;
  std::size_t out = 65536;
  std::size_t text_limit = std::numeric_limits<std::size_t>::max();
};

inline Decoded decode_in_pieces(Compression compression, ByteView in, const Pieces& pieces,
                                const DecoderLimits& limits = {}) {
  const auto decoder = InputDecoder::create(compression, limits);
  Decoded decoded;
  Bytes out(pieces.out);
  while (!in.empty()) {
    // A piece of its own: a read behind it is seen by sanitizers.
    const Bytes piece = to_bytes(in.first(std::min(in.size(), pieces.in)));
    in = in.subspan(piece.size());
    ByteView rest = piece;
    for (std::size_t size = out.size(); size == out.size() || !rest.empty();) {
      const std::size_t before = rest.size();
      const auto got = decoder->decode(rest, out);
      if (!got) {
        decoded.status = std::unexpected(got.error());
        return decoded;
      }
      size = *got;
      BRUME_CHECK(size > 0 || rest.empty());
      BRUME_CHECK(rest.size() <= before && size <= out.size());
      decoded.text += as_chars(ByteView(out).first(size));
      decoded.is_cut = decoded.text.size() > pieces.text_limit;
      if (decoded.is_cut) return decoded;
    }
    BRUME_CHECK(rest.empty());
  }
  decoded.status = decoder->finish();
  return decoded;
}

}  // namespace brume::formats

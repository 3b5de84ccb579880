// Any bytes as gzip or zstd: what decodes is what the library's own one-shot decoding gives, whatever the pieces, and
// what is refused in one way of cutting is refused in every other. The first three bytes choose format and pieces.
#define ZSTD_STATIC_LINKING_ONLY  // frame headers
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "formats/test_decode.h"

namespace brume::formats {
namespace {

constexpr std::size_t kTextLimit = 256u << 10;  // what this target looks at, of a bomb

Decoded decode(Compression compression, ByteView in, std::size_t in_size, std::size_t out_size) {
  return decode_in_pieces(compression, in, {in_size, out_size, kTextLimit});
}

// Nothing if it is refused; so is a text over the limit.
std::optional<Bytes> gzip_at_once(ByteView in) {
  if (in.empty()) return std::nullopt;
  Bytes out(kTextLimit + 1);
  std::size_t size = 0;
  while (!in.empty()) {
    z_stream zlib{};
    BRUME_CHECK(inflateInit2(&zlib, 31) == Z_OK);
    zlib.next_in = const_cast<Bytef*>(in.data());
    zlib.avail_in = static_cast<uInt>(in.size());
    zlib.next_out = out.data() + size;
    zlib.avail_out = static_cast<uInt>(out.size() - size);
    const int code = inflate(&zlib, Z_FINISH);
    size += zlib.total_out;
    in = in.subspan(zlib.total_in);
    inflateEnd(&zlib);
    if (code != Z_STREAM_END) return std::nullopt;
  }
  out.resize(size);
  return out;
}

std::optional<Bytes> zstd_at_once(ByteView in) {
  if (in.empty()) return std::nullopt;
  Bytes out(kTextLimit + 1);
  const std::size_t size = ZSTD_decompress(out.data(), out.size(), in.data(), in.size());
  if (ZSTD_isError(size) != 0) return std::nullopt;
  out.resize(size);
  return out;
}

// Formats before 1.0, which the library takes and we do not.
bool may_be_old_zstd(ByteView in) {
  for (std::size_t at = 0; at + 4 <= in.size(); ++at) {
    const bool is_old =
        in[at] >= 0x22 && in[at] <= 0x27 && in[at + 1] == 0xB5 && in[at + 2] == 0x2F && in[at + 3] == 0xFD;
    const bool is_oldest = in[at] == 0xFD && in[at + 1] == 0x2F && in[at + 2] == 0xB5 && in[at + 3] == 0x1E;
    if (is_old || is_oldest) return true;
  }
  return false;
}

// A block that gives more than its frame's largest block may (RFC 8878, 3.1.1.2.4): libzstd's one-shot decoding does
// not look at that where a block repeats one byte; as a stream it does.
bool has_large_block(ByteView in) {
  while (in.size() >= kMagicSize) {
    const std::size_t frame_size = ZSTD_findFrameCompressedSize(in.data(), in.size());
    ZSTD_frameHeader header;
    if (ZSTD_isError(frame_size) != 0 || ZSTD_getFrameHeader(&header, in.data(), in.size()) != 0) return false;
    ByteView blocks = in.first(frame_size);
    in = in.subspan(frame_size);
    if (header.frameType == ZSTD_skippableFrame) continue;
    blocks = blocks.subspan(header.headerSize);
    for (bool last = false; !last && blocks.size() >= 3;) {
      const std::uint32_t block =
          blocks[0] | static_cast<std::uint32_t>(blocks[1]) << 8 | static_cast<std::uint32_t>(blocks[2]) << 16;
      const bool repeats = (block >> 1 & 3) == 1;
      last = (block & 1) != 0;
      if (repeats && block >> 3 > header.blockSizeMax) return true;
      blocks = blocks.subspan(std::min<std::size_t>(blocks.size(), 3 + (repeats ? 1 : block >> 3)));
    }
  }
  return false;
}

void check(Compression compression, ByteView in, std::size_t in_size, std::size_t out_size) {
  const Decoded decoded = decode(compression, in, in_size, out_size);
  const Decoded whole = decode(compression, in, std::max<std::size_t>(in.size(), 1), 65536);
  // How much comes out before an error depends on the pieces; that it is one does not.
  if (decoded.is_cut || whole.is_cut) {
    BRUME_CHECK((decoded.is_cut || !decoded.status) && (whole.is_cut || !whole.status));
    return;
  }
  BRUME_CHECK(decoded.status.has_value() == whole.status.has_value());
  BRUME_CHECK(decoded.text == whole.text || !decoded.status);
  if (!decoded.status && decoded.status.error().code == ErrorCode::kLimit) return;
  const auto at_once = compression == Compression::kGzip ? gzip_at_once(in) : zstd_at_once(in);
  const bool refuses_more = at_once && !decoded.status && compression == Compression::kZstd;
  if (refuses_more && (may_be_old_zstd(in) || has_large_block(in))) return;
  BRUME_CHECK(at_once.has_value() == decoded.status.has_value());
  if (at_once) BRUME_CHECK(as_chars(*at_once) == decoded.text);
  // Between two parts, and nowhere else, an input may end unnoticed: what it begins with is then the text's begin.
  if (decoded.status && !in.empty()) {
    const Decoded shorter = decode(compression, in.first(in.size() - 1), in_size, out_size);
    BRUME_CHECK(shorter.text.size() <= decoded.text.size() &&
                std::equal(shorter.text.begin(), shorter.text.end(), decoded.text.begin()));
  }
}

}  // namespace
}  // namespace brume::formats

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using brume::formats::Compression;
  if (size < 3) return 0;
  const brume::ByteView bytes(data + 3, size - 3);
  brume::formats::check(data[0] % 2 == 0 ? Compression::kGzip : Compression::kZstd, bytes, 1 + data[1],
                        1 + 16 * data[2]);
  return 0;
}

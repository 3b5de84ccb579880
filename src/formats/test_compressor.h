// For tests: compressed bytes of every kind that a decoder meets.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace brume::formats {

// A member; with a name, comment, extra field and header checksum if asked.
inline Bytes gzip_member(std::string_view text, int level = 6, bool full_header = false) {
  z_stream zlib{};
  BRUME_CHECK(deflateInit2(&zlib, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string extra(300, 'x');
  std::string name = "name";
  std::string comment(70, 'c');
  gz_header header{};
  header.extra = reinterpret_cast<Bytef*>(extra.data());
  header.extra_len = static_cast<uInt>(extra.size());
  header.name = reinterpret_cast<Bytef*>(name.data());
  header.comment = reinterpret_cast<Bytef*>(comment.data());
  header.hcrc = 1;
  if (full_header) BRUME_CHECK(deflateSetHeader(&zlib, &header) == Z_OK);
  Bytes out(deflateBound(&zlib, static_cast<uLong>(text.size())) + 1000);
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = out.data();
  zlib.avail_out = static_cast<uInt>(out.size());
  BRUME_CHECK(deflate(&zlib, Z_FINISH) == Z_STREAM_END);
  out.resize(zlib.total_out);
  deflateEnd(&zlib);
  return out;
}

struct ZstdOptions {
  int level = 3;
  bool checksum = true;
  bool content_size = true;
  int window_log = 0;  // 0: by level and size
};
inline Bytes zstd_frame(std::string_view text, const ZstdOptions& options = {}) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, options.level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, options.checksum ? 1 : 0);
  if (options.window_log != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, options.window_log);
  Bytes out(ZSTD_compressBound(text.size()) + 1000);
  ZSTD_outBuffer target{out.data(), out.size(), 0};
  ZSTD_inBuffer source{text.data(), text.size(), 0};
  if (options.content_size) ZSTD_CCtx_setPledgedSrcSize(context, text.size());
  // In two calls: the size is not known beforehand where nobody tells it.
  if (!options.content_size) ZSTD_compressStream2(context, &target, &source, ZSTD_e_continue);
  BRUME_CHECK(ZSTD_compressStream2(context, &target, &source, ZSTD_e_end) == 0);
  out.resize(target.pos);
  ZSTD_freeCCtx(context);
  return out;
}

inline Bytes skippable_frame(std::size_t size, std::uint8_t kind = 0) {
  Bytes out{static_cast<std::uint8_t>(0x50 + kind), 0x2A, 0x4D, 0x18};
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(size >> (8 * i)));
  out.insert(out.end(), size, std::uint8_t{0x28});
  return out;
}

inline Bytes joined(const std::vector<Bytes>& parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}

}  // namespace brume::formats

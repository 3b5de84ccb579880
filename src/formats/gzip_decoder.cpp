#include "formats/gzip_decoder.h"

#include <algorithm>

namespace brume::formats {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;                // no zlib header, no bare deflate
constexpr std::size_t kStepSize = std::size_t{1} << 30;  // zlib counts in 32 bits

std::string_view or_unknown(const char* text) { return text == nullptr ? "no reason given" : text; }

std::string words_for(const char* zlib_text) {
  const std::string_view text = or_unknown(zlib_text);
  if (text == "incorrect data check") return "wrong checksum (CRC-32)";
  if (text == "incorrect length check") return "wrong size at its end";
  if (text == "header crc mismatch") return "wrong checksum of its header";
  return std::string(text);
}

// What only begins like gzip fails in the first header.
bool is_of_header(const char* zlib_text) {
  return or_unknown(zlib_text) == "unknown compression method" || or_unknown(zlib_text) == "unknown header flags set";
}

}  // namespace

GzipDecoder::GzipDecoder() {
  if (inflateInit2(&zlib_, kGzipOnly) != Z_OK) state_ = fail(ErrorCode::kLimit, "gzip: out of memory");
}

GzipDecoder::~GzipDecoder() { inflateEnd(&zlib_); }

Result<std::size_t> GzipDecoder::decode(ByteView& in, MutableByteView out) {
  const std::size_t wanted = out.size();
  while (state_ && !out.empty() && (!in.empty() || may_hold_more_)) {
    if (check_magic(in)) inflate_some(in, out);
  }
  if (!state_ && wanted == out.size()) return std::unexpected(state_.error());
  return wanted - out.size();
}

bool GzipDecoder::check_magic(ByteView in) {
  for (std::uint64_t at = offset_ - member_begin_; at < kGzipMagic.size() && !in.empty(); ++at) {
    if (as_chars(in).front() != kGzipMagic[static_cast<std::size_t>(at)]) {
      fault(ErrorCode::kMalformed, member_count_ == 0 ? "not a gzip file" : "garbage behind the last member");
      return false;
    }
    in = in.subspan(1);
  }
  return true;
}

void GzipDecoder::inflate_some(ByteView& in, MutableByteView& out) {
  const std::size_t in_size = std::min(in.size(), kStepSize);
  const std::size_t out_size = std::min(out.size(), kStepSize);
  zlib_.next_in = const_cast<Bytef*>(in.data());  // zlib writes through it in no case
  zlib_.avail_in = static_cast<uInt>(in_size);
  zlib_.next_out = out.data();
  zlib_.avail_out = static_cast<uInt>(out_size);
  const int code = inflate(&zlib_, Z_NO_FLUSH);
  const std::size_t consumed = in_size - zlib_.avail_in;
  const std::size_t produced = out_size - zlib_.avail_out;
  in = in.subspan(consumed);
  out = out.subspan(produced);
  offset_ += consumed;
  may_hold_more_ = zlib_.avail_out == 0 && code == Z_OK;
  switch (code) {
    case Z_STREAM_END:
      ++member_count_;
      member_begin_ = offset_;
      inflateReset(&zlib_);  // fails for a stream that is not set up only
      break;
    case Z_OK:
    case Z_BUF_ERROR:
      // Right where zlib was asked whether it holds more, only.
      if (consumed == 0 && produced == 0 && !in.empty()) fault(ErrorCode::kMalformed, "no progress");
      break;
    case Z_MEM_ERROR:
      fault(ErrorCode::kLimit, "out of memory");
      break;
    default:
      fault(ErrorCode::kMalformed, words_for(zlib_.msg) + (member_count_ == 0 && is_of_header(zlib_.msg)
                                                               ? " (--compression none, if it is not compressed)"
                                                               : ""));
  }
}

Status GzipDecoder::finish() {
  if (state_ && offset_ > member_begin_) fault(ErrorCode::kMalformed, "the input ends within it");
  if (state_ && member_count_ == 0) fault(ErrorCode::kMalformed, "the input is empty");
  return state_;
}

void GzipDecoder::fault(ErrorCode code, const std::string& what) {
  state_ =
      fail(code, "gzip: member " + std::to_string(member_count_ + 1) + " (from byte " + std::to_string(member_begin_) +
                     " of the compressed input): " + what + ", at byte " + std::to_string(offset_));
}

}  // namespace brume::formats

#include "formats/zstd_decoder.h"

#include <zstd_errors.h>

#include <algorithm>
#include <bit>

namespace brume::formats {
namespace {

constexpr std::uint32_t kFrameMagic = 0xFD2FB528;
constexpr std::uint32_t kSkippableMagic = 0x184D2A50;  // and the 15 after it

std::uint64_t little_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

// What a frame's header asks for (RFC 8878, 3.1.1.1); 0 where it has not come whole.
std::uint64_t window_size_of(ByteView header) {
  if (header.size() < kMagicSize + 2) return 0;
  const std::uint8_t descriptor = header[kMagicSize];
  const ByteView rest = header.subspan(kMagicSize + 1);
  const bool single_segment = (descriptor >> 5 & 1) != 0;
  if (!single_segment) {
    const std::uint64_t base = std::uint64_t{1} << (10 + (rest[0] >> 3));
    return base + base / 8 * (rest[0] & 7u);
  }
  // The content is the window; its size stands behind the dictionary's number.
  constexpr std::size_t kDictionarySizes[] = {0, 1, 2, 4};
  constexpr std::size_t kContentSizes[] = {1, 2, 4, 8};
  const std::size_t begin = kDictionarySizes[descriptor & 3];
  const std::size_t size = kContentSizes[descriptor >> 6];
  if (rest.size() < begin + size) return 0;
  return little_endian(rest.subspan(begin, size)) + (size == 2 ? 256 : 0);
}

// In the largest unit that divides it.
std::string size_words(std::uint64_t size) {
  if (size % (1u << 20) == 0) return std::to_string(size >> 20) + " MiB";
  if (size % (1u << 10) == 0) return std::to_string(size >> 10) + " KiB";
  return std::to_string(size) + " bytes";
}

}  // namespace

bool is_zstd_magic(ByteView magic) {
  const std::uint64_t number = little_endian(magic);
  return number == kFrameMagic || (number & ~std::uint64_t{15}) == kSkippableMagic;
}

ZstdDecoder::ZstdDecoder(const DecoderLimits& limits) : context_(ZSTD_createDCtx()) {
  const ZSTD_bounds bounds = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
  const int log =
      std::clamp(static_cast<int>(std::bit_width(limits.window_size)) - 1, bounds.lowerBound, bounds.upperBound);
  window_limit_ = std::uint64_t{1} << log;
  if (context_ == nullptr || ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, log)) != 0)
    state_ = fail(ErrorCode::kLimit, "zstd: out of memory");
}

Result<std::size_t> ZstdDecoder::decode(ByteView& in, MutableByteView out) {
  const std::size_t wanted = out.size();
  while (state_ && !out.empty() && (!in.empty() || may_hold_more_)) {
    if (in_frame_) {
      decompress_some(in, out);
    } else {
      begin_frame(in);
    }
  }
  if (!state_ && wanted == out.size()) return std::unexpected(state_.error());
  return wanted - out.size();
}

void ZstdDecoder::begin_frame(ByteView& in) {
  const std::size_t taken = std::min(in.size(), kMagicSize - header_size_);
  std::copy_n(in.begin(), taken, header_.begin() + header_size_);
  header_size_ += taken;
  offset_ += taken;
  in = in.subspan(taken);
  if (header_size_ < kMagicSize) return;
  if (!is_zstd_magic(ByteView(header_).first(kMagicSize))) {
    offset_ = frame_begin_;
    return fault(ErrorCode::kMalformed, frame_count_ == 0 ? "not a zstd file" : "garbage behind the last frame");
  }
  in_frame_ = true;
  step_left_ = 0;
  ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
  ByteView magic = ByteView(header_).first(kMagicSize);
  MutableByteView no_room;
  offset_ -= kMagicSize;
  decompress_some(magic, no_room);
}

void ZstdDecoder::decompress_some(ByteView& in, MutableByteView& out) {
  ZSTD_inBuffer source{in.data(), step_left_ == 0 ? in.size() : std::min(in.size(), step_left_), 0};
  ZSTD_outBuffer target{out.data(), out.size(), 0};
  const std::size_t code = ZSTD_decompressStream(context_.get(), &target, &source);
  if (header_size_ < kHeaderSize && offset_ - frame_begin_ == header_size_) {
    const std::size_t more = std::min(source.size, kHeaderSize - header_size_);
    std::copy_n(in.begin(), more, header_.begin() + header_size_);
    header_size_ += more;
  }
  if (ZSTD_isError(code) != 0) return fault_of(code);
  if (source.pos == 0 && target.pos == 0 && !in.empty() && code != 0)
    return fault(ErrorCode::kMalformed, "no progress");
  in = in.subspan(source.pos);
  out = out.subspan(target.pos);
  offset_ += source.pos;
  text_size_ += target.pos;
  may_hold_more_ = target.pos == target.size && target.size > 0;
  step_left_ -= std::min(step_left_, source.pos);
  if (step_left_ == 0) {
    step_begin_ = offset_;
    step_left_ = code;
  }
  if (code == 0) end_frame();
}

// libzstd does not look at the size where a frame's last block is empty.
void ZstdDecoder::end_frame() {
  const std::uint64_t said = ZSTD_getFrameContentSize(header_.data(), header_size_);
  if (said != ZSTD_CONTENTSIZE_UNKNOWN && said != text_size_)
    return fault(ErrorCode::kMalformed, "is not as long as its header says");
  ++frame_count_;
  frame_begin_ = offset_;
  header_size_ = 0;
  text_size_ = 0;
  in_frame_ = false;
  may_hold_more_ = false;
}

Status ZstdDecoder::finish() {
  step_begin_ = offset_;
  if (state_ && offset_ > frame_begin_) fault(ErrorCode::kMalformed, "the input ends within it");
  if (state_ && frame_count_ == 0) fault(ErrorCode::kMalformed, "the input is empty");
  return state_;
}

void ZstdDecoder::fault_of(std::size_t code) {
  switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_checksum_wrong:
      return fault(ErrorCode::kMalformed, "wrong checksum (XXH64)");
    case ZSTD_error_dictionary_wrong:
      return fault(ErrorCode::kUnsupported, "needs a dictionary; compress it without one");
    case ZSTD_error_frameParameter_windowTooLarge:
      return fault(ErrorCode::kLimit, window_words());
    case ZSTD_error_memory_allocation:
      return fault(ErrorCode::kLimit, "out of memory");
    default:
      return fault(ErrorCode::kMalformed, ZSTD_getErrorName(code));
  }
}

std::string ZstdDecoder::window_words() const {
  const std::uint64_t needed = window_size_of(ByteView(header_).first(header_size_));
  return "needs a window of " + (needed == 0 ? "more" : size_words(needed)) + ", and " + size_words(window_limit_) +
         " is the limit: give more memory, or compress it with zstd --long=" +
         std::to_string(std::bit_width(window_limit_) - 1) + " or less";
}

void ZstdDecoder::fault(ErrorCode code, const std::string& what) {
  state_ = fail(code, "zstd: frame " + std::to_string(frame_count_ + 1) + " (from byte " +
                          std::to_string(frame_begin_) + " of the compressed input): " + what + ", at byte " +
                          std::to_string(in_frame_ ? step_begin_ : offset_));
}

}  // namespace brume::formats

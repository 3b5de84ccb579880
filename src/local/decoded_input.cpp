#include "local/decoded_input.h"

namespace brume::local {
namespace {

constexpr std::size_t kReadSize = 256u << 10;
// More than a magic number takes, because an input looks at its own begin too: whether it is sealed.
constexpr std::size_t kBeginSize = 4u << 10;

}  // namespace

Result<DecodedInput> DecodedInput::open(Input& input, const formats::CompressionChoice& choice,
                                        const formats::DecoderLimits& limits) {
  Bytes begin(kBeginSize);
  BRUME_ASSIGN(const std::size_t size, input.read(begin));
  begin.resize(size);
  DecodedInput decoded(input, choice.value_or(formats::recognise(begin)), limits);
  decoded.empty_ = size == 0;
  if (input.rewind()) return decoded;
  // A pipe: what was read of it is all that there is.
  decoded.encoded_ = std::move(begin);
  decoded.input_ended_ = size < kBeginSize;
  return decoded;
}

std::optional<std::uint64_t> DecodedInput::size() const {
  if (compression_ != formats::Compression::kNone) return std::nullopt;
  return empty_ ? 0 : input_.size();
}

Result<bool> DecodedInput::refill() {
  if (used_ < encoded_.size() || input_ended_) return used_ < encoded_.size();
  encoded_.resize(kReadSize);
  BRUME_ASSIGN(const std::size_t size, input_.read(encoded_));
  input_ended_ = size < kReadSize;
  encoded_.resize(size);
  used_ = 0;
  return size > 0;
}

Result<std::size_t> DecodedInput::read(MutableByteView out) {
  std::size_t done = 0;
  while (done < out.size() && !ended_) {
    if (compression_ == formats::Compression::kNone && used_ == encoded_.size() && !input_ended_) {
      BRUME_ASSIGN(const std::size_t size, input_.read(out.subspan(done)));
      return done + size;
    }
    if (!decoder_) decoder_ = formats::InputDecoder::create(compression_, limits_);
    BRUME_ASSIGN(const bool has_more, refill());
    ByteView rest = ByteView(encoded_).subspan(used_);
    // Once more at the end, for what the decoder still holds.
    BRUME_ASSIGN(const std::size_t size, decoder_->decode(rest, out.subspan(done)));
    used_ = encoded_.size() - rest.size();
    done += size;
    if (size > 0 || has_more) continue;
    BRUME_TRY(decoder_->finish());
    release();
    ended_ = true;
  }
  return done;
}

Status DecodedInput::rewind() {
  BRUME_TRY(input_.rewind());
  release();
  input_ended_ = false;
  ended_ = false;
  return {};
}

void DecodedInput::release() {
  decoder_.reset();
  encoded_ = {};
  used_ = 0;
}

}  // namespace brume::local

#include "sealed/stream.h"

#include "base/check.h"
#include "base/reader.h"
#include "base/writer.h"

namespace brume::sealed {

namespace {

constexpr std::string_view kContext = "brume-block/1";
constexpr std::size_t kSequenceOffset = detail::kStreamAadSize - 9;
// How far around the expected sequence a block that does not open is looked for.
constexpr std::uint64_t kDiagnosisReach = 32;

ErrorCode code_of(StreamFault fault) {
  return fault == StreamFault::kSize || fault == StreamFault::kPadding ? ErrorCode::kMalformed : ErrorCode::kAuthFailed;
}

const char* meaning(StreamFault fault) {
  switch (fault) {
    case StreamFault::kNone:
      return "no fault";
    case StreamFault::kSize:
      return "not the size or flags of a sealed block";
    case StreamFault::kForeign:
      return "does not open: of another run, task, attempt or partition, or altered";
    case StreamFault::kRepeated:
      return "is an earlier block of this stream again";
    case StreamFault::kReordered:
      return "is a later block of this stream: one was dropped or they were reordered";
    case StreamFault::kAfterLast:
      return "comes after the last block";
    case StreamFault::kTruncated:
      return "the last block never came: the stream was cut";
    case StreamFault::kTotals:
      return "whole, but not the stream that was committed";
    case StreamFault::kPadding:
      return "padding is not zeros or its size does not fit";
  }
  return "unknown";
}

}  // namespace

const char* stream_fault_name(StreamFault fault) {
  switch (fault) {
    case StreamFault::kNone:
      return "none";
    case StreamFault::kSize:
      return "block-size";
    case StreamFault::kForeign:
      return "block-foreign";
    case StreamFault::kRepeated:
      return "block-repeated";
    case StreamFault::kReordered:
      return "block-reordered";
    case StreamFault::kAfterLast:
      return "block-after-last";
    case StreamFault::kTruncated:
      return "stream-truncated";
    case StreamFault::kTotals:
      return "stream-totals";
    case StreamFault::kPadding:
      return "block-padding";
  }
  return "unknown";
}

namespace detail {

BlockNames::BlockNames(const StreamId& id) {
  Bytes aad = Writer()
                  .raw(as_bytes(kContext))
                  .raw(id.descriptor_hash.view())
                  .u8(id.stage)
                  .u32le(id.split)
                  .u32le(id.split_count)
                  .u32le(id.partition)
                  .u32le(id.partition_count)
                  .raw(id.salt.view())
                  .u64le(0)
                  .u8(0)
                  .take();
  BRUME_CHECK(aad.size() == aad_.size());
  std::memcpy(aad_.data(), aad.data(), aad_.size());
}

ByteView BlockNames::aad(std::uint64_t sequence, std::uint8_t flags) {
  for (std::size_t i = 0; i < 8; ++i) aad_[kSequenceOffset + i] = static_cast<std::uint8_t>(sequence >> 8 * i);
  aad_.back() = flags;
  return aad_;
}

crypto::AeadNonce BlockNames::nonce(std::uint64_t sequence) {
  crypto::AeadNonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(sequence >> 8 * i);
  return nonce;
}

}  // namespace detail

BlockSealer::BlockSealer(const crypto::Key32& key, const StreamId& id) : BlockSealer(key, id, Options{}) {}

BlockSealer::BlockSealer(const crypto::Key32& key, const StreamId& id, const Options& options)
    : aead_(key),
      names_(id),
      padding_(options.padding),
      padded_(options.padding.on()),
      block_size_(options.block_size),
      capacity_(options.block_size - (padded_ ? detail::kPaddedHeaderSize : 0)) {
  BRUME_CHECK(options.block_size > detail::kPaddedHeaderSize && options.block_size <= kBlockPlaintextLimit);
}

// Nothing is reserved for a stream that stays empty.
std::uint8_t* BlockSealer::buffer() {
  if (!buffer_) buffer_ = {new std::uint8_t[block_size_], detail::WipeAndFree{block_size_}};
  return buffer_.get() + (padded_ ? detail::kPaddedHeaderSize : 0);
}

MutableByteView BlockSealer::room() { return {buffer() + used_, capacity_ - used_}; }

void BlockSealer::add_zeros(std::size_t size) {
  std::memset(buffer() + used_, 0, size);
  used_ += size;
  zeros_ += size;
}

// Whole blocks straight from the caller's bytes.
ByteView BlockSealer::seal(ByteView plaintext, bool last, MutableByteView out) {
  direct_size_ += plaintext.size();
  return seal_block(plaintext, last, out);
}

ByteView BlockSealer::seal_filled(bool last, MutableByteView out) {
  if (!padded_) {
    ByteView sealed = seal_block(used_ == 0 ? ByteView() : ByteView(buffer(), used_), last, out);
    used_ = 0;
    return sealed;
  }
  std::uint8_t* start = buffer() - detail::kPaddedHeaderSize;
  std::size_t data = used_ - zeros_;
  for (std::size_t i = 0; i < detail::kPaddedHeaderSize; ++i) start[i] = static_cast<std::uint8_t>(data >> 8 * i);
  ByteView sealed = seal_block({start, used_ + detail::kPaddedHeaderSize}, last, out);
  used_ = 0;
  zeros_ = 0;
  return sealed;
}

ByteView BlockSealer::seal_block(ByteView plaintext, bool last, MutableByteView out) {
  BRUME_CHECK(!finished_ && totals_.block_count < kBlockCountLimit);
  MutableByteView sealed = out.first(plaintext.size() + kBlockOverhead);
  std::uint8_t flags = static_cast<std::uint8_t>((last ? detail::kFlagLast : 0) | (padded_ ? detail::kFlagPadded : 0));
  sealed[0] = flags;
  std::uint64_t sequence = totals_.block_count++;
  aead_.seal(detail::BlockNames::nonce(sequence), names_.aad(sequence, flags), plaintext, sealed.subspan(1));
  tags_.update(sealed.last(crypto::kAeadTagSize));
  totals_.sealed_size += sealed.size();
  finished_ = last;
  return sealed;
}

std::uint64_t BlockSealer::padded_rest() const { return padding_.padded(data_size()) - data_size(); }

StreamTotals BlockSealer::close() {
  totals_.digest = tags_.finish();
  return totals_;
}

BlockOpener::BlockOpener(const crypto::Key32& key, const StreamId& id)
    : aead_(key),
      names_(id),
      place_("stream of stage " + std::to_string(id.stage) + ", split " + std::to_string(id.split) + ", partition " +
             std::to_string(id.partition)) {}

std::unexpected<Error> BlockOpener::refuse(StreamFault fault) {
  fault_ = fault;
  return fail(code_of(fault), place_ + ": " + stream_fault_name(fault) + ": " + meaning(fault));
}

std::unexpected<Error> BlockOpener::refuse_block(StreamFault fault, std::uint64_t sequence) {
  fault_ = fault;
  return fail(code_of(fault),
              place_ + ": " + stream_fault_name(fault) + ": block " + std::to_string(sequence) + " " + meaning(fault));
}

bool BlockOpener::try_open(std::uint64_t sequence, ByteView sealed, MutableByteView out) {
  return aead_.open(detail::BlockNames::nonce(sequence), names_.aad(sequence, sealed[0]), sealed.subspan(1), out);
}

StreamFault BlockOpener::diagnose(ByteView sealed, MutableByteView out) {
  std::uint64_t expected = totals_.block_count;
  StreamFault found = StreamFault::kForeign;
  for (std::uint64_t i = 1; i <= kDiagnosisReach && found == StreamFault::kForeign; ++i) {
    if (expected >= i && try_open(expected - i, sealed, out)) found = StreamFault::kRepeated;
    if (try_open(expected + i, sealed, out)) found = StreamFault::kReordered;
  }
  crypto::wipe(out);
  return found;
}

Result<ByteView> BlockOpener::open(ByteView sealed, MutableByteView out) {
  if (fault_ != StreamFault::kNone || closed_) return fail(ErrorCode::kState, place_ + ": refused or closed before");
  std::uint64_t sequence = totals_.block_count;
  if (ended_) return refuse_block(StreamFault::kAfterLast, sequence);
  if (sealed.size() < kBlockOverhead || sealed.size() > kSealedBlockLimit ||
      (sealed[0] & ~(detail::kFlagLast | detail::kFlagPadded)) != 0) {
    return refuse_block(StreamFault::kSize, sequence);
  }
  MutableByteView plaintext = out.first(sealed.size() - kBlockOverhead);
  if (!try_open(sequence, sealed, plaintext)) return refuse_block(diagnose(sealed, plaintext), sequence);
  tags_.update(sealed.last(crypto::kAeadTagSize));
  ++totals_.block_count;
  totals_.sealed_size += sealed.size();
  ended_ = (sealed[0] & detail::kFlagLast) != 0;
  if ((sealed[0] & detail::kFlagPadded) == 0) return plaintext;
  return without_padding(plaintext);
}

Result<ByteView> BlockOpener::without_padding(ByteView plaintext) {
  std::uint64_t sequence = totals_.block_count - 1;
  Reader reader(plaintext);
  std::uint32_t size = reader.u32le();
  ByteView data = reader.take(size);
  if (!reader.ok()) return refuse_block(StreamFault::kPadding, sequence);
  for (std::uint8_t byte : reader.rest()) {
    if (byte != 0) return refuse_block(StreamFault::kPadding, sequence);
  }
  return data;
}

Status BlockOpener::finish(const StreamTotals& committed) {
  if (fault_ != StreamFault::kNone || closed_) return fail(ErrorCode::kState, place_ + ": refused or closed before");
  if (!ended_) return refuse(StreamFault::kTruncated);
  closed_ = true;
  totals_.digest = tags_.finish();
  if (totals_ != committed) return refuse(StreamFault::kTotals);
  return {};
}

}  // namespace brume::sealed

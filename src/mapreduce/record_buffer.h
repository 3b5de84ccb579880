// Bytes that come in pieces, as one text that records are taken off.
#pragma once

#include <brume/varint.h>

#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::mapreduce {

// Opened bytes of one stream, cut anywhere.
class PieceSource {
 public:
  virtual ~PieceSource() = default;
  // Empty at the end. The view is valid until the next call.
  virtual Result<ByteView> next() = 0;
  // Whether next() shows what lies in memory: to read it ahead would win nothing.
  virtual bool at_hand() const { return false; }
};

// The first 8 bytes of a key as a number that compares as they do; zeros behind a short one. 8 bytes are readable.
inline std::uint64_t key_prefix(const std::uint8_t* key, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, key, sizeof word);
  if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
  return size >= 8 ? word : (size == 0 ? 0 : word & (~std::uint64_t{0} << (64 - 8 * size)));
}

class RecordBuffer {
 public:
  // Readable bytes after the content, so that short copies and prefixes need no branch.
  static constexpr std::size_t kSlack = 64;

  explicit RecordBuffer(PieceSource& source) : source_(&source), buffer_(kSlack) {}

  const std::uint8_t* data() const { return buffer_.data() + at_; }
  std::size_t size() const { return size_ - at_; }
  void skip(std::size_t size) { at_ += size; }

  // Has at least so many bytes, unless the stream ends before. What data() pointed to moves.
  Status want(std::size_t least) {
    if (size() >= least || ended_) return {};
    return refill(least);
  }
  // False: cut or malformed.
  bool varint(std::uint64_t& value) {
    const std::uint8_t* at = data();
    if (get_varint(at, buffer_.data() + size_, value) != VarintResult::kDone) return false;
    at_ = static_cast<std::size_t>(at - buffer_.data());
    return true;
  }

 private:
  Status refill(std::size_t least) {
    const std::size_t rest = size();
    std::memmove(buffer_.data(), data(), rest);
    at_ = 0;
    size_ = rest;
    while (size_ < least && !ended_) {
      BRUME_ASSIGN(const ByteView piece, source_->next());
      ended_ = piece.empty();
      if (buffer_.size() < size_ + piece.size() + kSlack) {
        // As much as is needed where a record is long, but no more again than there is: a size alone asks for no
        // memory. Else room for what one more piece may bring.
        const std::size_t there = size_ + piece.size();
        const std::size_t lacking = least > there ? std::min(least - there, there) : 0;
        buffer_.resize(there + std::max(lacking, piece.size() / 4) + kSlack);
      }
      if (!piece.empty()) std::memcpy(buffer_.data() + size_, piece.data(), piece.size());
      size_ += piece.size();
    }
    return {};
  }

  PieceSource* source_;
  Bytes buffer_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  bool ended_ = false;
};

}  // namespace brume::mapreduce

// The payload of an age v1 file (C2SP age.md, "Payload"): chunks of 64 KiB, each sealed with
// ChaCha20-Poly1305 under nonce = chunk index (11 bytes, big-endian) || 1 for the final chunk, else 0.
// So chunks open at random, and only the final one says where the file ends.
#pragma once

#include "crypto/aead.h"
#include "sealed/age_header.h"

namespace brume::sealed {

inline constexpr std::size_t kAgeChunkSize = 64u << 10;
inline constexpr std::size_t kAgeSealedChunkSize = kAgeChunkSize + crypto::kAeadTagSize;
// 2^40 chunks are 64 PiB.
inline constexpr std::uint64_t kAgeChunkCountLimit = 1ull << 40;

// Where the chunks of a file lie, by its size alone: as good as whoever told the size.
struct ClaimedAgeLayout {
  std::uint64_t payload_offset = 0;     // bytes before the first chunk
  std::uint64_t chunk_count = 0;        // at least 1
  std::uint32_t final_sealed_size = 0;  // 16 (only in an empty file) to kAgeSealedChunkSize

  // Refuses sizes that no age file has.
  static Result<ClaimedAgeLayout> from_file_size(std::uint64_t payload_offset, std::uint64_t file_size);
  // Of the file that seals that much.
  static ClaimedAgeLayout from_plaintext_size(std::uint64_t payload_offset, std::uint64_t plaintext_size);

  bool is_last(std::uint64_t index) const { return index + 1 == chunk_count; }
  std::uint64_t chunk_offset(std::uint64_t index) const { return payload_offset + index * kAgeSealedChunkSize; }
  std::uint32_t sealed_chunk_size(std::uint64_t index) const {
    return is_last(index) ? final_sealed_size : static_cast<std::uint32_t>(kAgeSealedChunkSize);
  }
  std::uint32_t final_chunk_size() const {
    return final_sealed_size - static_cast<std::uint32_t>(crypto::kAeadTagSize);
  }
  std::uint64_t plaintext_size() const { return (chunk_count - 1) * kAgeChunkSize + final_chunk_size(); }
  std::uint64_t file_size() const { return chunk_offset(chunk_count - 1) + final_sealed_size; }
  friend bool operator==(const ClaimedAgeLayout&, const ClaimedAgeLayout&) = default;
};

// Opens and seals single chunks in any order. Not for use by several threads at once.
class ChunkCipher {
 public:
  explicit ChunkCipher(const crypto::Key32& payload_key) : aead_(payload_key) {}

  // out.size() + 16 == sealed.size(). kAuthFailed where the chunk is not chunk `index` of this file, or
  // not its end as `last` says. A chunk that is not the last is full; an empty one is the first.
  Status open(std::uint64_t index, bool last, ByteView sealed, MutableByteView out);
  // out.size() == plaintext.size() + 16. The caller seals each index once.
  void seal(std::uint64_t index, bool last, ByteView plaintext, MutableByteView out);

 private:
  crypto::Aead aead_;
};

// A layout whose length the final chunk proved.
class AgeLayout {
 public:
  const ClaimedAgeLayout& layout() const { return layout_; }

 private:
  friend Result<AgeLayout> verify_final_chunk(const ClaimedAgeLayout&, ChunkCipher&, ByteView, MutableByteView);
  explicit AgeLayout(const ClaimedAgeLayout& layout) : layout_(layout) {}
  ClaimedAgeLayout layout_;
};

// The host's word for the file size counts for nothing: that `sealed` opens as the final chunk at its
// index does. `out` (claimed.final_chunk_size() bytes) gets the chunk's plaintext.
Result<AgeLayout> verify_final_chunk(const ClaimedAgeLayout& claimed, ChunkCipher& cipher, ByteView sealed,
                                     MutableByteView out);

}  // namespace brume::sealed

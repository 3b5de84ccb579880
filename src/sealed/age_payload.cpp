#include "sealed/age_payload.h"

#include "base/check.h"

namespace brume::sealed {

namespace {

crypto::AeadNonce chunk_nonce(std::uint64_t index, bool last) {
  crypto::AeadNonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[10 - i] = static_cast<std::uint8_t>(index >> 8 * i);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

}  // namespace

Result<ClaimedAgeLayout> ClaimedAgeLayout::from_file_size(std::uint64_t payload_offset, std::uint64_t file_size) {
  if (file_size < payload_offset || file_size - payload_offset < crypto::kAeadTagSize) {
    return malformed("age file: ends before its first chunk");
  }
  std::uint64_t payload_size = file_size - payload_offset;
  std::uint64_t before_final = (payload_size - 1) / kAgeSealedChunkSize;
  std::uint64_t final_size = payload_size - before_final * kAgeSealedChunkSize;
  std::uint64_t least_final_size = crypto::kAeadTagSize + (before_final == 0 ? 0 : 1);
  if (final_size < least_final_size) return malformed("age file: no age file has this size");
  if (before_final >= kAgeChunkCountLimit) return fail(ErrorCode::kLimit, "age file: larger than 64 PiB");
  return ClaimedAgeLayout{payload_offset, before_final + 1, static_cast<std::uint32_t>(final_size)};
}

ClaimedAgeLayout ClaimedAgeLayout::from_plaintext_size(std::uint64_t payload_offset, std::uint64_t plaintext_size) {
  std::uint64_t before_final = plaintext_size == 0 ? 0 : (plaintext_size - 1) / kAgeChunkSize;
  std::uint64_t final_size = plaintext_size - before_final * kAgeChunkSize + crypto::kAeadTagSize;
  return {payload_offset, before_final + 1, static_cast<std::uint32_t>(final_size)};
}

Status ChunkCipher::open(std::uint64_t index, bool last, ByteView sealed, MutableByteView out) {
  if (sealed.size() > kAgeSealedChunkSize || sealed.size() < crypto::kAeadTagSize) {
    return malformed("age chunk: larger than 64 KiB or shorter than its tag");
  }
  if (!last && sealed.size() != kAgeSealedChunkSize) return malformed("age chunk: not the last, and not full");
  if (last && index > 0 && sealed.size() == crypto::kAeadTagSize) return malformed("age chunk: an empty last chunk");
  BRUME_CHECK(out.size() + crypto::kAeadTagSize == sealed.size());
  if (!aead_.open(chunk_nonce(index, last), {}, sealed, out)) {
    return fail(ErrorCode::kAuthFailed, "age chunk " + std::to_string(index) + (last ? " (as the final one)" : "") +
                                            ": does not open: altered, moved, or the file was cut or lengthened");
  }
  return {};
}

void ChunkCipher::seal(std::uint64_t index, bool last, ByteView plaintext, MutableByteView out) {
  BRUME_CHECK(plaintext.size() <= kAgeChunkSize && (last || plaintext.size() == kAgeChunkSize));
  aead_.seal(chunk_nonce(index, last), {}, plaintext, out);
}

Result<AgeLayout> verify_final_chunk(const ClaimedAgeLayout& claimed, ChunkCipher& cipher, ByteView sealed,
                                     MutableByteView out) {
  if (sealed.size() != claimed.final_sealed_size) return malformed("age file: the final chunk has another size");
  BRUME_TRY(cipher.open(claimed.chunk_count - 1, true, sealed, out));
  return AgeLayout(claimed);
}

}  // namespace brume::sealed

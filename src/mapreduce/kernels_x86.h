// The keyed hash with AES instructions, shared by the AVX2 and AVX-512 kernels.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "mapreduce/kernels.h"
#include "mapreduce/short_key.h"

#define BRUME_AES __attribute__((target("aes,sse4.1"), always_inline))

namespace brume::mapreduce {

void avx2_fold_upper(const std::uint8_t* text, std::size_t size, std::uint8_t* out);
SplitCounts avx2_split_and_hash(const HashSchedule& schedule, const std::uint8_t* text, const WordSpan* words,
                                std::size_t count, WordSpan* short_words, std::uint64_t* short_hashes,
                                WordSpan* long_words, std::uint64_t* long_hashes);
std::uint64_t avx2_hash(const HashSchedule& schedule, const std::uint8_t* bytes, std::size_t size);
void avx2_hash_keys(const HashSchedule& schedule, const ShortKey* keys, const std::uint8_t* sizes, std::size_t count,
                    std::uint64_t* hashes);

struct AesKeys {
  __m128i k0, k1, k2, k3;
};

BRUME_AES inline AesKeys load_keys(const HashSchedule& schedule) {
  const auto* keys = reinterpret_cast<const __m128i*>(schedule.keys.data());
  return {_mm_load_si128(keys), _mm_load_si128(keys + 1), _mm_load_si128(keys + 2), _mm_load_si128(keys + 3)};
}

BRUME_AES inline std::uint64_t finish_hash(const AesKeys& keys, __m128i state, std::size_t size) {
  state = _mm_xor_si128(state, _mm_cvtsi64_si128(static_cast<long long>(size)));
  state = _mm_aesenc_si128(_mm_aesenc_si128(state, keys.k2), keys.k3);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(state));
}

BRUME_AES inline std::uint64_t hash_key(const AesKeys& keys, __m128i key, std::size_t size) {
  return finish_hash(keys, _mm_aesenc_si128(_mm_xor_si128(key, keys.k0), keys.k1), size);
}

// size <= 16; reads 16 bytes.
BRUME_AES inline std::uint64_t hash_short(const AesKeys& keys, const std::uint8_t* bytes, std::size_t size) {
  const __m128i mask = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kShortMasks.data() + 16 - size));
  return hash_key(keys, _mm_and_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)), mask), size);
}

// size <= 16; reads the bytes only, each by a load that does not wait for a copy of them.
BRUME_AES inline __m128i load_key(const std::uint8_t* bytes, std::size_t size) {
  const auto read = [bytes](auto& word, std::size_t at) {
    std::memcpy(&word, bytes + at, sizeof word);
    return static_cast<std::uint64_t>(word);
  };
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::uint32_t half = 0;
  std::uint8_t byte = 0;
  if (size > 8) {
    read(low, 0);
    high = read(high, size - 8) >> 8 * (16 - size);
  } else if (size >= 4) {  // what is read twice is the same
    low = read(half, 0);
    low |= read(half, size - 4) << 8 * (size - 4);
  } else if (size > 0) {
    low = read(byte, 0);
    low |= read(byte, size / 2) << 8 * (size / 2);
    low |= read(byte, size - 1) << 8 * (size - 1);
  }
  return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}

// size > 16; reads the bytes only.
BRUME_AES inline std::uint64_t hash_long(const AesKeys& keys, const std::uint8_t* bytes, std::size_t size) {
  __m128i state = keys.k0;
  for (std::size_t at = 0; at + 16 < size; at += 16) {
    state = _mm_xor_si128(state, _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at)));
    state = _mm_aesenc_si128(_mm_aesenc_si128(state, keys.k1), keys.k2);
  }
  state = _mm_xor_si128(state, _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + size - 16)));
  state = _mm_aesenc_si128(_mm_aesenc_si128(state, keys.k1), keys.k2);
  return finish_hash(keys, state, size);
}

}  // namespace brume::mapreduce

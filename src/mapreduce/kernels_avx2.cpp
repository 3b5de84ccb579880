// Tokenise, fold and hash with AVX2 and AES instructions.
#include "mapreduce/kernels.h"

#if defined(__x86_64__)
#include "mapreduce/kernels_x86.h"

#define BRUME_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,aes")))

namespace brume::mapreduce {
namespace {

// For each byte value: the positions of its set bits, then the rest arbitrary.
struct BitPositions {
  alignas(64) std::array<std::array<std::uint8_t, 8>, 256> of{};
  constexpr BitPositions() {
    for (unsigned value = 0; value < 256; ++value) {
      std::size_t count = 0;
      for (std::uint8_t bit = 0; bit < 8; ++bit) {
        if (value >> bit & 1) of[value][count++] = bit;
      }
    }
  }
};
constexpr BitPositions kBitPositions;

struct ClassVectors {
  __m256i low, high, bits;
};

BRUME_AVX2 inline ClassVectors load_class(const ByteClass& set) {
  return {_mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(set.low.data()))),
          _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(set.high.data()))),
          _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128, 1,
                           2, 4, 8, 16, 32, 64, -128)};
}

// One bit for each of 32 bytes: is it in the set? PSHUFB gives zero where its index has the top
// bit, so each half table answers for its own half of the byte values.
BRUME_AVX2 inline std::uint32_t classify(const ClassVectors& set, const std::uint8_t* text) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  const __m256i flipped = _mm256_xor_si256(bytes, _mm256_set1_epi8(-128));
  const __m256i members = _mm256_or_si256(_mm256_shuffle_epi8(set.low, bytes), _mm256_shuffle_epi8(set.high, flipped));
  const __m256i row = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(7));
  const __m256i bit = _mm256_shuffle_epi8(set.bits, row);
  const __m256i hit = _mm256_cmpeq_epi8(_mm256_and_si256(members, bit), bit);
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(hit));
}

// Borders are where membership changes; they alternate between begin and end, so that written
// one after another as 16-bit positions they are WordSpans.
BRUME_AVX2 std::size_t tokenise(const ByteClass& separators, const std::uint8_t* text, std::size_t size,
                                WordSpan* words) {
  const ClassVectors set = load_class(separators);
  auto* const first = reinterpret_cast<std::uint16_t*>(words);
  std::uint16_t* out = first;
  std::uint64_t before = 1;
  for (std::size_t at = 0; at < size; at += 64) {
    std::uint64_t mask = classify(set, text + at) | std::uint64_t{classify(set, text + at + 32)} << 32;
    if (size - at < 64) mask |= ~std::uint64_t{0} << (size - at);
    std::uint64_t borders = mask ^ (mask << 1 | before);
    before = mask >> 63;
    __m128i base = _mm_set1_epi16(static_cast<short>(at));
    for (int part = 0; part < 8; ++part) {
      const std::uint8_t bits = static_cast<std::uint8_t>(borders);
      const __m128i positions =
          _mm_cvtepu8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(kBitPositions.of[bits].data())));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_add_epi16(positions, base));
      out += _mm_popcnt_u32(bits);
      base = _mm_add_epi16(base, _mm_set1_epi16(8));
      borders >>= 8;
    }
  }
  if (before == 0) *out++ = static_cast<std::uint16_t>(size);
  return static_cast<std::size_t>(out - first) / 2;
}

}  // namespace

BRUME_AVX2 void avx2_fold_upper(const std::uint8_t* text, std::size_t size, std::uint8_t* out) {
  // Signed compares: shift 'a'..'z' to the lowest 26 values.
  const __m256i to_lowest = _mm256_set1_epi8(static_cast<char>(0x80 - 'a'));
  const __m256i limit = _mm256_set1_epi8(static_cast<char>(0x80 + 26));
  for (std::size_t at = 0; at < size; at += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at));
    const __m256i lower = _mm256_cmpgt_epi8(limit, _mm256_add_epi8(bytes, to_lowest));
    const __m256i folded = _mm256_xor_si256(bytes, _mm256_and_si256(lower, _mm256_set1_epi8(0x20)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + at), folded);
  }
}

BRUME_AVX2 SplitCounts avx2_split_and_hash(const HashSchedule& schedule, const std::uint8_t* text,
                                           const WordSpan* words, std::size_t count, WordSpan* short_words,
                                           std::uint64_t* short_hashes, WordSpan* long_words,
                                           std::uint64_t* long_hashes) {
  const AesKeys keys = load_keys(schedule);
  SplitCounts counts;
  for (std::size_t i = 0; i < count; ++i) {
    const WordSpan word = words[i];
    const std::size_t size = word_size(word);
    const std::uint64_t hash = hash_short(keys, text + word_begin(word), size <= kShortSize ? size : kShortSize);
    long_words[counts.long_count] = word;
    short_words[counts.short_count] = word;
    short_hashes[counts.short_count] = hash;
    counts.short_count += size <= kShortSize;
    counts.long_count += size > kShortSize;
  }
  for (std::size_t i = 0; i < counts.long_count; ++i) {
    long_hashes[i] = hash_long(keys, text + word_begin(long_words[i]), word_size(long_words[i]));
  }
  return counts;
}

BRUME_AVX2 std::uint64_t avx2_hash(const HashSchedule& schedule, const std::uint8_t* bytes, std::size_t size) {
  const AesKeys keys = load_keys(schedule);
  if (size > kShortSize) return hash_long(keys, bytes, size);
  return hash_key(keys, load_key(bytes, size), size);
}

BRUME_AVX2 void avx2_hash_keys(const HashSchedule& schedule, const ShortKey* keys, const std::uint8_t* sizes,
                               std::size_t count, std::uint64_t* hashes) {
  const AesKeys schedule_keys = load_keys(schedule);
  for (std::size_t i = 0; i < count; ++i) {
    const __m128i key = _mm_loadu_si128(reinterpret_cast<const __m128i*>(keys + i));
    hashes[i] = hash_key(schedule_keys, key, sizes[i] - std::size_t{1});
  }
}

const Kernels kAvx2Kernels = {tokenise, avx2_fold_upper, avx2_split_and_hash, avx2_hash, avx2_hash_keys};

}  // namespace brume::mapreduce
#endif

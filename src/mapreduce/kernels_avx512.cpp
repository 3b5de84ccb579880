// Tokenise with AVX-512 (F, BW, VL, VBMI2): border masks and compress, no branch per word.
#include "mapreduce/kernels.h"

#if defined(__x86_64__)
#include "mapreduce/kernels_x86.h"

// GCC's own header trips these (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define BRUME_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,bmi2,popcnt")))

namespace brume::mapreduce {
namespace {

BRUME_AVX512 inline __m512i spread(const std::array<std::uint8_t, 16>& table) {
  return _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(table.data())));
}

BRUME_AVX512 std::size_t tokenise(const ByteClass& separators, const std::uint8_t* text, std::size_t size,
                                  WordSpan* words) {
  const __m512i low = spread(separators.low);
  const __m512i high = spread(separators.high);
  const __m512i bits =
      _mm512_broadcast_i32x4(_mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128));
  alignas(64) std::uint8_t counting[64];
  for (std::size_t i = 0; i < 64; ++i) counting[i] = static_cast<std::uint8_t>(i);
  const __m512i lanes = _mm512_load_si512(counting);
  auto* const first = reinterpret_cast<std::uint16_t*>(words);
  std::uint16_t* out = first;
  std::uint64_t before = 1;
  for (std::size_t at = 0; at < size; at += 64) {
    const __m512i bytes = _mm512_loadu_si512(text + at);
    const __m512i flipped = _mm512_xor_si512(bytes, _mm512_set1_epi8(-128));
    const __m512i members = _mm512_or_si512(_mm512_shuffle_epi8(low, bytes), _mm512_shuffle_epi8(high, flipped));
    const __m512i row = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(7));
    std::uint64_t mask = _mm512_test_epi8_mask(members, _mm512_shuffle_epi8(bits, row));
    if (size - at < 64) mask |= ~std::uint64_t{0} << (size - at);
    const std::uint64_t borders = mask ^ (mask << 1 | before);
    before = mask >> 63;
    const __m512i packed = _mm512_maskz_compress_epi8(borders, lanes);
    const __m512i base = _mm512_set1_epi16(static_cast<short>(at));
    const auto count = static_cast<std::size_t>(_mm_popcnt_u64(borders));
    _mm512_storeu_si512(out, _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_castsi512_si256(packed)), base));
    if (count > 32) {
      _mm512_storeu_si512(out + 32, _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(packed, 1)), base));
    }
    out += count;
  }
  if (before == 0) *out++ = static_cast<std::uint16_t>(size);
  return static_cast<std::size_t>(out - first) / 2;
}

}  // namespace

// The rest gains nothing from wider vectors: it waits for AES rounds and memory.
const Kernels kAvx512Kernels = {tokenise, avx2_fold_upper, avx2_split_and_hash, avx2_hash, avx2_hash_keys};

}  // namespace brume::mapreduce
#endif

// The inner loops of counting, in the best form this processor knows: tokenise, fold, hash.
// All forms give the same results bit for bit; tests compare each with the portable one.
#pragma once

#include <brume/detail/copy_bytes.h>
#include <brume/detail/keyed_hash.h>

#include <cstring>

#include "mapreduce/short_key.h"

namespace brume::mapreduce {

using detail::HashSchedule;

// A segment is what the kernels work on at a time: small enough for the first-level cache and
// for positions of 16 bits.
inline constexpr std::size_t kSegmentSize = 32 * 1024;
// Readable bytes behind a segment (and behind anything hashed in place), of any value.
inline constexpr std::size_t kSlack = 64;
inline constexpr std::size_t kMaxSegmentWords = kSegmentSize / 2 + 1;
// Kernels write whole vectors: their output arrays are this much longer than what they return.
inline constexpr std::size_t kOutputSlack = 64;
// Keys up to this size stand in their table slot.
inline constexpr std::size_t kShortSize = 16;

// A word within a segment: begin in the low, end in the high 16 bits.
using WordSpan = std::uint32_t;
inline std::size_t word_begin(WordSpan word) { return word & 0xFFFF; }
inline std::size_t word_size(WordSpan word) { return (word >> 16) - (word & 0xFFFF); }
inline WordSpan word_span(std::size_t begin, std::size_t end) { return static_cast<WordSpan>(begin | end << 16); }

using detail::copy_bytes;
using detail::kWideSize;
static_assert(kWideSize <= kSlack);

// A ByteSet in the shapes that vector and scalar code look it up.
struct ByteClass {
  explicit ByteClass(const ByteSet& set);
  std::array<std::uint8_t, 256> in{};  // 1 for members
  // Bit h of low[l]: byte 16 * h + l is a member, h < 8; of high[l]: h >= 8.
  alignas(16) std::array<std::uint8_t, 16> low{};
  alignas(16) std::array<std::uint8_t, 16> high{};
};

struct SplitCounts {
  std::size_t short_count = 0;
  std::size_t long_count = 0;
};

struct Kernels {
  // Writes the maximal runs outside the set, in order; returns their count. size <= kSegmentSize.
  std::size_t (*tokenise)(const ByteClass& separators, const std::uint8_t* text, std::size_t size, WordSpan* words);
  // a-z to A-Z. May write and read up to kSlack bytes behind `size`.
  void (*fold_upper)(const std::uint8_t* text, std::size_t size, std::uint8_t* out);
  // Sorts the words into short and long ones, keeping their order, with the hashes of both.
  // `words` and `short_words` may be the same array.
  SplitCounts (*split_and_hash)(const HashSchedule& schedule, const std::uint8_t* text, const WordSpan* words,
                                std::size_t count, WordSpan* short_words, std::uint64_t* short_hashes,
                                WordSpan* long_words, std::uint64_t* long_hashes);
  std::uint64_t (*hash)(const HashSchedule& schedule, const std::uint8_t* bytes, std::size_t size);
  // Of many keys, whose sizes[i] is 1 + the key's size; where it is 0 there is no key, and the hash is any.
  void (*hash_keys)(const HashSchedule& schedule, const ShortKey* keys, const std::uint8_t* sizes, std::size_t count,
                    std::uint64_t* hashes);
};
enum class Isa { kPortable, kAvx2, kAvx512 };
bool isa_available(Isa isa);
// Only where it is available.
const Kernels& kernels_for(Isa isa);
const Kernels& best_kernels();

extern const Kernels kPortableKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;    // AVX2, BMI, AES
extern const Kernels kAvx512Kernels;  // AVX-512 F, BW, VL, VBMI2; AES
#endif

}  // namespace brume::mapreduce

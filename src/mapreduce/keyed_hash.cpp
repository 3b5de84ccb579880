// The keyed hash, written for any processor: the definition that vector forms must equal.
#include <brume/detail/keyed_hash.h>

#include <bit>
#include <cstring>

#include "mapreduce/kernels.h"

namespace brume::mapreduce {
namespace {

using Block = std::array<std::uint8_t, 16>;

constexpr std::uint8_t times_two(std::uint8_t x) { return static_cast<std::uint8_t>(x << 1 ^ (x >> 7) * 0x1B); }

// FIPS 197, 5.1.1: the inverse in GF(2^8), then the affine map.
constexpr std::array<std::uint8_t, 256> make_sbox() {
  std::array<std::uint8_t, 256> sbox{};
  std::uint8_t p = 1;
  std::uint8_t q = 1;
  do {  // p runs through all non-zero elements as powers of 3, q through their inverses
    p = static_cast<std::uint8_t>(p ^ times_two(p));
    q = static_cast<std::uint8_t>(q ^ q << 1);
    q = static_cast<std::uint8_t>(q ^ q << 2);
    q = static_cast<std::uint8_t>(q ^ q << 4);
    if (q & 0x80) q ^= 0x09;
    sbox[p] =
        static_cast<std::uint8_t>(q ^ std::rotl(q, 1) ^ std::rotl(q, 2) ^ std::rotl(q, 3) ^ std::rotl(q, 4) ^ 0x63);
  } while (p != 1);
  sbox[0] = 0x63;
  return sbox;
}
constexpr std::array<std::uint8_t, 256> kSbox = make_sbox();

// What the AESENC instruction does: ShiftRows, SubBytes, MixColumns, then the key.
Block aes_round(const Block& state, const Block& key) {
  Block out;
  for (std::size_t column = 0; column < 4; ++column) {
    std::uint8_t s[4];
    for (std::size_t row = 0; row < 4; ++row) s[row] = kSbox[state[4 * ((column + row) & 3) + row]];
    const auto all = static_cast<std::uint8_t>(s[0] ^ s[1] ^ s[2] ^ s[3]);
    for (std::size_t row = 0; row < 4; ++row) {
      const auto pair = static_cast<std::uint8_t>(s[row] ^ s[(row + 1) & 3]);
      out[4 * column + row] = static_cast<std::uint8_t>(s[row] ^ all ^ times_two(pair) ^ key[4 * column + row]);
    }
  }
  return out;
}

Block mix(const Block& a, const std::uint8_t* b) {
  Block out;
  for (std::size_t i = 0; i < 16; ++i) out[i] = a[i] ^ b[i];
  return out;
}

// Rounds 2 and 3: the size goes in where an author of input cannot reach.
std::uint64_t finish_hash(const HashSchedule& schedule, Block state, std::uint64_t size) {
  for (std::size_t i = 0; i < 8; ++i) state[i] = static_cast<std::uint8_t>(state[i] ^ size >> (8 * i));
  state = aes_round(aes_round(state, schedule.keys[2]), schedule.keys[3]);
  std::uint64_t hash = 0;
  for (std::size_t i = 8; i-- > 0;) hash = hash << 8 | state[i];
  return hash;
}

std::uint64_t portable_hash(const HashSchedule& schedule, const std::uint8_t* bytes, std::size_t size) {
  Block state{};
  if (size <= 16) {
    if (size != 0) std::memcpy(state.data(), bytes, size);
    state = aes_round(mix(state, schedule.keys[0].data()), schedule.keys[1]);
    return finish_hash(schedule, state, size);
  }
  state = schedule.keys[0];
  const auto absorb = [&](const std::uint8_t* block) {
    state = aes_round(aes_round(mix(state, block), schedule.keys[1]), schedule.keys[2]);
  };
  for (std::size_t at = 0; at + 16 < size; at += 16) absorb(bytes + at);
  absorb(bytes + size - 16);
  return finish_hash(schedule, state, size);
}

void portable_hash_keys(const HashSchedule& schedule, const ShortKey* keys, const std::uint8_t* sizes,
                        std::size_t count, std::uint64_t* hashes) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = sizes[i] == 0 ? 0 : sizes[i] - std::size_t{1};
    hashes[i] = portable_hash(schedule, reinterpret_cast<const std::uint8_t*>(keys + i), size);
  }
}

std::size_t portable_tokenise(const ByteClass& separators, const std::uint8_t* text, std::size_t size,
                              WordSpan* words) {
  std::size_t count = 0;
  std::size_t at = 0;
  for (;;) {
    while (at < size && separators.in[text[at]]) ++at;
    if (at == size) return count;
    const std::size_t begin = at;
    while (at < size && !separators.in[text[at]]) ++at;
    words[count++] = word_span(begin, at);
  }
}

void portable_fold_upper(const std::uint8_t* text, std::size_t size, std::uint8_t* out) {
  for (std::size_t i = 0; i < size; ++i) {
    const bool lower = static_cast<std::uint8_t>(text[i] - 'a') < 26;
    out[i] = static_cast<std::uint8_t>(text[i] ^ (lower ? 0x20 : 0));
  }
}

SplitCounts portable_split_and_hash(const HashSchedule& schedule, const std::uint8_t* text, const WordSpan* words,
                                    std::size_t count, WordSpan* short_words, std::uint64_t* short_hashes,
                                    WordSpan* long_words, std::uint64_t* long_hashes) {
  SplitCounts counts;
  for (std::size_t i = 0; i < count; ++i) {
    const WordSpan word = words[i];
    const std::uint64_t hash = portable_hash(schedule, text + word_begin(word), word_size(word));
    const bool is_short = word_size(word) <= kShortSize;
    std::size_t& at = is_short ? counts.short_count : counts.long_count;
    (is_short ? short_words : long_words)[at] = word;
    (is_short ? short_hashes : long_hashes)[at] = hash;
    ++at;
  }
  return counts;
}

}  // namespace

ByteClass::ByteClass(const ByteSet& set) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!set.contains(static_cast<std::uint8_t>(byte))) continue;
    in[byte] = 1;
    auto& half = byte < 128 ? low : high;
    half[byte & 15] = static_cast<std::uint8_t>(half[byte & 15] | 1 << (byte >> 4 & 7));
  }
}

const Kernels kPortableKernels = {portable_tokenise, portable_fold_upper, portable_split_and_hash, portable_hash,
                                  portable_hash_keys};

bool isa_available(Isa isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool aes = __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
  const bool avx2 = aes && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  if (isa == Isa::kAvx2) return avx2;
  if (isa == Isa::kAvx512) {
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2");
  }
#endif
  return isa == Isa::kPortable;
}

const Kernels& kernels_for(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx2) return kAvx2Kernels;
  if (isa == Isa::kAvx512) return kAvx512Kernels;
#endif
  return kPortableKernels;
}

const Kernels& best_kernels() {
  static const Kernels& best = kernels_for(isa_available(Isa::kAvx512) ? Isa::kAvx512
                                           : isa_available(Isa::kAvx2) ? Isa::kAvx2
                                                                       : Isa::kPortable);
  return best;
}

}  // namespace brume::mapreduce

namespace brume::detail {

HashSchedule make_hash_schedule(const HashKey& key) {
  HashSchedule schedule;
  std::memcpy(schedule.keys[0].data(), key.data(), 16);
  std::memcpy(schedule.keys[1].data(), key.data() + 16, 16);
  schedule.keys[2] = mapreduce::aes_round(schedule.keys[0], schedule.keys[1]);
  schedule.keys[3] = mapreduce::aes_round(schedule.keys[2], schedule.keys[0]);
  return schedule;
}

std::uint64_t keyed_hash(const HashSchedule& schedule, std::string_view bytes) {
  return mapreduce::best_kernels().hash(schedule, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace brume::detail

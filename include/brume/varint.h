// Unsigned LEB128, at most 10 bytes, shortest form only: the integers of all streams of a job.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace brume {

inline constexpr std::size_t kMaxVarintSize = 10;

inline constexpr std::size_t varint_size(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// Writes at most kMaxVarintSize bytes; returns the byte after them, and what it wrote behind that is of no use.
inline std::uint8_t* put_varint(std::uint8_t* at, std::uint64_t value) {
  constexpr std::uint64_t kInWord = std::uint64_t{1} << 56;
  if (std::endian::native == std::endian::little && value >= 0x80 && value < kInWord) {
    // Eight groups of seven bits, apart. In one store: what is read back at once need not wait for many.
    const std::size_t size = varint_size(value);
    std::uint64_t word = (value & 0xFFF'FFFF) | (value & 0xFF'FFFF'F000'0000) << 4;
    word = (word & 0x0000'3FFF'0000'3FFF) | (word & 0x0FFF'C000'0FFF'C000) << 2;
    word = (word & 0x007F'007F'007F'007F) | (word & 0x3F80'3F80'3F80'3F80) << 1;
    word |= 0x0080'8080'8080'8080 >> (64 - 8 * size);
    std::memcpy(at, &word, sizeof word);
    return at + size;
  }
  while (value >= 0x80) {
    *at++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<std::uint8_t>(value);
  return at;
}

enum class VarintResult { kDone, kCut, kMalformed };

// Reads from [at, end) and moves `at` behind it; on kCut and kMalformed `at` stays.
// Refuses padded forms and values over 64 bits.
inline VarintResult get_varint(const std::uint8_t*& at, const std::uint8_t* end, std::uint64_t& value) {
  if (at != end && *at < 0x80) {
    value = *at++;
    return VarintResult::kDone;
  }
  std::uint64_t read = 0;
  const std::uint8_t* next = at;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (next == end) return VarintResult::kCut;
    const std::uint8_t byte = *next++;
    if (shift == 63 && byte > 1) return VarintResult::kMalformed;
    read |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) {
      if (byte == 0) return VarintResult::kMalformed;  // shift > 0 here: a padded form
      value = read;
      at = next;
      return VarintResult::kDone;
    }
  }
  return VarintResult::kMalformed;
}

constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

}  // namespace brume

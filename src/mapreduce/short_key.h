// A key of up to 16 bytes as two words, zero padded.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace brume::mapreduce {

// 16 bytes from offset 16 - size: the first `size` are 0xFF, the rest 0.
constexpr std::array<std::uint8_t, 32> make_short_masks() {
  std::array<std::uint8_t, 32> masks{};
  for (std::size_t i = 0; i < 16; ++i) masks[i] = 0xFF;
  return masks;
}
alignas(32) inline constexpr std::array<std::uint8_t, 32> kShortMasks = make_short_masks();

struct ShortKey {
  std::uint64_t a, b;
  bool operator==(const ShortKey&) const = default;
};

// size <= 16; reads 16 bytes.
inline ShortKey load_short_key(const std::uint8_t* bytes, std::size_t size) {
  ShortKey key;
  ShortKey mask;
  std::memcpy(&key, bytes, 16);
  std::memcpy(&mask, kShortMasks.data() + 16 - size, 16);
  return {key.a & mask.a, key.b & mask.b};
}

}  // namespace brume::mapreduce

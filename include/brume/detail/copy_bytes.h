// Copies of few bytes, as many as nobody foresees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace brume::detail {

// Up to this size bytes are copied and compared in whole vectors, so that their exact number costs no branch.
inline constexpr std::size_t kWideSize = 64;

// Of up to kWideSize bytes so many are read and written: there is slack behind both.
inline void copy_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  if (size <= kWideSize) {
    std::memcpy(to, from, kWideSize);
  } else {
    std::memcpy(to, from, size);
  }
}

}  // namespace brume::detail

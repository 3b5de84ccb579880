// How a stream's length is rounded up before it is sealed, so that its size says less.
#pragma once

#include <bit>
#include <cstdint>

namespace brume::sealed {

// Rounds up so that at most log2(log2(size)) bits of the size stay visible, at a price of at most 12 %
// (PADMÉ: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
// PURBs", PETS 2019, section 4).
constexpr std::uint64_t padme(std::uint64_t size) {
  if (size < 2) return size;
  unsigned exponent = static_cast<unsigned>(std::bit_width(size)) - 1;
  unsigned significant = static_cast<unsigned>(std::bit_width(exponent));
  std::uint64_t mask = (std::uint64_t{1} << (exponent - significant)) - 1;
  return (size + mask) & ~mask;
}

// What padded runs use: a stream of few records looks like one of none.
inline constexpr std::uint32_t kPaddedLeast = 4096;

class Padding {
 public:
  static constexpr Padding off() { return Padding(0); }
  // By padme(), at least `least` bytes. 0 is off().
  static constexpr Padding by_padme(std::uint32_t least) { return Padding(least); }

  constexpr bool on() const { return least_ != 0; }
  constexpr std::uint64_t padded(std::uint64_t size) const {
    return on() ? padme(size < least_ ? least_ : size) : size;
  }

 private:
  constexpr explicit Padding(std::uint32_t least) : least_(least) {}
  std::uint32_t least_;
};

}  // namespace brume::sealed

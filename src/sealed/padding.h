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

class Padding {
 public:
  static constexpr Padding off() { return Padding(Rule::kOff, 0); }
  // Up to a multiple of `bucket` bytes, at least one of them. 0 is off().
  static constexpr Padding multiple_of(std::uint32_t bucket) {
    return bucket == 0 ? off() : Padding(Rule::kMultiple, bucket);
  }
  // By padme(), at least `least` bytes.
  static constexpr Padding by_padme(std::uint32_t least = 4096) { return Padding(Rule::kPadme, least); }

  constexpr bool on() const { return rule_ != Rule::kOff; }
  constexpr std::uint64_t padded(std::uint64_t size) const {
    if (rule_ == Rule::kOff) return size;
    if (rule_ == Rule::kPadme) return padme(size < bucket_ ? bucket_ : size);
    std::uint64_t buckets = size / bucket_ + (size % bucket_ != 0 || size == 0 ? 1 : 0);
    return buckets * bucket_;
  }

 private:
  enum class Rule { kOff, kMultiple, kPadme };
  constexpr Padding(Rule rule, std::uint32_t bucket) : rule_(rule), bucket_(bucket) {}
  Rule rule_;
  std::uint32_t bucket_;
};

}  // namespace brume::sealed

// The only source of chance in a simulation: the same seed, the same cluster, the same failure.
#pragma once

#include "base/outside.h"

namespace brume::simulation {

// splitmix64. No secret that matters comes from it.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // 0..bound-1
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool chance(std::uint64_t per_mille) { return below(1000) < per_mille; }
  void fill(MutableByteView out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next());
  }

 private:
  std::uint64_t state_;
};

}  // namespace brume::simulation

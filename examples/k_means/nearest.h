// The centre that is nearest to a point, as many centres at a time as a register holds.
#pragma once

#include <brume/cpu.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace k_means {

inline constexpr std::size_t kMostLanes = 8;

// A dimension after the other, filled up with centres that are nearest to nothing.
struct Centres {
  Centres() = default;
  explicit Centres(const std::vector<std::vector<float>>& centres) {
    dimensions = centres.empty() ? 0 : centres[0].size();
    padded_count = (centres.size() + kMostLanes - 1) / kMostLanes * kMostLanes;
    by_dimension.assign(dimensions * padded_count, std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i < centres.size(); ++i) {
      for (std::size_t d = 0; d < dimensions; ++d) by_dimension[d * padded_count + i] = centres[i][d];
    }
  }

  std::size_t dimensions = 0;
  std::size_t padded_count = 0;
  std::vector<float> by_dimension;
};

using Floats4 [[gnu::vector_size(16)]] = float;
using Numbers4 [[gnu::vector_size(16)]] = std::int32_t;
using Floats8 [[gnu::vector_size(32)]] = float;
using Numbers8 [[gnu::vector_size(32)]] = std::int32_t;

// For a point that is not finite.
inline constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

// Squares of floats from these on have their digits, whatever the number of dimensions; what is less, or over the
// largest, may not tell distances apart.
inline constexpr float kLeastSure = 1e-33f;

inline bool is_at(const Centres& centres, std::size_t centre, const float* point) {
  for (std::size_t d = 0; d < centres.dimensions; ++d) {
    if (centres.by_dimension[d * centres.padded_count + centre] != point[d]) return false;
  }
  return true;
}
// As below, in doubles.
[[gnu::cold, gnu::noinline]] inline std::size_t nearest_in_doubles(const Centres& centres, const float* point) {
  for (std::size_t d = 0; d < centres.dimensions; ++d) {
    if (!std::isfinite(point[d])) return kNowhere;
  }
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < centres.padded_count; ++i) {
    double sum = 0;
    for (std::size_t d = 0; d < centres.dimensions; ++d) {
      const double difference =
          static_cast<double>(point[d]) - static_cast<double>(centres.by_dimension[d * centres.padded_count + i]);
      sum += difference * difference;
    }
    if (sum < least) {
      least = sum;
      best = i;
    }
  }
  return best;
}

// Of equal distances the first.
template <typename Floats, typename Numbers>
[[gnu::always_inline]] inline std::size_t nearest_of(const Centres& centres, const float* point) {
  constexpr std::size_t kLanes = sizeof(Floats) / sizeof(float);
  static_assert(kMostLanes % kLanes == 0);
  Floats least = Floats{} + std::numeric_limits<float>::infinity();
  Numbers where{};
  Numbers number;
  for (std::size_t lane = 0; lane < kLanes; ++lane) number[lane] = static_cast<std::int32_t>(lane);
  for (std::size_t begin = 0; begin < centres.padded_count; begin += kLanes) {
    Floats sums{};
    for (std::size_t d = 0; d < centres.dimensions; ++d) {
      Floats coordinates;
      std::memcpy(&coordinates, centres.by_dimension.data() + d * centres.padded_count + begin, sizeof coordinates);
      const Floats difference = point[d] - coordinates;
      sums += difference * difference;
    }
    const Numbers closer = sums < least;
    least = closer ? sums : least;
    where = closer ? number : where;
    number += static_cast<std::int32_t>(kLanes);
  }
  float distance = least[0];
  std::int32_t best = where[0];
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    if (least[lane] > distance || (least[lane] == distance && where[lane] > best)) continue;
    distance = least[lane];
    best = where[lane];
  }
  const auto centre = static_cast<std::size_t>(best);
  // A point that is not finite is at no distance, or an infinite one.
  if (distance >= kLeastSure && distance <= std::numeric_limits<float>::max()) [[likely]]
    return centre;
  if (distance == 0 && is_at(centres, centre, point)) return centre;
  return nearest_in_doubles(centres, point);
}

inline std::size_t nearest_plain(const Centres& centres, const float* point) {
  return nearest_of<Floats4, Numbers4>(centres, point);
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] inline std::size_t nearest_avx2(const Centres& centres, const float* point) {
  return nearest_of<Floats8, Numbers8>(centres, point);
}
#endif

using Nearest = std::size_t (*)(const Centres&, const float*);
inline Nearest best_nearest() {
#if defined(__x86_64__)
  if (brume::has_avx2()) return nearest_avx2;
#endif
  return nearest_plain;
}

}  // namespace k_means

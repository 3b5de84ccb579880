// What a handful of repeated measurements says: the middle and the spread, never one number alone.
#pragma once

#include <span>

namespace brume::cli {

struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

// Zeros where there are no values.
Spread spread_of(std::span<const double> values);

// By how many per cent `with` lies above `without`. `median` is that of the medians' ratio; least and
// most are those of the pairs that were measured next to each other (same length, same order).
// Zeros where `without` holds nothing above zero.
Spread overhead_percent(std::span<const double> without, std::span<const double> with);

}  // namespace brume::cli

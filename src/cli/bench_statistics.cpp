#include "cli/bench_statistics.h"

#include <algorithm>
#include <vector>

namespace brume::cli {

Spread spread_of(std::span<const double> values) {
  if (values.empty()) return {};
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const std::size_t middle = sorted.size() / 2;
  const double median = sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return {median, sorted.front(), sorted.back()};
}

Spread overhead_percent(std::span<const double> without, std::span<const double> with) {
  const double base = spread_of(without).median;
  if (base <= 0 || without.size() != with.size()) return {};
  std::vector<double> pairs;
  for (std::size_t i = 0; i < with.size(); ++i)
    if (without[i] > 0) pairs.push_back(100 * (with[i] / without[i] - 1));
  Spread out = spread_of(pairs);
  out.median = 100 * (spread_of(with).median / base - 1);
  return out;
}

}  // namespace brume::cli

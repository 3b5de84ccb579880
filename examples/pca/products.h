// Sums of products of every two columns, as many rows and columns at a time as registers and caches hold.
//
// Numbers are taken less those of the first row: of numbers as they stand, products would lose what a covariance is
// where means are large against the spread.
#pragma once

#include <brume/cpu.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace pca {

using Doubles2 [[gnu::vector_size(16)]] = double;
using Doubles4 [[gnu::vector_size(32)]] = double;

// Of rows of `columns` floats. Every sum is taken row after row and rounded alike, whatever the processor can do.
class Products {
 public:
  explicit Products(std::size_t columns, bool avx2 = brume::has_avx2())
      : avx2_(avx2),
        columns_(columns),
        panels_((columns + kWidth - 1) / kWidth),
        first_(columns),
        sums_(columns),
        products_(tile_at(panels_, 0)),
        block_(panels_ * kWidth * kRows) {}

  void add(const char* rows, std::size_t row_count) {
    if (count_ == 0 && row_count > 0) take_first(rows);
    count_ += row_count;
    for (std::size_t row = 0; row < row_count; row += kRows) {
      const std::size_t count = row_count - row < kRows ? row_count - row : kRows;
      take_block(rows + row * columns_ * sizeof(float), count);
#if defined(__x86_64__)
      if (avx2_) {
        add_block_avx2(count);
        continue;
      }
#endif
      add_block<Doubles2>(count);
    }
  }

  std::uint64_t count() const { return count_; }
  // The first row, and of each column the sum of what its numbers are more than that one.
  const std::vector<double>& first() const { return first_; }
  const std::vector<double>& sums() const { return sums_; }
  // Products of one column's differences from its mean with those of all.
  void append_row(std::size_t column, std::vector<double>& out) const {
    const auto n = static_cast<double>(count_);
    for (std::size_t c = 0; c < columns_; ++c) {
      const std::size_t low = std::min(column, c);
      const std::size_t high = std::max(column, c);
      out.push_back(products_[tile_at(high / kWidth, low) + low % kTile * kWidth + high % kWidth] -
                    sums_[low] * sums_[high] / n);
    }
  }

 private:
  static constexpr std::size_t kWidth = 8;  // columns of a panel
  static constexpr std::size_t kTile = 4;   // columns whose products with those of a panel are in registers
  static constexpr std::size_t kRows = 32;

  // Where the products of a panel with kTile columns begin: of each of these with all of the panel. Of two different
  // columns there is one product.
  static std::size_t tile_at(std::size_t panel, std::size_t column) {
    return (panel * (panel + 1) * kWidth / kTile / 2 + column / kTile) * kTile * kWidth;
  }
  // What is not finite would make no number of the others.
  void take_first(const char* row) {
    for (std::size_t column = 0; column < columns_; ++column) {
      float number;
      std::memcpy(&number, row + column * sizeof number, sizeof number);
      first_[column] = std::isfinite(number) ? static_cast<double>(number) : 0;
    }
  }
  // Panel after panel, row after row in each.
  void take_block(const char* rows, std::size_t count) {
    for (std::size_t row = 0; row < count; ++row) {
      for (std::size_t column = 0; column < columns_; ++column) {
        float number;
        std::memcpy(&number, rows + (row * columns_ + column) * sizeof number, sizeof number);
        const double more = static_cast<double>(number) - first_[column];
        sums_[column] += more;
        block_[(column / kWidth * kRows + row) * kWidth + column % kWidth] = more;
      }
    }
  }

  template <typename Doubles>
  [[gnu::always_inline]] void add_tile(const double* low, const double* high, double* into, std::size_t count) const {
    constexpr std::size_t kLanes = sizeof(Doubles) / sizeof(double);
    constexpr std::size_t kVectors = kWidth / kLanes;
    Doubles sums[kTile][kVectors];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kTile * kVectors; ++i)
      std::memcpy(&sums[i / kVectors][i % kVectors], into + i * kLanes, sizeof(Doubles));
    for (std::size_t row = 0; row < count; ++row, low += kWidth, high += kWidth) {
#pragma GCC unroll 16
      for (std::size_t v = 0; v < kVectors; ++v) {
        Doubles numbers;
        std::memcpy(&numbers, high + v * kLanes, sizeof numbers);
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kTile; ++i) sums[i][v] += low[i] * numbers;
      }
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kTile * kVectors; ++i)
      std::memcpy(into + i * kLanes, &sums[i / kVectors][i % kVectors], sizeof(Doubles));
  }
  template <typename Doubles>
  [[gnu::always_inline]] void add_block(std::size_t count) {
    for (std::size_t high = 0; high < panels_; ++high) {
      for (std::size_t low = 0; low <= high * kWidth + kTile; low += kTile) {
        add_tile<Doubles>(block_.data() + low / kWidth * kRows * kWidth + low % kWidth,
                          block_.data() + high * kRows * kWidth, products_.data() + tile_at(high, low), count);
      }
    }
  }

#if defined(__x86_64__)
  [[gnu::target("avx2")]] void add_block_avx2(std::size_t count) { add_block<Doubles4>(count); }
#endif

  bool avx2_;
  std::size_t columns_;
  std::size_t panels_;
  std::uint64_t count_ = 0;
  std::vector<double> first_;
  std::vector<double> sums_;
  std::vector<double> products_;
  std::vector<double> block_;  // columns of some rows
};

}  // namespace pca

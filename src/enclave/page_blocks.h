// Blocks of whole pages, taken from the end of a range downwards, first fit from the end: pages that were touched are
// used again before others, and what is taken from the range's begin does not come between blocks. Its books are of a
// fixed size, since it is what memory comes from.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "abi/boot.h"

namespace brume::enclave {

class PageBlocks {
 public:
  static constexpr std::size_t kMostGaps = 256;

  // Offsets 0 to `end`, a multiple of abi::kPageSize.
  constexpr explicit PageBlocks(std::uint64_t end = 0) : end_(end), low_(end), lowest_(end) {}

  // Where a block of `size` bytes is, rounded up to pages. None begins below `floor`.
  std::optional<std::uint64_t> take(std::uint64_t size, std::uint64_t floor) {
    if (size == 0 || size > end_) return std::nullopt;
    size = whole(size);
    const auto gap = std::find_if(gaps_.begin(), gaps_end(), [&](const Gap& g) { return g.end - g.begin >= size; });
    if (gap != gaps_end()) {
      const std::uint64_t at = gap->end -= size;
      if (gap->begin == gap->end) remove(gap);
      return at;
    }
    if (low_ < floor || low_ - floor < size) return std::nullopt;
    low_ -= size;
    lowest_ = std::min(lowest_, low_);
    return low_;
  }

  // What take() gave for this size.
  void give(std::uint64_t at, std::uint64_t size) {
    Gap given{at, at + whole(size)};
    auto below = std::find_if(gaps_.begin(), gaps_end(), [&](const Gap& g) { return g.end <= at; });
    if (below != gaps_end() && below->end == given.begin) {
      given.begin = below->begin;
      remove(below);
    }
    if (below != gaps_.begin() && (below - 1)->begin == given.end) {
      given.end = (below - 1)->end;
      remove(--below);
    }
    if (given.begin == low_) {
      low_ = given.end;
    } else if (gap_count_ < kMostGaps) {  // else it is of no more use
      std::move_backward(below, gaps_end(), gaps_end() + 1);
      *below = given;
      ++gap_count_;
    }
  }

  // Where the lowest block begins, now and at the lowest ever.
  std::uint64_t low() const { return low_; }
  std::uint64_t lowest() const { return lowest_; }

 private:
  struct Gap {
    std::uint64_t begin, end;
  };
  using Gaps = std::array<Gap, kMostGaps>;

  static std::uint64_t whole(std::uint64_t size) {
    return (size + abi::kPageSize - 1) / abi::kPageSize * abi::kPageSize;
  }
  Gaps::iterator gaps_end() { return gaps_.begin() + static_cast<std::ptrdiff_t>(gap_count_); }
  void remove(Gaps::iterator gap) {
    std::move(gap + 1, gaps_end(), gap);
    --gap_count_;
  }

  std::uint64_t end_;
  std::uint64_t low_;
  std::uint64_t lowest_;
  Gaps gaps_{};  // above low_, apart from one another, higher ones first
  std::size_t gap_count_ = 0;
};

}  // namespace brume::enclave

// The order of a counting job's output: by value or not at all, then by key bytes ascending.
#pragma once

#include <brume/detail/counting.h>
#include <brume/program.h>

#include "mapreduce/count_tables.h"
#include "mapreduce/key_sort.h"

namespace brume::mapreduce {

// Lower ranks come first.
std::uint64_t rank_of(detail::LineOrder order, bool is_signed, std::uint64_t value);

// The keys of tables, in order. They are copied to bins of like values and first bytes, and each bin is sorted and read
// by itself: what is looked at in any order is small then, where tables are larger than all caches.
class SortedCounts {
 public:
  SortedCounts(const CountTables& tables, detail::LineOrder order, bool is_signed);

  // Memory that copy_keys() takes.
  std::size_t bytes() const { return copies_size_ + most_at_once_ * sizeof(SortedKey); }
  // False without that memory.
  bool copy_keys();
  // After copy_keys(): calls visit(key, value), which returns a JobStatus, for all in order, up to the first error.
  // kSlack bytes behind a key are readable.
  template <typename Visit>
  JobStatus for_each(Visit visit) {
    for (std::size_t bin = 0; bin < kBins;) {
      const std::size_t end = bin + (is_mixed(bin / kFirstBytes) ? kFirstBytes : 1);
      const std::span<const SortedKey> keys = sort_bins(bin, end);
      for (std::size_t i = 0; i < keys.size(); ++i) {
        __builtin_prefetch(keys[std::min(i + kAhead, keys.size() - 1)].entry);
        const std::string_view key = keys[i].entry->key();
        if (auto status = visit(key, tables_.total(key, keys[i].entry->count)); !status) return status;
      }
      bin = end;
    }
    return {};
  }

 private:
  // Values below kSmallValues have a class each, in their order; between the negative and the larger ones.
  static constexpr std::size_t kSmallValues = 32;
  static constexpr std::size_t kClasses = kSmallValues + 2;
  static constexpr std::size_t kNegative = 0;
  static constexpr std::size_t kLarge = kClasses - 1;
  static constexpr std::size_t kFirstBytes = 256;
  static constexpr std::size_t kBins = kClasses * kFirstBytes;
  static constexpr std::size_t kAhead = 8;

  std::size_t bin_of(std::string_view key, std::int32_t count) const;
  // A class of many values is sorted as one: by rank, then each rank by key.
  bool is_mixed(std::size_t value_class) const {
    return order_ != detail::LineOrder::kKey && (value_class == 0 || value_class == kClasses - 1);
  }
  std::span<const SortedKey> sort_bins(std::size_t first, std::size_t end);
  void sort_by_rank(std::span<SortedKey> keys) const;

  const CountTables& tables_;
  const detail::LineOrder order_;
  const bool is_signed_;
  std::vector<std::size_t> begins_;  // of bins, in the copies; one after the last
  std::size_t copies_size_ = 0;
  std::size_t most_at_once_ = 0;  // keys in bins that are sorted as one
  Block storage_;
};

}  // namespace brume::mapreduce

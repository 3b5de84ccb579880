// The order of a counting job's output: by value or not at all, then by key bytes ascending.
#pragma once

#include <brume/detail/counting.h>

#include "mapreduce/count_tables.h"

namespace brume::mapreduce {

// One key of a table, by reference: 16 bytes are all that is moved while sorting.
struct SortedKey {
  std::uint64_t prefix;  // while sorting: some bytes of the key, big-endian, or its rank
  std::uintptr_t place;  // a ShortKey in its bucket, or a LongEntry's address + 1

  bool is_long() const { return (place & 1) != 0; }
  const LongEntry& long_entry() const { return *reinterpret_cast<const LongEntry*>(place - 1); }
  // Buckets are aligned to their size and begin with their keys.
  const ShortBucket& bucket() const { return *reinterpret_cast<const ShortBucket*>(place & ~std::uintptr_t{63}); }
  std::size_t slot() const { return place / sizeof(ShortKey) % 4; }
  std::string_view key() const {
    if (is_long()) return long_entry().key();
    return {reinterpret_cast<const char*>(place), bucket().sizes[slot()] - 1u};
  }
  std::int32_t count() const { return is_long() ? long_entry().count : bucket().counts[slot()]; }
  // A bucket is a line; half of the entries reach into a second one.
  void prefetch() const {
    __builtin_prefetch(reinterpret_cast<const void*>(place & ~std::uintptr_t{63}));
    if (is_long()) __builtin_prefetch(reinterpret_cast<const void*>(place + 40));
  }
};

// Lower ranks come first.
std::uint64_t rank_of(detail::LineOrder order, bool is_signed, std::uint64_t value);

// All keys of the tables, sorted; `storage` holds them. Null data where there is no memory.
std::span<SortedKey> sort_keys(CountTables& tables, detail::LineOrder order, bool is_signed, Block& storage);

}  // namespace brume::mapreduce

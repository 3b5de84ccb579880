// Sorts keys of counts by their bytes: multikey quicksort (Bentley, Sedgewick: Fast Algorithms for Sorting and
// Searching Strings, SODA 1997) with eight bytes of a key at hand at a time, partitioned without branches.
#pragma once

#include <span>

#include "mapreduce/long_table.h"
#include "mapreduce/record_buffer.h"

namespace brume::mapreduce {

// A key while it is sorted: 16 bytes are all that is moved.
struct SortedKey {
  std::uint64_t prefix;  // key_prefix() at the depth that is sorted, or another order's number
  const LongEntry* entry;
};

// Key bytes depth..depth + 7, zeros behind the end. Keys are readable up to a multiple of 8 bytes.
inline std::uint64_t prefix_at(const LongEntry& entry, std::size_t depth) {
  return depth >= entry.size ? 0 : key_prefix(entry.bytes() + depth, entry.size - depth);
}

// By key; prefixes are those at depth 0. No two keys are equal.
void sort_keys(std::span<SortedKey> keys);

}  // namespace brume::mapreduce

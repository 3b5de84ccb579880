#include "mapreduce/key_sort.h"

#include <algorithm>
#include <bit>

namespace brume::mapreduce {
namespace {

constexpr std::size_t kFew = 16;       // are inserted one by one
constexpr std::size_t kMaxDepth = 64;  // deeper keys are compared whole: recursion stays shallow
constexpr std::size_t kPrefix = sizeof(SortedKey::prefix);

void sort_at(SortedKey* keys, std::size_t count, std::size_t depth);
void sort_at(SortedKey* keys, std::size_t count, std::size_t depth, std::size_t rounds);

bool by_prefix(const SortedKey& a, const SortedKey& b) { return a.prefix < b.prefix; }

// All share their bytes up to `depth` + 8: those that end there come first, shorter ones before longer ones.
void sort_deeper(SortedKey* keys, std::size_t count, std::size_t depth) {
  if (count < 2) return;
  if (count == 2 || depth >= kMaxDepth) {
    std::sort(keys, keys + count,
              [](const SortedKey& a, const SortedKey& b) { return a.entry->key() < b.entry->key(); });
    return;
  }
  depth += kPrefix;
  SortedKey* const longer =
      std::partition(keys, keys + count, [&](const SortedKey& key) { return key.entry->size <= depth; });
  std::sort(keys, longer, [](const SortedKey& a, const SortedKey& b) { return a.entry->size < b.entry->size; });
  for (SortedKey* key = longer; key != keys + count; ++key) key->prefix = prefix_at(*key->entry, depth);
  sort_at(longer, static_cast<std::size_t>(keys + count - longer), depth);
}

void sort_runs(SortedKey* keys, std::size_t count, std::size_t depth) {
  for (std::size_t begin = 0; begin < count;) {
    std::size_t end = begin + 1;
    while (end < count && keys[end].prefix == keys[begin].prefix) ++end;
    sort_deeper(keys + begin, end - begin, depth);
    begin = end;
  }
}

void insert_few(SortedKey* keys, std::size_t count) {
  for (std::size_t i = 1; i < count; ++i) {
    const SortedKey key = keys[i];
    std::size_t at = i;
    for (; at > 0 && key.prefix < keys[at - 1].prefix; --at) keys[at] = keys[at - 1];
    keys[at] = key;
  }
}

// Moved in one piece: what was just stored in two would be slow to load as one.
using Whole [[gnu::vector_size(sizeof(SortedKey))]] = std::uint64_t;
inline Whole load_whole(const SortedKey& key) {
  Whole whole;
  std::memcpy(&whole, &key, sizeof whole);
  return whole;
}
inline void store_whole(SortedKey& key, Whole whole) { std::memcpy(&key, &whole, sizeof whole); }

// Those for which it holds come first; returns their count.
template <typename Holds>
std::size_t bring_forward(SortedKey* keys, std::size_t count, Holds holds) {
  std::size_t front = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t step = holds(keys[i].prefix) ? 1 : 0;
    const Whole key = load_whole(keys[i]);
    store_whole(keys[i], load_whole(keys[front]));
    store_whole(keys[front], key);
    front += step;
  }
  return front;
}

std::uint64_t pivot_of(const SortedKey* keys, std::size_t count) {
  const auto median = [](std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    return std::max(std::min(a, b), std::min(std::max(a, b), c));
  };
  const auto around = [&](std::size_t at) { return median(keys[at - 1].prefix, keys[at].prefix, keys[at + 1].prefix); };
  return median(around(1), around(count / 2), around(count - 2));
}

// Prefixes are those at `depth`.
void sort_at(SortedKey* keys, std::size_t count, std::size_t depth) {
  sort_at(keys, count, depth, 2 * static_cast<std::size_t>(std::bit_width(count)));
}

// `rounds` may divide it and what it is divided into: neither time nor the stack grows with unlucky pivots.
void sort_at(SortedKey* keys, std::size_t count, std::size_t depth, std::size_t rounds) {
  while (count > kFew) {
    if (rounds-- == 0) {
      std::sort(keys, keys + count, by_prefix);
      return sort_runs(keys, count, depth);
    }
    const std::uint64_t pivot = pivot_of(keys, count);
    const std::size_t less = bring_forward(keys, count, [=](std::uint64_t prefix) { return prefix < pivot; });
    const std::size_t equal =
        bring_forward(keys + less, count - less, [=](std::uint64_t prefix) { return prefix == pivot; });
    sort_at(keys, less, depth, rounds);
    sort_deeper(keys + less, equal, depth);
    keys += less + equal;
    count -= less + equal;
  }
  insert_few(keys, count);
  sort_runs(keys, count, depth);
}

}  // namespace

void sort_keys(std::span<SortedKey> keys) { sort_at(keys.data(), keys.size(), 0); }

}  // namespace brume::mapreduce

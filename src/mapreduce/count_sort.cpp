#include "mapreduce/count_sort.h"

#include <algorithm>
#include <bit>

namespace brume::mapreduce {
namespace {

using detail::LineOrder;

// Values below kSmallValues have a class each, in their order; between the negative and the larger ones.
constexpr std::size_t kSmallValues = 32;
constexpr std::size_t kClasses = kSmallValues + 2;
constexpr std::size_t kNegative = 0;
constexpr std::size_t kLarge = kClasses - 1;
constexpr std::size_t kBins = kClasses * 256;
constexpr std::size_t kSmallSort = 128;

inline std::uint64_t load_big_endian(const std::uint8_t* at) {
  std::uint64_t value;
  std::memcpy(&value, at, 8);
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

// Key bytes depth..depth + 7, zeros behind the end. Slots are zero padded already.
inline std::uint64_t prefix_at(const SortedKey& item, std::size_t depth) {
  if (!item.is_long()) {
    return depth >= kShortSize ? 0 : load_big_endian(reinterpret_cast<const std::uint8_t*>(item.place) + depth);
  }
  const std::string_view key = item.key();
  if (key.size() >= depth + 8) return load_big_endian(reinterpret_cast<const std::uint8_t*>(key.data()) + depth);
  std::uint8_t padded[8] = {};
  if (key.size() > depth) std::memcpy(padded, key.data() + depth, key.size() - depth);
  return load_big_endian(padded);
}

// All share their first `depth` bytes; prefixes hold the next eight. Depth grows by 8 with every
// level that recursion adds for equal prefixes, and those items only: long equal keys are compared.
void sort_items(SortedKey* items, std::size_t count, std::size_t depth, SortedKey* spare);

void sort_equal_prefixes(SortedKey* items, std::size_t count, std::size_t depth, SortedKey* spare) {
  constexpr std::size_t kMaxDepth = 64;  // deeper keys are compared whole: recursion stays shallow
  if (count == 2 || depth >= kMaxDepth) {
    std::sort(items, items + count, [](const SortedKey& a, const SortedKey& b) { return a.key() < b.key(); });
    return;
  }
  for (std::size_t i = 0; i < count; ++i) items[i].prefetch();
  SortedKey* const deeper =
      std::partition(items, items + count, [&](const SortedKey& item) { return item.key().size() <= depth + 8; });
  std::sort(items, deeper, [](const SortedKey& a, const SortedKey& b) { return a.key().size() < b.key().size(); });
  for (SortedKey* item = deeper; item != items + count; ++item) item->prefix = prefix_at(*item, depth + 8);
  sort_items(deeper, static_cast<std::size_t>(items + count - deeper), depth + 8, spare);
}

void sort_runs(SortedKey* items, std::size_t count, std::size_t depth, SortedKey* spare) {
  for (std::size_t begin = 0; begin < count;) {
    std::size_t end = begin + 1;
    while (end < count && items[end].prefix == items[begin].prefix) ++end;
    if (end - begin > 1) sort_equal_prefixes(items + begin, end - begin, depth, spare);
    begin = end;
  }
}

void sort_items(SortedKey* items, std::size_t count, std::size_t depth, SortedKey* spare) {
  if (count < 2) return;
  std::uint64_t differing = 0;
  for (std::size_t i = 1; i < count; ++i) differing |= items[i].prefix ^ items[0].prefix;
  if (differing == 0) return sort_equal_prefixes(items, count, depth, spare);
  if (count < kSmallSort) {
    std::sort(items, items + count, [](const SortedKey& a, const SortedKey& b) { return a.prefix < b.prefix; });
    return sort_runs(items, count, depth, spare);
  }
  const int shift = std::max(0, static_cast<int>(std::bit_width(differing)) - 8);
  std::uint32_t begins[257] = {};  // small: this recurses, and an enclave's stack is short
  for (std::size_t i = 0; i < count; ++i) ++begins[(items[i].prefix >> shift & 255) + 1];
  for (std::size_t i = 0; i < 256; ++i) begins[i + 1] += begins[i];
  std::uint32_t next[256];
  std::copy(begins, begins + 256, next);
  for (std::size_t i = 0; i < count; ++i) spare[next[items[i].prefix >> shift & 255]++] = items[i];
  std::copy(spare, spare + count, items);
  for (std::size_t i = 0; i < 256; ++i) sort_items(items + begins[i], begins[i + 1] - begins[i], depth, spare);
}

std::size_t class_of(LineOrder order, bool is_signed, std::uint64_t value) {
  if (order == LineOrder::kKey) return 0;
  std::size_t ascending = kLarge;
  if (value < kSmallValues) {
    ascending = 1 + static_cast<std::size_t>(value);
  } else if (is_signed && static_cast<std::int64_t>(value) < 0) {
    ascending = kNegative;
  }
  return order == LineOrder::kValueAscending ? ascending : kClasses - 1 - ascending;
}

template <typename Visit>
void for_each_key(CountTables& tables, Visit visit) {
  tables.short_table().for_each([&](const ShortBucket& bucket, std::size_t slot) {
    visit(SortedKey{0, reinterpret_cast<std::uintptr_t>(&bucket.keys[slot])}, bucket.counts[slot]);
  });
  tables.long_table().for_each(
      [&](const LongEntry& entry) { visit(SortedKey{0, reinterpret_cast<std::uintptr_t>(&entry) + 1}, entry.count); });
}

}  // namespace

std::uint64_t rank_of(LineOrder order, bool is_signed, std::uint64_t value) {
  if (order == LineOrder::kKey) return 0;
  const std::uint64_t ascending = is_signed ? value ^ std::uint64_t{1} << 63 : value;
  return order == LineOrder::kValueAscending ? ascending : ~ascending;
}

std::span<SortedKey> sort_keys(CountTables& tables, LineOrder order, bool is_signed, Block& storage) {
  const auto value_of = [&](const SortedKey& item, std::int32_t count) { return tables.total(item.key(), count); };
  const auto bin_of = [&](std::uint64_t value, std::uint64_t prefix) {
    return class_of(order, is_signed, value) * 256 + static_cast<std::size_t>(prefix >> 56);
  };
  std::vector<std::size_t> begins(kBins + 1);
  for_each_key(tables, [&](const SortedKey& item, std::int32_t count) {
    ++begins[bin_of(value_of(item, count), prefix_at(item, 0)) + 1];
  });
  const std::size_t most = *std::max_element(begins.begin(), begins.end());
  for (std::size_t bin = 0; bin < kBins; ++bin) begins[bin + 1] += begins[bin];
  const std::size_t total = begins[kBins];

  // A class of many values is sorted as one: by rank, then each rank by key.
  const auto is_mixed = [&](std::size_t value_class) {
    return order != LineOrder::kKey && (value_class == 0 || value_class == kClasses - 1);
  };
  std::size_t spare_count = most;
  for (std::size_t c : {std::size_t{0}, kClasses - 1}) {
    if (is_mixed(c)) spare_count = std::max(spare_count, begins[(c + 1) * 256] - begins[c * 256]);
  }
  storage = Block((total + spare_count + 1) * sizeof(SortedKey));
  if (!storage) return {};
  auto* const items = reinterpret_cast<SortedKey*>(storage.data());
  SortedKey* const spare = items + total;

  std::vector<std::size_t> next(begins.begin(), begins.end() - 1);
  for_each_key(tables, [&](SortedKey item, std::int32_t count) {
    const std::uint64_t value = value_of(item, count);
    item.prefix = prefix_at(item, 0);
    const std::size_t bin = bin_of(value, item.prefix);
    if (is_mixed(bin / 256)) item.prefix = rank_of(order, is_signed, value);
    items[next[bin]++] = item;
  });
  for (std::size_t value_class = 0; value_class < kClasses; ++value_class) {
    const std::size_t begin = begins[value_class * 256];
    const std::size_t end = begins[value_class * 256 + 256];
    if (!is_mixed(value_class)) {
      for (std::size_t bin = value_class * 256; bin < value_class * 256 + 256; ++bin) {
        sort_items(items + begins[bin], begins[bin + 1] - begins[bin], 0, spare);
      }
      continue;
    }
    std::sort(items + begin, items + end, [](const SortedKey& a, const SortedKey& b) { return a.prefix < b.prefix; });
    for (std::size_t from = begin; from < end;) {
      std::size_t to = from + 1;
      while (to < end && items[to].prefix == items[from].prefix) ++to;
      for (std::size_t i = from; i < to; ++i) items[i].prefix = prefix_at(items[i], 0);
      sort_items(items + from, to - from, 0, spare);
      from = to;
    }
  }
  return {items, total};
}

}  // namespace brume::mapreduce

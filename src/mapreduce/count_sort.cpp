#include "mapreduce/count_sort.h"

#include <algorithm>

namespace brume::mapreduce {
namespace {

using detail::LineOrder;

// Copies end at multiples of 8, so that prefixes are read whole.
std::size_t copy_size(std::size_t key_size) { return sizeof(LongEntry) + (key_size + 7) / 8 * 8; }

}  // namespace

std::uint64_t rank_of(LineOrder order, bool is_signed, std::uint64_t value) {
  if (order == LineOrder::kKey) return 0;
  const std::uint64_t ascending = is_signed ? value ^ std::uint64_t{1} << 63 : value;
  return order == LineOrder::kValueAscending ? ascending : ~ascending;
}

SortedCounts::SortedCounts(const CountTables& tables, LineOrder order, bool is_signed)
    : tables_(tables), order_(order), is_signed_(is_signed), begins_(kBins + 1) {
  std::vector<std::size_t> counts(kBins);
  tables.for_each([&](std::string_view key, std::int32_t count) {
    const std::size_t bin = bin_of(key, count);
    begins_[bin + 1] += copy_size(key.size());
    ++counts[bin];
  });
  std::size_t in_class = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    begins_[bin + 1] += begins_[bin];
    in_class = bin % kFirstBytes == 0 ? counts[bin] : in_class + counts[bin];
    most_at_once_ = std::max(most_at_once_, is_mixed(bin / kFirstBytes) ? in_class : counts[bin]);
  }
  copies_size_ = begins_[kBins];
}

std::size_t SortedCounts::bin_of(std::string_view key, std::int32_t count) const {
  const std::size_t first = key.empty() ? 0 : static_cast<std::uint8_t>(key.front());
  if (order_ == LineOrder::kKey) return first;
  const std::uint64_t value = tables_.total(key, count);
  std::size_t ascending = kLarge;
  if (value < kSmallValues) {
    ascending = 1 + static_cast<std::size_t>(value);
  } else if (is_signed_ && static_cast<std::int64_t>(value) < 0) {
    ascending = kNegative;
  }
  return (order_ == LineOrder::kValueAscending ? ascending : kClasses - 1 - ascending) * kFirstBytes + first;
}

bool SortedCounts::copy_keys() {
  storage_ = Block(bytes() + kSlack);
  if (!storage_) return false;
  std::vector<std::size_t> next(begins_.begin(), begins_.end() - 1);
  tables_.for_each([&](std::string_view key, std::int32_t count) {
    std::size_t& at = next[bin_of(key, count)];
    auto* const entry = new (storage_.data() + at) LongEntry{count, static_cast<std::uint32_t>(key.size())};
    const std::size_t size = copy_size(key.size());
    // Tables have keys in units of 8 bytes too.
    auto* const to = reinterpret_cast<std::uint8_t*>(entry + 1);
    for (std::size_t i = 0; i < size - sizeof(LongEntry); i += 8) std::memcpy(to + i, key.data() + i, 8);
    at += size;
  });
  return true;
}

std::span<const SortedKey> SortedCounts::sort_bins(std::size_t first, std::size_t end) {
  auto* const keys = reinterpret_cast<SortedKey*>(storage_.data() + copies_size_);
  const bool by_rank = is_mixed(first / kFirstBytes);
  std::size_t count = 0;
  for (std::size_t at = begins_[first]; at < begins_[end];) {
    const auto& entry = *reinterpret_cast<const LongEntry*>(storage_.data() + at);
    const std::uint64_t prefix =
        by_rank ? rank_of(order_, is_signed_, tables_.total(entry.key(), entry.count)) : prefix_at(entry, 0);
    keys[count++] = {prefix, &entry};
    at += copy_size(entry.size);
  }
  if (by_rank) {
    sort_by_rank({keys, count});
  } else {
    sort_keys({keys, count});
  }
  return {keys, count};
}

void SortedCounts::sort_by_rank(std::span<SortedKey> keys) const {
  std::ranges::sort(keys, {}, &SortedKey::prefix);
  for (std::size_t from = 0; from < keys.size();) {
    std::size_t to = from + 1;
    while (to < keys.size() && keys[to].prefix == keys[from].prefix) ++to;
    for (std::size_t i = from; i < to; ++i) keys[i].prefix = prefix_at(*keys[i].entry, 0);
    sort_keys(keys.subspan(from, to - from));
    from = to;
  }
}

}  // namespace brume::mapreduce

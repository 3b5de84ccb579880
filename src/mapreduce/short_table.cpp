#include "mapreduce/short_table.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace brume::mapreduce {
namespace {

constexpr std::size_t kSlots = ShortBucket::kSlots;
constexpr std::size_t kLeastHomes = 1024;
// 2^32 homes are more than 32 bits of a hash can tell apart.
constexpr std::size_t kMostHomes = std::size_t{1} << 31;
constexpr std::size_t kPrefetchDistance = 24;
constexpr std::int64_t kMostInSlot = 0x7FFFFFFF;

// At 80 % full a lookup meets 1.2 cache lines on average.
constexpr std::size_t limit_of(std::size_t homes) { return homes * kSlots / 5 * 4; }
constexpr std::size_t homes_for(std::size_t count) {
  return std::clamp(count / 4 * 5 / kSlots + 8, kLeastHomes, kMostHomes);
}

// Bit i: slot i has this key; its size remains to be compared.
inline unsigned match(const ShortBucket& bucket, const ShortKey& key) {
  unsigned hits = 0;
  for (unsigned slot = 0; slot < kSlots; ++slot) {
    const std::uint64_t difference = (bucket.keys[slot].a ^ key.a) | (bucket.keys[slot].b ^ key.b);
    hits |= static_cast<unsigned>(difference == 0) << slot;
  }
  return hits;
}

inline std::size_t used_slots(const ShortBucket& bucket) {
  return std::size_t{bucket.sizes[0] != 0} + std::size_t{bucket.sizes[1] != 0} + std::size_t{bucket.sizes[2] != 0};
}

}  // namespace

std::size_t ShortTable::bytes_for(std::size_t count) {
  return (homes_for(count) + kSpareBuckets) * sizeof(ShortBucket);
}

std::size_t ShortTable::next_limit() const { return limit_of(homes_ < 65536 ? homes_ * 2 : homes_ / 2 * 3); }

void ShortTable::set_shape(std::size_t homes) {
  homes_ = homes;
  total_ = homes + kSpareBuckets;
  limit_ = limit_of(homes);
}

bool ShortTable::reset(std::size_t count) {
  const std::size_t homes = homes_for(count);
  const std::size_t size = (homes + kSpareBuckets) * sizeof(ShortBucket);
  if (block_.size() < size) {
    block_ = Block();
    block_ = Block(size);
    if (!block_) return false;
    buckets_ = reinterpret_cast<ShortBucket*>(block_.data());
  }
  set_shape(homes);
  size_ = 0;
  std::memset(static_cast<void*>(buckets_), 0, size);
  return true;
}

std::size_t ShortTable::add(const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes,
                            const std::uint64_t* values, std::uint64_t value, std::size_t from, std::size_t count,
                            WideTotals& wide) {
  const auto prefetch = [this](std::uint64_t hash) { __builtin_prefetch(buckets_ + home(hash), 1); };
  for (std::size_t i = from; i < std::min(from + kPrefetchDistance, count); ++i) prefetch(hashes[i]);
  for (std::size_t i = from; i < count; ++i) {
    if (i + kPrefetchDistance < count) prefetch(hashes[i + kPrefetchDistance]);
    const std::size_t size = word_size(words[i]);
    const ShortKey key = load_short_key(text + word_begin(words[i]), size);
    const auto marked_size = static_cast<std::uint8_t>(size + 1);
    ShortBucket* bucket = buckets_ + home(hashes[i]);
    std::int32_t* found = nullptr;
    for (;;) {
      for (unsigned hits = match(*bucket, key); hits != 0; hits &= hits - 1) {
        const auto slot = static_cast<std::size_t>(std::countr_zero(hits));
        if (bucket->sizes[slot] == marked_size) [[likely]] {
          found = &bucket->counts[slot];
          break;
        }
      }
      if (found != nullptr) break;
      const std::size_t used = used_slots(*bucket);
      if (used < kSlots) {
        if (size_ >= limit_) return i;
        ++size_;
        bucket->keys[used] = key;
        bucket->counts[used] = 0;
        bucket->sizes[used] = marked_size;
        found = &bucket->counts[used];
        break;
      }
      if (++bucket == buckets_ + total_) return i;
    }
    const std::uint64_t more = values == nullptr ? value : values[i];
    const auto total = static_cast<std::int64_t>(static_cast<std::uint64_t>(*found) + more);
    if (static_cast<std::int64_t>(more) > kMostInSlot || static_cast<std::int64_t>(more) < -kMostInSlot ||
        total > kMostInSlot || total < -kMostInSlot) [[unlikely]] {
      wide.add_wide({reinterpret_cast<const char*>(&key), size}, static_cast<std::uint64_t>(*found) + more);
      *found = 0;
    } else {
      *found = static_cast<std::int32_t>(total);
    }
  }
  return count;
}

// Into a free slot in front of bucket `before`; false where there is none.
bool ShortTable::place(const Entry& entry, std::size_t before) {
  for (std::size_t at = home(hash_of(entry.key, entry.size - 1u)); at < before; ++at) {
    ShortBucket& bucket = buckets_[at];
    const std::size_t used = used_slots(bucket);
    if (used == kSlots) continue;
    bucket.keys[used] = entry.key;
    bucket.counts[used] = entry.count;
    bucket.sizes[used] = entry.size;
    return true;
  }
  return false;
}

// Packs all entries at the new end, keeping their order, then deals them out from the front. The
// places of the first k entries end before the packed rest begins, but for chance: such entries wait.
bool ShortTable::grow_in_place(std::size_t homes) {
  const std::size_t old_total = total_;
  set_shape(homes);
  std::size_t packed = total_ * kSlots;
  for (std::size_t at = old_total; at-- > 0;) {
    const ShortBucket source = buckets_[at];
    for (std::size_t slot = used_slots(source); slot-- > 0;) {
      --packed;
      ShortBucket& target = buckets_[packed / kSlots];
      target.keys[packed % kSlots] = source.keys[slot];
      target.counts[packed % kSlots] = source.counts[slot];
      target.sizes[packed % kSlots] = source.sizes[slot];
    }
  }
  std::size_t clear = packed / kSlots;  // buckets below hold nothing that is still to be dealt out
  std::memset(static_cast<void*>(buckets_), 0, clear * sizeof(ShortBucket));
  std::vector<Entry> waiting;
  while (clear < total_) {
    const ShortBucket source = buckets_[clear];
    std::memset(static_cast<void*>(buckets_ + clear), 0, sizeof(ShortBucket));
    const std::size_t first = packed > clear * kSlots ? packed - clear * kSlots : 0;
    ++clear;
    for (std::size_t slot = first; slot < kSlots; ++slot) {
      const Entry entry{source.keys[slot], source.counts[slot], source.sizes[slot]};
      if (!place(entry, clear)) waiting.push_back(entry);
    }
  }
  for (const Entry& entry : waiting) {
    if (!place(entry, total_)) return false;
  }
  return true;
}

bool ShortTable::move_to(std::size_t homes) {
  ShortTable larger;
  larger.configure(schedule_, scale_);
  // Twice the room: the next growth happens in place, and pages that are not reached cost nothing.
  larger.block_ = Block(2 * (homes + kSpareBuckets) * sizeof(ShortBucket));
  if (!larger.block_) return false;
  larger.buckets_ = reinterpret_cast<ShortBucket*>(larger.block_.data());
  larger.set_shape(homes);
  std::memset(static_cast<void*>(larger.buckets_), 0, larger.bytes());
  bool all_placed = true;
  for_each([&](const ShortBucket& bucket, std::size_t slot) {
    all_placed =
        larger.place({bucket.keys[slot], bucket.counts[slot], bucket.sizes[slot]}, larger.total_) && all_placed;
  });
  larger.size_ = size_;
  std::swap(*this, larger);
  return all_placed;
}

bool ShortTable::grow(std::size_t count) {
  const std::size_t homes = std::max(homes_for(count), homes_ + homes_ / 4);
  if (homes > kMostHomes) return false;
  const std::size_t size = (homes + kSpareBuckets) * sizeof(ShortBucket);
  return size <= block_.size() ? grow_in_place(homes) : move_to(homes);
}

}  // namespace brume::mapreduce

#include "mapreduce/short_table.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "base/check.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

// Bit 4 * i: slot i has this key; its size remains to be compared.
#if defined(__SSE2__)
inline unsigned match(const ShortBucket& bucket, const ShortKey& key) {
  const auto* keys = reinterpret_cast<const __m128i*>(bucket.keys);
  const __m128i wanted = _mm_set_epi64x(static_cast<long long>(key.b), static_cast<long long>(key.a));
  const __m128i first = _mm_cmpeq_epi32(_mm_load_si128(keys), wanted);
  const __m128i second = _mm_cmpeq_epi32(_mm_load_si128(keys + 1), wanted);
  const __m128i third = _mm_cmpeq_epi32(_mm_load_si128(keys + 2), wanted);
  const __m128i all = _mm_packs_epi16(_mm_packs_epi32(first, second), _mm_packs_epi32(third, _mm_setzero_si128()));
  auto equal = static_cast<unsigned>(_mm_movemask_epi8(all));  // four bits for each slot
  equal &= equal >> 1;
  return equal & equal >> 2 & 0x111;
}
#else
inline unsigned match(const ShortBucket& bucket, const ShortKey& key) {
  unsigned hits = 0;
  for (unsigned slot = 0; slot < kSlots; ++slot) {
    const std::uint64_t difference = (bucket.keys[slot].a ^ key.a) | (bucket.keys[slot].b ^ key.b);
    hits |= static_cast<unsigned>(difference == 0) << (4 * slot);
  }
  return hits;
}
#endif

inline std::size_t used_slots(const ShortBucket& bucket) {
  return std::size_t{bucket.sizes[0] != 0} + std::size_t{bucket.sizes[1] != 0} + std::size_t{bucket.sizes[2] != 0};
}

// Into the slot, or beside the table where the slot would overflow.
inline void add_to_slot(std::int32_t& slot_count, std::uint64_t more, const ShortKey& key, std::size_t size,
                        WideTotals& wide) {
  const auto step = static_cast<std::int64_t>(more);
  const auto total = static_cast<std::int64_t>(static_cast<std::uint64_t>(slot_count) + more);
  if (step > kMostInSlot || step < -kMostInSlot || total > kMostInSlot || total < -kMostInSlot) [[unlikely]] {
    wide.add_wide({reinterpret_cast<const char*>(&key), size}, static_cast<std::uint64_t>(slot_count) + more);
    slot_count = 0;
  } else {
    slot_count = static_cast<std::int32_t>(total);
  }
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

// The slot that has the key, or gets it; null where the table is full.
ShortTable::Found ShortTable::find_or_insert(ShortBucket* bucket, const ShortKey& key, std::uint8_t marked_size) {
  const ShortBucket* const end = bucket + std::min<std::ptrdiff_t>(kMostProbes, buckets_ + total_ - bucket);
  for (; bucket != end; ++bucket) {
    for (unsigned hits = match(*bucket, key); hits != 0; hits &= hits - 1) {
      const auto slot = static_cast<std::size_t>(std::countr_zero(hits)) / 4;
      if (bucket->sizes[slot] == marked_size) return {bucket, slot};
    }
    const std::size_t used = used_slots(*bucket);
    if (used == kSlots) continue;
    if (size_ >= limit_) return {};
    ++size_;
    bucket->keys[used] = key;
    bucket->counts[used] = 0;
    bucket->sizes[used] = marked_size;
    return {bucket, used};
  }
  return {};
}

template <bool kOneValue>
std::size_t ShortTable::add_values(const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes,
                                   const std::uint64_t* values, std::uint64_t value, std::size_t from,
                                   std::size_t count, WideTotals& wide) {
  ShortBucket* const buckets = buckets_;
  const std::size_t homes = homes_;
  const auto bucket_of = [=](std::uint64_t hash) { return buckets + ((hash >> 32) * homes >> 32); };
  for (std::size_t i = from; i < std::min(from + kPrefetchDistance, count); ++i) {
    __builtin_prefetch(bucket_of(hashes[i]), 1);
  }
  for (std::size_t i = from; i < count; ++i) {
    __builtin_prefetch(bucket_of(hashes[i + kPrefetchDistance]), 1);  // behind the end: some bucket or other
    const std::size_t size = word_size(words[i]);
    const ShortKey key = load_short_key(text + word_begin(words[i]), size);
    const auto marked_size = static_cast<std::uint8_t>(size + 1);
    Found found{bucket_of(hashes[i]), 0};
    const unsigned hits = match(*found.bucket, key);
    found.slot = static_cast<std::size_t>(std::countr_zero(hits | 0x1000)) / 4;
    if (found.slot == kSlots || found.bucket->sizes[found.slot] != marked_size) [[unlikely]] {
      found = find_or_insert(found.bucket, key, marked_size);
      if (found.bucket == nullptr) return i;
    }
    std::int32_t& slot_count = found.bucket->counts[found.slot];
    if (kOneValue && slot_count < kMostInSlot) [[likely]] {
      ++slot_count;
    } else {
      add_to_slot(slot_count, kOneValue ? 1 : values == nullptr ? value : values[i], key, size, wide);
    }
  }
  return count;
}

std::size_t ShortTable::add(const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes,
                            const std::uint64_t* values, std::uint64_t value, std::size_t from, std::size_t count,
                            WideTotals& wide) {
  if (values == nullptr && value == 1) return add_values<true>(text, words, hashes, values, value, from, count, wide);
  return add_values<false>(text, words, hashes, values, value, from, count, wide);
}

template <typename Place>
void ShortTable::take_out(const ShortBucket& bucket, std::size_t first_slot, Place place) const {
  std::uint64_t hashes[kSlots];
  kernels_->hash_keys(schedule_, bucket.keys, bucket.sizes, kSlots, hashes);
  for (std::size_t slot = first_slot; slot < kSlots && bucket.sizes[slot] != 0; ++slot) {
    place(Entry{bucket.keys[slot], hashes[slot] * scale_, bucket.counts[slot], bucket.sizes[slot]});
  }
}

// Into a free slot in front of bucket `before`; false where there is none.
bool ShortTable::place(const Entry& entry, std::size_t before) {
  for (std::size_t at = home(entry.hash); at < before; ++at) {
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
void ShortTable::grow_in_place(std::size_t homes) {
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
    take_out(source, first, [&](const Entry& entry) {
      if (!place(entry, clear)) waiting.push_back(entry);
    });
  }
  for (const Entry& entry : waiting) BRUME_CHECK(place(entry, total_));
}

bool ShortTable::move_to(std::size_t homes, std::size_t spare) {
  ShortTable larger;
  larger.configure(schedule_, scale_);
  // Up to twice the room: the next growth happens in place, and pages that are not reached cost nothing.
  const std::size_t size = (homes + kSpareBuckets) * sizeof(ShortBucket);
  larger.block_ = Block(size + std::min(size, spare));
  if (!larger.block_) larger.block_ = Block(size);
  if (!larger.block_) return false;
  larger.buckets_ = reinterpret_cast<ShortBucket*>(larger.block_.data());
  larger.set_shape(homes);
  std::memset(static_cast<void*>(larger.buckets_), 0, larger.bytes());
  bool all_placed = true;
  for (std::size_t at = 0; at < total_; ++at) {
    take_out(buckets_[at], 0,
             [&](const Entry& entry) { all_placed = larger.place(entry, larger.total_) && all_placed; });
  }
  BRUME_CHECK(all_placed);
  larger.size_ = size_;
  std::swap(*this, larger);
  return true;
}

bool ShortTable::grow(std::size_t count, std::size_t spare) {
  const std::size_t homes = std::max(homes_for(count), homes_ + homes_ / 4);
  if (homes > kMostHomes) return false;
  const std::size_t size = (homes + kSpareBuckets) * sizeof(ShortBucket);
  if (size > block_.size()) return move_to(homes, spare);
  grow_in_place(homes);
  return true;
}

}  // namespace brume::mapreduce

#include "mapreduce/long_table.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace brume::mapreduce {
namespace {

constexpr std::size_t kSlots = LongBucket::kSlots;
constexpr std::size_t kLeastHomes = 256;
constexpr std::size_t kMostHomes = std::size_t{1} << 29;
constexpr std::size_t kPrefetchDistance = 16;
constexpr std::int64_t kMostInEntry = 0x7FFFFFFF;

constexpr std::size_t limit_of(std::size_t homes) { return homes * kSlots / 4 * 3; }
constexpr std::size_t homes_for(std::size_t count) {
  return std::clamp(count / 3 * 4 / kSlots + 8, kLeastHomes, kMostHomes);
}

// Bit i: slot i has this tag (it may be free).
inline unsigned match(const LongBucket& bucket, std::uint32_t tag) {
#if defined(__SSE2__)
  const auto* tags = reinterpret_cast<const __m128i*>(bucket.tags);
  const __m128i wanted = _mm_set1_epi32(static_cast<int>(tag));
  const __m128i equal =
      _mm_packs_epi32(_mm_cmpeq_epi32(_mm_load_si128(tags), wanted), _mm_cmpeq_epi32(_mm_load_si128(tags + 1), wanted));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())));
#else
  unsigned hits = 0;
  for (unsigned slot = 0; slot < kSlots; ++slot) hits |= static_cast<unsigned>(bucket.tags[slot] == tag) << slot;
  return hits;
#endif
}

#if defined(__SSE2__)
// Of the first 32 bytes.
inline std::uint32_t equal_bytes(const std::uint8_t* a, const std::uint8_t* b) {
  const auto half = [&](std::size_t at) {
    const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + at)),
                                         _mm_loadu_si128(reinterpret_cast<const __m128i*>(b + at)));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(equal));
  };
  return half(0) | half(16) << 16;
}
#endif

// Up to kWideSize bytes are read with slack.
inline bool same(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) {
#if defined(__SSE2__)
  if (size <= kWideSize) {
    const std::size_t first = std::min<std::size_t>(size, 32);
    const auto differ = [](std::uint32_t equal, std::size_t count) {
      return ~std::uint64_t{equal} << (64 - count) != 0;
    };
    if (differ(equal_bytes(a, b), first)) return false;
    return size <= 32 || !differ(equal_bytes(a + 32, b + 32), size - 32);
  }
#endif
  return std::memcmp(a, b, size) == 0;
}

inline void add_value(LongEntry& entry, std::uint64_t more, WideTotals& wide) {
  const auto step = static_cast<std::int64_t>(more);
  const auto total = static_cast<std::int64_t>(static_cast<std::uint64_t>(entry.count) + more);
  if (step > kMostInEntry || step < -kMostInEntry || total > kMostInEntry || total < -kMostInEntry) [[unlikely]] {
    wide.add_wide(entry.key(), static_cast<std::uint64_t>(entry.count) + more);
    entry.count = 0;
  } else {
    entry.count = static_cast<std::int32_t>(total);
  }
}

}  // namespace

LongEntry* Arena::append(const std::uint8_t* key, std::uint32_t size, std::uint32_t& place) {
  const std::size_t units = units_of(size);
  std::size_t begin;
  if (units > kUnitsPerBlock / 4) {  // an allocation of its own, under the next free run of places
    const std::size_t runs = (units + kUnitsPerBlock - 1) / kUnitsPerBlock;
    if (starts_.size() + runs > (std::size_t{1} << 32) / kUnitsPerBlock) return nullptr;
    Block block(units * kUnit);
    if (!block) return nullptr;
    begin = starts_.size() * kUnitsPerBlock;
    for (std::size_t run = 0; run < runs; ++run) starts_.push_back(block.data() + run * kBlockSize);
    large_.push_back(std::move(block));
    if (begin == 0) {  // place 0 means none: skip the first run
      starts_.insert(starts_.begin(), starts_.front());
      begin = kUnitsPerBlock;
    }
  } else {
    if (room_end_ - room_begin_ < units) {
      if (starts_.size() + 1 > (std::size_t{1} << 32) / kUnitsPerBlock) return nullptr;
      if (used_blocks_ == blocks_.size()) {
        Block block(kBlockSize);
        if (!block) return nullptr;
        blocks_.push_back(std::move(block));
      }
      if (used_blocks_ != 0) ends_.push_back(end_of_room());
      room_begin_ = starts_.size() * kUnitsPerBlock + 1;
      room_end_ = (starts_.size() + 1) * kUnitsPerBlock - kSlack / kUnit;
      starts_.push_back(blocks_[used_blocks_++].data());
    }
    begin = room_begin_;
    room_begin_ += units;
  }
  place = static_cast<std::uint32_t>(begin);
  bytes_ += units * kUnit;
  LongEntry* entry = at(place);
  entry->count = 0;
  entry->size = size;
  copy_bytes(reinterpret_cast<std::uint8_t*>(entry + 1), key, size);
  return entry;
}

void Arena::clear() {
  large_.clear();
  starts_.clear();
  ends_.clear();
  used_blocks_ = room_begin_ = room_end_ = bytes_ = 0;
}

std::size_t LongTable::bytes_for(std::size_t count) { return (homes_for(count) + kSpareBuckets) * sizeof(LongBucket); }

void LongTable::set_shape(std::size_t homes) {
  homes_ = homes;
  total_ = homes + kSpareBuckets;
  limit_ = limit_of(homes);
}

bool LongTable::reset(std::size_t count) {
  const std::size_t homes = homes_for(count);
  const std::size_t size = (homes + kSpareBuckets) * sizeof(LongBucket);
  arena_.clear();
  if (block_.size() < size) {
    block_ = Block();
    block_ = Block(size);
    if (!block_) return false;
    buckets_ = reinterpret_cast<LongBucket*>(block_.data());
  }
  set_shape(homes);
  size_ = 0;
  std::memset(static_cast<void*>(buckets_), 0, size);
  return true;
}

LongEntry* LongTable::find_or_insert(const std::uint8_t* key, std::size_t size, std::uint32_t tag) {
  const std::size_t home = home_of_tag(tag);
  for (std::size_t at = home; at < std::min(home + kMostProbes, total_); ++at) {
    LongBucket& bucket = buckets_[at];
    for (unsigned hits = match(bucket, tag); hits != 0; hits &= hits - 1) {
      const std::uint32_t where = bucket.places[std::countr_zero(hits)];
      if (where == 0) break;
      LongEntry* entry = arena_.at(where);
      if (entry->size == size && same(entry->bytes(), key, size)) return entry;
    }
    if (bucket.places[kSlots - 1] != 0) continue;
    if (size_ >= limit_) return nullptr;
    const auto slot = static_cast<std::size_t>(std::find(bucket.places, bucket.places + kSlots, 0u) - bucket.places);
    std::uint32_t where;
    LongEntry* entry = arena_.append(key, static_cast<std::uint32_t>(size), where);
    if (entry == nullptr) return nullptr;
    ++size_;
    bucket.tags[slot] = tag;
    bucket.places[slot] = where;
    return entry;
  }
  return nullptr;
}

std::size_t LongTable::add(const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes,
                           const std::uint64_t* values, std::uint64_t value, std::size_t from, std::size_t count,
                           WideTotals& wide) {
  const auto prefetch_index = [&](std::size_t i) {
    if (i < count) __builtin_prefetch(buckets_ + home(hashes[i]), 1);
  };
  const auto prefetch_entry = [&](std::size_t i) {
    if (i >= count) return;
    const auto tag = static_cast<std::uint32_t>(hashes[i] >> 32);
    const LongBucket& bucket = buckets_[home_of_tag(tag)];
    const unsigned hits = match(bucket, tag);
    if (hits == 0) return;
    const std::uint32_t where = bucket.places[std::countr_zero(hits)];
    if (where != 0) __builtin_prefetch(arena_.at(where), 1);
  };
  for (std::size_t i = from; i < from + 2 * kPrefetchDistance; ++i) prefetch_index(i);
  for (std::size_t i = from; i < from + kPrefetchDistance; ++i) prefetch_entry(i);
  for (std::size_t i = from; i < count; ++i) {
    prefetch_index(i + 2 * kPrefetchDistance);
    prefetch_entry(i + kPrefetchDistance);
    LongEntry* entry =
        find_or_insert(text + word_begin(words[i]), word_size(words[i]), static_cast<std::uint32_t>(hashes[i] >> 32));
    if (entry == nullptr) return i;
    add_value(*entry, values == nullptr ? value : values[i], wide);
  }
  return count;
}

bool LongTable::add_one(std::string_view key, std::uint64_t hash, std::uint64_t value, WideTotals& wide) {
  LongEntry* entry = find_or_insert(reinterpret_cast<const std::uint8_t*>(key.data()), key.size(),
                                    static_cast<std::uint32_t>(hash >> 32));
  if (entry == nullptr) return false;
  add_value(*entry, value, wide);
  return true;
}

bool LongTable::place(std::uint32_t tag, std::uint32_t where) {
  for (std::size_t at = home_of_tag(tag); at < total_; ++at) {
    LongBucket& bucket = buckets_[at];
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
      if (bucket.places[slot] != 0) continue;
      bucket.tags[slot] = tag;
      bucket.places[slot] = where;
      return true;
    }
  }
  return false;
}

bool LongTable::grow(std::size_t count) {
  const std::size_t homes = std::max(homes_for(count), homes_ + homes_ / 4);
  if (homes > kMostHomes) return false;
  Block larger((homes + kSpareBuckets) * sizeof(LongBucket));
  if (!larger) return false;
  const Block old_block = std::exchange(block_, std::move(larger));
  const LongBucket* const old = buckets_;
  const std::size_t old_total = total_;
  buckets_ = reinterpret_cast<LongBucket*>(block_.data());
  set_shape(homes);
  std::memset(static_cast<void*>(buckets_), 0, index_bytes());
  for (std::size_t at = 0; at < old_total; ++at) {
    for (std::size_t slot = 0; slot < kSlots && old[at].places[slot] != 0; ++slot) {
      BRUME_CHECK(place(old[at].tags[slot], old[at].places[slot]));
    }
  }
  return true;
}

}  // namespace brume::mapreduce

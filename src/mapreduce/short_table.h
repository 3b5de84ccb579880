// Counts for keys of up to 16 bytes: one random access to one cache line per word.
//
// Buckets of one cache line hold three keys, their counts and sizes; a full bucket overflows into
// the next. Buckets stand in the order of the keys' hashes, so growing, partitioning and merging
// are sequential sweeps. There is no wrap-around: spare buckets follow the last one.
#pragma once

#include "mapreduce/block.h"
#include "mapreduce/kernels.h"
#include "mapreduce/short_key.h"

namespace brume::mapreduce {

// Buckets of a table that are looked at for a key. More are full in a row only where keys come in the order of hashes,
// to a table that has no room for them all: it is full then, however empty behind.
inline constexpr std::size_t kMostProbes = 64;

struct alignas(64) ShortBucket {
  static constexpr std::size_t kSlots = 3;
  ShortKey keys[kSlots];
  std::int32_t counts[kSlots];
  std::uint8_t sizes[kSlots];  // 1 + the key's size; 0 is free, and no free slot stands before a used one
  std::uint8_t unused;
};
static_assert(sizeof(ShortBucket) == 64);

// Receives totals that have outgrown a slot: it keeps them beside the table, and the slot starts at 0.
class WideTotals {
 public:
  virtual void add_wide(std::string_view key, std::uint64_t value) = 0;

 protected:
  ~WideTotals() = default;
};

class ShortTable {
 public:
  // `scale`: a table for one partition of R sees one R-th of the hash range and spreads it out.
  void configure(const HashSchedule& schedule, std::uint64_t scale) {
    schedule_ = schedule;
    scale_ = scale;
  }

  // Empty, with room for about `count` keys; false without memory.
  bool reset(std::size_t count);
  // Gives all memory back.
  void release() { *this = ShortTable(); }

  // Adds values[i] (or `value` where `values` is null) for words[from..count); returns the first
  // index that was not added, because the table is full: grow() or empty it, and go on there.
  // Hashes are scaled. Reads kSlack behind a word, and kOutputSlack (any) hashes behind the last.
  std::size_t add(const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes,
                  const std::uint64_t* values, std::uint64_t value, std::size_t from, std::size_t count,
                  WideTotals& wide);

  // To hold at least `count` keys before it is full, with up to `spare` bytes for more. False without memory: nothing
  // has changed then.
  bool grow(std::size_t count, std::size_t spare = 0);
  // The count of keys to grow to by default.
  std::size_t next_limit() const;
  static std::size_t bytes_for(std::size_t count);

  std::size_t size() const { return size_; }
  std::size_t limit() const { return limit_; }
  std::size_t bytes() const { return total_ * sizeof(ShortBucket); }

  // Calls visit(bucket, slot) for every key whose scaled hash is in [first, last], in order of buckets.
  template <typename Visit>
  void for_each_in(std::uint64_t first, std::uint64_t last, Visit visit) const {
    const std::size_t begin = home(first);
    const std::size_t end = home(last);
    // Keys behind a free slot have a home behind it; keys before `end` have theirs before it. Only
    // near the two borders must hashes be asked.
    bool after_first = first == 0;
    for (std::size_t at = begin; at < total_ && (at <= end || full(at - 1)); ++at) {
      const ShortBucket& bucket = buckets_[at];
      const bool inside = after_first && (at < end || last == ~std::uint64_t{0});
      for (std::size_t slot = 0; slot < ShortBucket::kSlots && bucket.sizes[slot] != 0; ++slot) {
        if (!inside) {
          const std::uint64_t hash = hash_of(bucket.keys[slot], bucket.sizes[slot] - 1u);
          if (hash < first || hash > last) continue;
        }
        visit(bucket, slot);
      }
      after_first = after_first || !full(at);
    }
  }
  // Calls visit(bucket, slot) for every key.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t at = 0; at < total_; ++at) {
      const ShortBucket& bucket = buckets_[at];
      for (std::size_t slot = 0; slot < ShortBucket::kSlots && bucket.sizes[slot] != 0; ++slot) visit(bucket, slot);
    }
  }

 private:
  struct Entry {
    ShortKey key;
    std::uint64_t hash;
    std::int32_t count;
    std::uint8_t size;
  };
  static constexpr std::size_t kSpareBuckets = 64;

  std::size_t home(std::uint64_t hash) const { return static_cast<std::size_t>((hash >> 32) * homes_ >> 32); }
  bool full(std::size_t at) const { return buckets_[at].sizes[ShortBucket::kSlots - 1] != 0; }
  std::uint64_t hash_of(const ShortKey& key, std::size_t size) const {
    return kernels_->hash(schedule_, reinterpret_cast<const std::uint8_t*>(&key), size) * scale_;
  }
  struct Found {
    ShortBucket* bucket = nullptr;
    std::size_t slot = 0;
  };
  Found find_or_insert(ShortBucket* bucket, const ShortKey& key, std::uint8_t marked_size);
  template <bool kOneValue>
  std::size_t add_values(const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes,
                         const std::uint64_t* values, std::uint64_t value, std::size_t from, std::size_t count,
                         WideTotals& wide);
  void grow_in_place(std::size_t homes);
  // place(entry) for every key of the bucket.
  template <typename Place>
  void take_out(const ShortBucket& bucket, std::size_t first_slot, Place place) const;
  bool place(const Entry& entry, std::size_t before);
  bool move_to(std::size_t homes, std::size_t spare);
  void set_shape(std::size_t homes);

  Block block_;
  ShortBucket* buckets_ = nullptr;
  std::size_t homes_ = 0;  // buckets that hashes name
  std::size_t total_ = 0;  // with the spare ones
  std::size_t size_ = 0;
  std::size_t limit_ = 0;
  HashSchedule schedule_;
  std::uint64_t scale_ = 1;
  const Kernels* kernels_ = &best_kernels();
};

}  // namespace brume::mapreduce

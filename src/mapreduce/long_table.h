// Counts for keys of more than 16 bytes: an index in hash order over an append-only arena.
//
// Index buckets of one cache line hold eight (tag, place) pairs; tag = the upper half of the hash,
// so it also names the bucket, in the order of hashes. An arena entry is a count, a size, the key.
#pragma once

#include <vector>

#include "mapreduce/block.h"
#include "mapreduce/kernels.h"
#include "mapreduce/short_table.h"

namespace brume::mapreduce {

struct alignas(64) LongBucket {
  static constexpr std::size_t kSlots = 8;
  std::uint32_t tags[kSlots];
  std::uint32_t places[kSlots];  // 0 is free, and no free slot stands before a used one
};
static_assert(sizeof(LongBucket) == 64);

struct LongEntry {
  std::int32_t count;
  std::uint32_t size;
  const std::uint8_t* bytes() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), size}; }
};

// Entries in blocks that never move. A place counts units of 8 bytes; 0 is none.
class Arena {
 public:
  static constexpr std::size_t kBlockSize = 256 * 1024;
  static constexpr std::size_t kUnit = 8;

  LongEntry* at(std::uint32_t place) const {
    return reinterpret_cast<LongEntry*>(starts_[place / kUnitsPerBlock] + place % kUnitsPerBlock * kUnit);
  }
  // Null without memory. The entry has count 0 and its key. Keys of up to kWideSize bytes are read with slack.
  LongEntry* append(const std::uint8_t* key, std::uint32_t size, std::uint32_t& place);
  void clear();  // keeps the small blocks
  std::size_t bytes() const { return bytes_; }

  // Calls visit(const LongEntry&) for every entry, in the order of memory.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < used_blocks_; ++i) {
      const std::uint8_t* at = blocks_[i].data() + kUnit;
      const std::uint8_t* const end = blocks_[i].data() + (i < ends_.size() ? ends_[i] : end_of_room()) * kUnit;
      while (at != end) {
        const auto& entry = *reinterpret_cast<const LongEntry*>(at);
        at += units_of(entry.size) * kUnit;
        visit(entry);
      }
    }
    for (const Block& block : large_) visit(*reinterpret_cast<const LongEntry*>(block.data()));
  }

 private:
  static constexpr std::size_t kUnitsPerBlock = kBlockSize / kUnit;

  static std::size_t units_of(std::size_t size) { return (sizeof(LongEntry) + size + kUnit - 1) / kUnit; }
  // Of the current small block, in its units; kSlack bytes stay free behind the last entry.
  std::size_t end_of_room() const { return room_begin_ % kUnitsPerBlock; }

  std::vector<Block> blocks_;          // small ones, in use and spare
  std::vector<Block> large_;           // one entry each
  std::vector<std::uint8_t*> starts_;  // where each run of kUnitsPerBlock places begins
  std::size_t used_blocks_ = 0;
  std::vector<std::size_t> ends_;  // of small blocks before the current one, in units; all begin at 1: place 0 is none
  std::size_t room_begin_ = 0;     // of the current small block, in places
  std::size_t room_end_ = 0;
  std::size_t bytes_ = 0;
};

class LongTable {
 public:
  void configure(const HashSchedule& schedule, std::uint64_t scale) {
    schedule_ = schedule;
    scale_ = scale;
  }
  bool reset(std::size_t count);
  void release() { *this = LongTable(); }

  // As ShortTable::add.
  std::size_t add(const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes,
                  const std::uint64_t* values, std::uint64_t value, std::size_t from, std::size_t count,
                  WideTotals& wide);
  // One key of any size below 4 GiB. False: full, or no memory for the key.
  bool add_one(std::string_view key, std::uint64_t hash, std::uint64_t value, WideTotals& wide);

  // False without memory: nothing has changed then.
  bool grow(std::size_t count);
  std::size_t next_limit() const { return limit_ * 2; }
  static std::size_t bytes_for(std::size_t count);

  std::size_t size() const { return size_; }
  std::size_t limit() const { return limit_; }
  std::size_t bytes() const { return total_ * sizeof(LongBucket) + arena_.bytes(); }
  std::size_t index_bytes() const { return total_ * sizeof(LongBucket); }

  // As ShortTable: visit(const LongEntry&).
  template <typename Visit>
  void for_each_in(std::uint64_t first, std::uint64_t last, Visit visit) const {
    const auto first_tag = static_cast<std::uint32_t>(first >> 32);
    const auto last_tag = static_cast<std::uint32_t>(last >> 32);
    const std::size_t end = home(last) + 1;
    for (std::size_t at = home(first); at < total_ && (at < end || full(at - 1)); ++at) {
      prefetch_entries(at + 4);
      const LongBucket& bucket = buckets_[at];
      for (std::size_t slot = 0; slot < LongBucket::kSlots && bucket.places[slot] != 0; ++slot) {
        const LongEntry& entry = *arena_.at(bucket.places[slot]);
        // Only at the two borders the rest of the hash decides.
        const std::uint32_t tag = bucket.tags[slot];
        if (tag < first_tag || tag > last_tag) continue;
        if (tag == first_tag || tag == last_tag) {
          const std::uint64_t hash = kernels_->hash(schedule_, entry.bytes(), entry.size) * scale_;
          if (hash < first || hash > last) continue;
        }
        visit(entry);
      }
    }
  }
  // visit(const LongEntry&) for every key, in any order.
  template <typename Visit>
  void for_each(Visit visit) const {
    arena_.for_each(visit);
  }

 private:
  static constexpr std::size_t kSpareBuckets = 64;

  std::size_t home(std::uint64_t hash) const { return home_of_tag(static_cast<std::uint32_t>(hash >> 32)); }
  std::size_t home_of_tag(std::uint32_t tag) const { return static_cast<std::size_t>(tag * homes_ >> 32); }
  bool full(std::size_t at) const { return buckets_[at].places[LongBucket::kSlots - 1] != 0; }
  void prefetch_entries(std::size_t at) const {
    if (at >= total_) return;
    for (std::size_t slot = 0; slot < LongBucket::kSlots && buckets_[at].places[slot] != 0; ++slot) {
      __builtin_prefetch(arena_.at(buckets_[at].places[slot]));
    }
  }
  LongEntry* find_or_insert(const std::uint8_t* key, std::size_t size, std::uint32_t tag);
  bool place(std::uint32_t tag, std::uint32_t where);
  void set_shape(std::size_t homes);

  Block block_;
  LongBucket* buckets_ = nullptr;
  std::size_t homes_ = 0;
  std::size_t total_ = 0;
  std::size_t size_ = 0;
  std::size_t limit_ = 0;
  Arena arena_;
  HashSchedule schedule_;
  std::uint64_t scale_ = 1;
  const Kernels* kernels_ = &best_kernels();
};

}  // namespace brume::mapreduce

// Sums of integers by key: the short and the long table, and what does not fit their counters.
#pragma once

#include <algorithm>
#include <map>

#include "mapreduce/long_table.h"
#include "mapreduce/short_table.h"
#include "mapreduce/waiting_words.h"

namespace brume::mapreduce {

// How many of the records to come will be new to a table, judged by those before: rather too many.
class NewKeys {
 public:
  void learn(std::size_t before, std::size_t after, std::size_t records) {
    constexpr std::size_t kEnough = 1000;
    if (records <= kEnough || after < before) return;
    const double share = static_cast<double>(after - before) / static_cast<double>(records);
    share_ = std::min(1.0, share * 1.125 + 0.02);
  }
  std::size_t expected(std::uint64_t records) const {
    return static_cast<std::size_t>(static_cast<double>(std::min(records, kMost)) * share_);
  }

 private:
  static constexpr std::uint64_t kMost = std::uint64_t{1} << 32;

  double share_ = 1;
};

class CountTables : public WideTotals {
 public:
  // Decides what happens when a table is full: grows it or empties both. False ends the task.
  class Room {
   public:
    virtual bool make_room(bool in_long_table) = 0;

   protected:
    ~Room() = default;
  };

  // partitions: R for the table of one partition, 1 for one that sees all hashes.
  // Totals wrap at `value_bits`, as the job's type does. Up to `waiting_bytes` of words may wait for settle():
  // 0 where hashes come in their order.
  void configure(const HashSchedule& schedule, std::uint32_t partitions, unsigned value_bits, bool is_signed,
                 std::size_t waiting_bytes);
  // Empty, and with room for so many, or with the least where there is no memory for that.
  bool reset(std::size_t short_count, std::size_t long_count);
  // One of the tables gets room for `count` keys, or for as many as it grows by. False where that takes more than
  // `budget` bytes in all, or than there are: nothing has changed then.
  bool grow(bool in_long_table, std::size_t count, std::uint64_t budget);
  bool grow(bool in_long_table, std::uint64_t budget);
  // The counts alone: what a caller of add_segment() works with stays.
  void release_tables();
  void release();

  // Adds a segment's words: values[i], or `value` each where `values` is null. `words` is used up.
  // Keys of another partition than the first key's are refused where partitions > 1.
  bool add_segment(const std::uint8_t* text, WordSpan* words, std::size_t count, const std::uint64_t* values,
                   std::uint64_t value, Room& room);
  // Brings in what waits. Before tables are read for the last time.
  bool settle(Room& room);
  // A key longer than a segment.
  bool add_large(std::string_view key, std::uint64_t value, Room& room);

  // Whether the key is of the first key's partition.
  bool check_partition(std::string_view key);

  void add_wide(std::string_view key, std::uint64_t value) override;
  // What the slot's own counter says, and what has outgrown it.
  std::uint64_t total(std::string_view key, std::int32_t in_slot) const {
    const auto value = static_cast<std::uint64_t>(in_slot);
    return wrapped(wide_.empty() ? value : value + wide_total(key));
  }

  // At the size of the job's type.
  std::uint64_t wrapped(std::uint64_t value) const {
    const std::uint64_t top = value << unused_bits_;
    return is_signed_ ? static_cast<std::uint64_t>(static_cast<std::int64_t>(top) >> unused_bits_)
                      : top >> unused_bits_;
  }

  ShortTable& short_table() { return short_; }
  LongTable& long_table() { return long_; }
  // visit(key, what its slot says) for every key, in any order; total() has the rest.
  template <typename Visit>
  void for_each(Visit visit) const {
    short_.for_each([&](const ShortBucket& bucket, std::size_t slot) {
      visit(std::string_view(reinterpret_cast<const char*>(&bucket.keys[slot]), bucket.sizes[slot] - 1u),
            bucket.counts[slot]);
    });
    long_.for_each([&](const LongEntry& entry) { visit(entry.key(), entry.count); });
  }
  bool empty() const { return short_.size() + long_.size() == 0; }
  std::size_t bytes() const { return short_.bytes() + long_.bytes() + waiting_.bytes() + wide_bytes_; }
  bool saw_other_partition() const { return saw_other_partition_; }

 private:
  struct Scratch;

  std::uint64_t wide_total(std::string_view key) const;
  bool check_partition(std::uint64_t hash);
  bool add_long(const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes,
                const std::uint64_t* values, std::size_t count, Room& room);

  ShortTable short_;
  LongTable long_;
  WaitingWords waiting_;
  NewKeys new_keys_;  // of words that waited
  std::map<std::string, std::uint64_t, std::less<>> wide_;
  std::size_t wide_bytes_ = 0;
  HashSchedule schedule_;
  std::uint32_t partitions_ = 1;
  unsigned unused_bits_ = 0;
  bool is_signed_ = false;
  std::int64_t partition_ = -1;
  bool saw_other_partition_ = false;
  Block scratch_block_;
  const Kernels* kernels_ = &best_kernels();
};

}  // namespace brume::mapreduce

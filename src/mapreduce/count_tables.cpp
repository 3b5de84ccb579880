#include "mapreduce/count_tables.h"

#include <algorithm>
#include <new>

namespace brume::mapreduce {

namespace {
constexpr std::size_t kMaxShortWords = kMaxSegmentWords + kOutputSlack;
constexpr std::size_t kMaxLongWords = kSegmentSize / kShortSize + kOutputSlack;
}  // namespace

// Per segment; written before read.
struct CountTables::Scratch {
  std::uint64_t short_hashes[kMaxShortWords];
  std::uint64_t short_values[kMaxShortWords];
  std::uint64_t long_hashes[kMaxLongWords];
  std::uint64_t long_values[kMaxLongWords];
  WordSpan long_words[kMaxLongWords];
};

void CountTables::configure(const HashSchedule& schedule, std::uint32_t partitions, unsigned value_bits, bool is_signed,
                            std::size_t waiting_bytes) {
  unused_bits_ = 64 - value_bits;
  is_signed_ = is_signed;
  schedule_ = schedule;
  partitions_ = partitions;
  partition_ = -1;
  saw_other_partition_ = false;
  short_.configure(schedule, partitions);
  long_.configure(schedule, partitions);
  waiting_.configure(waiting_bytes);
  new_keys_ = {};
}

bool CountTables::reset(std::size_t short_count, std::size_t long_count) {
  wide_.clear();
  wide_bytes_ = 0;
  if (!scratch_block_) scratch_block_ = Block(sizeof(Scratch));
  return scratch_block_ && (short_.reset(short_count) || short_.reset(0)) &&
         (long_.reset(long_count) || long_.reset(0));
}

bool CountTables::grow(bool in_long_table, std::size_t count, std::uint64_t budget) {
  const std::size_t size = in_long_table ? LongTable::bytes_for(count) : ShortTable::bytes_for(count);
  // A new index of long keys stands beside the old one for a while.
  const std::size_t replaced = in_long_table ? 0 : std::min(short_.bytes(), size);
  const std::size_t after = bytes() + size - replaced;
  if (after > budget) return false;
  return in_long_table ? long_.grow(count) : short_.grow(count, static_cast<std::size_t>(budget) - after);
}

bool CountTables::grow(bool in_long_table, std::uint64_t budget) {
  return grow(in_long_table, in_long_table ? long_.next_limit() : short_.next_limit(), budget);
}

void CountTables::release_tables() {
  short_.release();
  long_.release();
}

void CountTables::release() {
  release_tables();
  scratch_block_ = Block();
}

bool CountTables::check_partition(std::uint64_t hash) {
  const std::int64_t partition = detail::partition_of(hash, partitions_);
  if (partition_ < 0) partition_ = partition;
  if (partition_ == partition) return true;
  saw_other_partition_ = true;
  return false;
}

bool CountTables::check_partition(std::string_view key) {
  if (partitions_ == 1) return true;
  return check_partition(kernels_->hash(schedule_, reinterpret_cast<const std::uint8_t*>(key.data()), key.size()));
}

bool CountTables::add_segment(const std::uint8_t* text, WordSpan* words, std::size_t count, const std::uint64_t* values,
                              std::uint64_t value, Room& room) {
  auto& scratch = *reinterpret_cast<Scratch*>(scratch_block_.data());
  if (values != nullptr) {
    std::size_t short_count = 0;
    std::size_t long_count = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const bool is_short = word_size(words[i]) <= kShortSize;
      (is_short ? scratch.short_values[short_count] : scratch.long_values[long_count]) = values[i];
      short_count += is_short;
      long_count += !is_short;
    }
  }
  const SplitCounts split = kernels_->split_and_hash(schedule_, text, words, count, words, scratch.short_hashes,
                                                     scratch.long_words, scratch.long_hashes);
  if (partitions_ > 1) {
    for (std::size_t i = 0; i < split.short_count; ++i) {
      if (!check_partition(scratch.short_hashes[i])) return false;
      scratch.short_hashes[i] *= partitions_;
    }
    for (std::size_t i = 0; i < split.long_count; ++i) {
      if (!check_partition(scratch.long_hashes[i])) return false;
      scratch.long_hashes[i] *= partitions_;
    }
  }
  std::size_t at = 0;
  for (;;) {
    at = short_.add(text, words, scratch.short_hashes, values == nullptr ? nullptr : scratch.short_values, value, at,
                    split.short_count, *this);
    if (at == split.short_count) break;
    if (!room.make_room(false)) return false;
  }
  if (values == nullptr) std::fill_n(scratch.long_values, split.long_count, value);
  std::size_t direct = waiting_.is_open() ? 0 : split.long_count;  // long words that do not wait
  for (std::size_t i = direct; i < split.long_count; ++i) {
    const std::uint64_t its_value = scratch.long_values[i];
    const WordSpan word = scratch.long_words[i];
    if (waiting_.takes(word_size(word), its_value)) {
      const auto put = [&] {
        return waiting_.put(text + word_begin(word), word_size(word), scratch.long_hashes[i], its_value);
      };
      if (put()) continue;
      if (!settle(room)) return false;
      if (put()) continue;
    }
    scratch.long_words[direct] = word;
    scratch.long_hashes[direct] = scratch.long_hashes[i];
    scratch.long_values[direct] = its_value;
    ++direct;
  }
  return add_long(text, scratch.long_words, scratch.long_hashes, scratch.long_values, direct, room);
}

bool CountTables::add_long(const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes,
                           const std::uint64_t* values, std::size_t count, Room& room) {
  for (std::size_t at = 0; at < count;) {
    at = long_.add(text, words, hashes, values, 0, at, count, *this);
    if (at < count && !room.make_room(true)) return false;
  }
  return true;
}

// In the order of hashes a table without room for all would be full at its front and empty behind.
bool CountTables::settle(Room& room) {
  const std::size_t waited = waiting_.size();
  while (long_.size() + new_keys_.expected(waited) > long_.limit()) {
    const std::size_t limit = long_.limit();
    if (!room.make_room(true)) return false;
    if (long_.limit() <= limit) break;  // it was emptied
  }
  const std::size_t before = long_.size();
  const bool all = waiting_.give_out(
      [&](const std::uint8_t* text, const WordSpan* words, const std::uint64_t* hashes, const std::uint64_t* values,
          std::size_t count) { return add_long(text, words, hashes, values, count, room); });
  new_keys_.learn(before, long_.size(), waited);
  return all;
}

bool CountTables::add_large(std::string_view key, std::uint64_t value, Room& room) {
  std::uint64_t hash = kernels_->hash(schedule_, reinterpret_cast<const std::uint8_t*>(key.data()), key.size());
  if (partitions_ > 1 && !check_partition(hash)) return false;
  hash *= partitions_;
  if (long_.add_one(key, hash, value, *this)) return true;
  return room.make_room(true) && long_.add_one(key, hash, value, *this);
}

void CountTables::add_wide(std::string_view key, std::uint64_t value) {
  constexpr std::size_t kNodeSize = 96;
  const auto [at, is_new] = wide_.try_emplace(std::string(key), 0);
  at->second += value;
  if (is_new) wide_bytes_ += kNodeSize + key.size();
}

std::uint64_t CountTables::wide_total(std::string_view key) const {
  const auto found = wide_.find(key);
  return found == wide_.end() ? 0 : found->second;
}

}  // namespace brume::mapreduce

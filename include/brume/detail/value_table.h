// The values of a map task, one for each key: what comes for a key that is there is combined with its value.
#pragma once

#include <brume/detail/held_size.h>
#include <brume/detail/keyed_hash.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace brume::detail {

template <typename Job>
class ValueTable {
 public:
  using Value = typename Job::Value;

  explicit ValueTable(const HashSchedule& schedule) : schedule_(schedule) {}
  ~ValueTable() { clear(); }
  ValueTable(const ValueTable&) = delete;
  ValueTable& operator=(const ValueTable&) = delete;

  void add(std::string_view key, const Value& value) {
    const std::uint64_t hash = keyed_hash(schedule_, key);
    if constexpr (kValuesWait) {
      const bool small = key.size() + held_size(value) <= kMayWait;
      if (slots_.size() >= kManySlots && small) return add_later(hash, key, value);
      settle();
    }
    add_now(hash, key, value);
  }
  // What waits has its place then.
  void settle() {
    if constexpr (kValuesWait) {
      while (settled_ != added_) settle_one();
    }
  }
  // function(key, value), in the order in which keys came. After settle().
  template <typename Function>
  void each(Function function) const {
    each_entry([&](const Entry& entry) { function(entry.key(), entry.value); });
  }
  // About.
  std::size_t bytes() const { return slots_.capacity() * sizeof(Slot) + piece_bytes_ + held_; }
  void clear() {
    each_entry([](Entry& entry) { entry.~Entry(); });
    pieces_.clear();
    slots_ = std::vector<Slot>();
    count_ = piece_bytes_ = held_ = 0;
    settled_ = added_ = 0;
  }

 private:
  // What is in no cache is asked for a few keys ahead.
  static constexpr std::size_t kMayWait = 1024;  // bytes
  static constexpr bool kValuesWait =
      std::is_copy_assignable_v<Value> && std::is_default_constructible_v<Value> && sizeof(Value) <= kMayWait;
  struct NoValue {};
  struct Waiting {
    std::uint64_t hash = 0;
    std::string key;
    std::conditional_t<kValuesWait, Value, NoValue> value{};
  };
  static constexpr std::size_t kAhead = 16;
  static constexpr std::size_t kManySlots = 4096;

  // Its key's bytes stand behind it.
  struct Entry {
    Entry(std::string_view key, const Value& its) : key_size(key.size()), value(its) {
      std::copy_n(key.data(), key.size(), key_begin());
    }
    char* key_begin() { return reinterpret_cast<char*>(this + 1); }
    std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_size}; }

    std::size_t key_size;
    Value value;
  };
  struct Slot {
    std::uint64_t hash = 0;
    Entry* entry = nullptr;
  };
  struct Piece {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
    std::size_t used = 0;
  };
  static constexpr std::size_t kPieceSize = std::size_t{64} << 10;
  static constexpr std::size_t kLeastSlots = 64;
  static_assert(alignof(Entry) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

  static std::size_t entry_size(std::size_t key_size) {
    return (sizeof(Entry) + key_size + alignof(Entry) - 1) / alignof(Entry) * alignof(Entry);
  }
  template <typename Function>
  void each_entry(Function function) const {
    for (const Piece& piece : pieces_) {
      for (std::size_t at = 0; at < piece.used;) {
        Entry& entry = *std::launder(reinterpret_cast<Entry*>(piece.bytes.get() + at));
        at += entry_size(entry.key_size);
        function(entry);
      }
    }
  }

  void add_later(std::uint64_t hash, std::string_view key, const Value& value) {
    if (added_ - settled_ == kAhead) settle_one();
    Waiting& its = waiting_[added_ % kAhead];
    its.hash = hash;
    its.key.assign(key);
    its.value = value;
    __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
    if (added_ - settled_ >= kAhead / 2) {
      const std::uint64_t earlier = waiting_[(added_ - kAhead / 2) % kAhead].hash;
      const Slot& slot = slots_[earlier & (slots_.size() - 1)];
      if (slot.hash == earlier) {
        __builtin_prefetch(slot.entry);
        __builtin_prefetch(reinterpret_cast<const char*>(slot.entry) + 64);
      }
    }
    ++added_;
  }
  void settle_one() {
    const Waiting& first = waiting_[settled_++ % kAhead];
    add_now(first.hash, first.key, first.value);
  }
  void add_now(std::uint64_t hash, std::string_view key, const Value& value) {
    if (2 * count_ >= slots_.size()) grow();
    Slot& slot = find(hash, key);
    if (slot.entry == nullptr) {
      slot = {hash, insert(key, value)};
      ++count_;
      return;
    }
    held_ -= held_size(slot.entry->value);
    Job::combine(slot.entry->value, value);
    held_ += held_size(slot.entry->value);
  }

  // The key's, or the empty one where it belongs: slots are a power of two, and half of them are empty.
  Slot& find(std::uint64_t hash, std::string_view key) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
      Slot& slot = slots_[at];
      if (slot.entry == nullptr || (slot.hash == hash && slot.entry->key() == key)) return slot;
    }
  }
  void grow() {
    std::vector<Slot> old(std::max(2 * slots_.size(), kLeastSlots));
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.entry == nullptr) continue;
      const std::size_t mask = slots_.size() - 1;
      std::size_t at = slot.hash & mask;
      while (slots_[at].entry != nullptr) at = (at + 1) & mask;
      slots_[at] = slot;
    }
  }
  Entry* insert(std::string_view key, const Value& value) {
    const std::size_t size = entry_size(key.size());
    if (pieces_.empty() || pieces_.back().size - pieces_.back().used < size) {
      const std::size_t piece_size = std::max(size, kPieceSize);
      pieces_.push_back({std::make_unique_for_overwrite<std::byte[]>(piece_size), piece_size, 0});
      piece_bytes_ += piece_size;
    }
    Piece& piece = pieces_.back();
    Entry* const entry = new (piece.bytes.get() + piece.used) Entry(key, value);
    piece.used += size;
    held_ += held_size(entry->value);
    return entry;
  }

  const HashSchedule& schedule_;
  std::vector<Slot> slots_;
  std::vector<Piece> pieces_;
  std::array<Waiting, kAhead> waiting_;
  std::size_t added_ = 0;
  std::size_t settled_ = 0;
  std::size_t count_ = 0;
  std::size_t piece_bytes_ = 0;
  std::size_t held_ = 0;  // by values, beside their own size
};

}  // namespace brume::detail

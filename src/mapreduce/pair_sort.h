// Sorts pairs that lie in memory: most significant byte first, in place (McIlroy, Bostic, McIlroy: Engineering Radix
// Sort, Computing Systems 6(1), 1993), eight bytes of a key at hand at a time. Takes time in proportion to the bytes
// that tell keys apart, whatever they are, and no call nests.
#pragma once

#include <brume/detail/pairs.h>

#include <cstring>

#include "mapreduce/record_buffer.h"

namespace brume::mapreduce {

// A pair: u32 value size | key | value, readable for RecordBuffer::kSlack bytes behind it.
struct PairItem {
  std::uint64_t prefix;  // key_prefix() of the key; of no use once it was sorted
  const std::uint8_t* place;
  std::uint32_t key_size;
  std::uint32_t sequence;  // which came first

  static constexpr std::size_t kHeaderSize = 4;

  std::uint32_t value_size() const {
    std::uint32_t size;
    std::memcpy(&size, place, sizeof size);
    return size;
  }
  const std::uint8_t* key_begin() const { return place + kHeaderSize; }
  std::string_view key() const { return as_chars({key_begin(), key_size}); }
  std::string_view value() const { return as_chars({key_begin() + key_size, value_size()}); }
};

// By key, then as the ties are.
void sort_pairs(std::span<PairItem> items, detail::Ties ties);

}  // namespace brume::mapreduce

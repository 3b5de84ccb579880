// Words on their way into a large table, sorted by the upper bits of their hashes.
//
// A table far larger than the processor's caches and its address translation costs a miss or three for each word. Words
// that wait until there are many, range of hashes by range, meet the part of the table that the words before them
// brought in.
#pragma once

#include <array>
#include <cstring>
#include <vector>

#include "mapreduce/block.h"
#include "mapreduce/kernels.h"

namespace brume::mapreduce {

// For words of more than kShortSize bytes.
class WaitingWords {
 public:
  // Longer words and larger values do not wait.
  static constexpr std::size_t kLongest = 1024;
  static constexpr std::uint64_t kLargestValue = 0xFFFF;

  // Forgets all words. Room for `bytes` of them from now on: none where that is too little to be worth it.
  void configure(std::size_t bytes);
  bool is_open() const { return page_count_ != 0; }
  bool takes(std::size_t size, std::uint64_t value) const {
    return is_open() && size <= kLongest && value <= kLargestValue;
  }
  // Only what takes() says; reads kSlack bytes behind the word. False: no room, give_out() first.
  bool put(const std::uint8_t* word, std::size_t size, std::uint64_t hash, std::uint64_t value) {
    Range& range = ranges_[hash >> (64 - kRangeBits)];
    const std::size_t whole = (sizeof(Header) + size + 7) & ~std::size_t{7};
    if (whole > range.room && !open_page(range)) return false;
    const Header header{static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint16_t>(size),
                        static_cast<std::uint16_t>(value)};
    std::memcpy(range.next, &header, sizeof header);
    copy_bytes(range.next + sizeof header, word, size);
    range.next += whole;
    range.room -= whole;
    ++size_;
    return true;
  }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return used_pages_ * kPageSize; }

  // Calls add(text, words, hashes, values, count) -> bool for words page by page, lower hashes first, until it says
  // false, and forgets them all. Hashes have only their upper 32 bits.
  template <typename Add>
  bool give_out(Add add) {
    Batch batch;
    bool going_on = true;
    for (Range& range : ranges_) {
      close_page(range);
      for (std::size_t i = 0; i < range.pages.size() && going_on; ++i) {
        const std::uint8_t* const page = block_.data() + range.pages[i] * kPageSize;
        const std::size_t count = read_page(page, batch);
        going_on = add(page, batch.words, batch.hashes, batch.values, count);
      }
    }
    forget();
    return going_on;
  }

 private:
  static constexpr std::size_t kRangeBits = 6;
  static constexpr std::size_t kPageSize = kSegmentSize;
  static constexpr std::size_t kPageRoom = kPageSize - kSlack;

  struct Header {
    std::uint32_t hash;  // its upper half
    std::uint16_t size;  // 0 behind a page's last word, unless it is full
    std::uint16_t value;
  };
  static_assert(sizeof(Header) == 8);
  static constexpr std::size_t kMostInPage = kPageRoom / (sizeof(Header) + kShortSize) + 1;

  struct Range {
    std::uint8_t* next = nullptr;
    std::size_t room = 0;
    std::vector<std::uint32_t> pages;
  };
  struct Batch {
    WordSpan words[kMostInPage];
    std::uint64_t hashes[kMostInPage];
    std::uint64_t values[kMostInPage];
  };

  bool open_page(Range& range);
  static void close_page(Range& range);
  static std::size_t read_page(const std::uint8_t* page, Batch& batch);
  void forget();

  std::size_t size_ = 0;
  std::size_t page_count_ = 0;
  std::size_t used_pages_ = 0;
  Block block_;
  std::array<Range, std::size_t{1} << kRangeBits> ranges_;
};

}  // namespace brume::mapreduce

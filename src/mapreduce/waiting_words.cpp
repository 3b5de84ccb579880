#include "mapreduce/waiting_words.h"

namespace brume::mapreduce {

void WaitingWords::configure(std::size_t bytes) {
  constexpr std::size_t kLeastPagesInRange = 4;
  forget();
  page_count_ = bytes / kPageSize;
  if (page_count_ < kLeastPagesInRange * ranges_.size()) page_count_ = 0;
  if (block_.size() != page_count_ * kPageSize) block_ = Block();
}

bool WaitingWords::open_page(Range& range) {
  if (used_pages_ == page_count_) return false;
  if (!block_) block_ = Block(page_count_ * kPageSize);
  if (!block_) {
    page_count_ = 0;  // without memory for it nothing waits
    return false;
  }
  close_page(range);
  range.next = block_.data() + used_pages_ * kPageSize;
  range.room = kPageRoom;
  range.pages.push_back(static_cast<std::uint32_t>(used_pages_++));
  return true;
}

void WaitingWords::close_page(Range& range) {
  if (range.room >= sizeof(Header)) std::memset(range.next, 0, sizeof(Header));
}

std::size_t WaitingWords::read_page(const std::uint8_t* page, Batch& batch) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < kPageRoom;) {
    Header header;
    std::memcpy(&header, page + at, sizeof header);
    if (header.size == 0) break;
    at += sizeof header;
    batch.words[count] = word_span(at, at + header.size);
    batch.hashes[count] = std::uint64_t{header.hash} << 32;
    batch.values[count] = header.value;
    ++count;
    at = (at + header.size + 7) & ~std::size_t{7};
  }
  return count;
}

void WaitingWords::forget() {
  size_ = used_pages_ = 0;
  for (Range& range : ranges_) {
    range.room = 0;
    range.pages.clear();
  }
}

}  // namespace brume::mapreduce

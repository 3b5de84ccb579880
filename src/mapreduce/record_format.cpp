#include "mapreduce/record_format.h"

#include <algorithm>
#include <cstring>

namespace brume::mapreduce {

void GroupWriter::flush() {
  if (count_ == 0) return;
  std::uint8_t header[kHeaderSize];
  const auto size = static_cast<std::size_t>(put_varint(put_varint(header, expected_), count_) - header);
  std::memcpy(buffer_.data() + kHeaderSize - size, header, size);
  write(buffer_.data() + kHeaderSize - size, used_ - kHeaderSize + size);
  expected_ -= std::min(expected_, count_);
  used_ = kHeaderSize;
  count_ = 0;
}

void GroupWriter::put(std::string_view key, std::uint64_t value) {
  if (signed_) value = zigzag(static_cast<std::int64_t>(value));
  if (kSize - used_ < key.size() + 2 * kMaxVarintSize) {
    flush();
    if (kSize - used_ < key.size() + 2 * kMaxVarintSize) return put_large(key, value);
  }
  std::uint8_t* at = put_varint(buffer_.data() + used_, key.size());
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(key.data());
  if (key.size() <= kShortSize) {
    std::memcpy(at, bytes, kShortSize);
  } else {
    copy_bytes(at, bytes, key.size());
  }
  at = put_varint(at + key.size(), value);
  used_ = static_cast<std::size_t>(at - buffer_.data());
  ++count_;
}

void GroupWriter::put_large(std::string_view key, std::uint64_t value) {
  std::uint8_t head[3 * kMaxVarintSize];
  write(head, static_cast<std::size_t>(put_varint(put_varint(put_varint(head, expected_), 1), key.size()) - head));
  write(reinterpret_cast<const std::uint8_t*>(key.data()), key.size());
  write(head, static_cast<std::size_t>(put_varint(head, value) - head));
  expected_ -= std::min<std::uint64_t>(expected_, 1);
}

JobStatus GroupReader::read_records(const std::uint8_t*& at, const std::uint8_t* end, Target& target) {
  const std::uint8_t* window = at;
  std::size_t count = 0;
  const auto flush = [&]() -> JobStatus {
    const std::size_t batch = std::exchange(count, 0);
    return batch == 0 ? JobStatus{} : target.on_records(window, words_.data(), batch, values_.data());
  };
  for (;;) {
    const std::uint8_t* next = at;
    if (left_ == 0) {
      if (auto status = flush(); !status) return status;
      const VarintResult first = get_varint(next, end, expected_);
      const VarintResult second = first == VarintResult::kDone ? get_varint(next, end, left_) : first;
      if (second != VarintResult::kDone) left_ = 0;
      if (second == VarintResult::kCut) return {};
      if (second == VarintResult::kMalformed || left_ == 0)
        return job_error("map stream: a group's header is malformed");
      at = next;
      group_begun_ = false;
    }
    std::uint64_t size;
    std::uint64_t value;
    const VarintResult read = get_varint(next, end, size);
    if (read == VarintResult::kCut) return flush();
    if (read == VarintResult::kMalformed) return job_error("map stream: a key's size is malformed");
    if (size > kMaxKeySize) return job_error("map stream: a key is longer than 4 GiB");
    if (size > static_cast<std::uint64_t>(end - next)) return flush();
    const std::uint8_t* const key = next;
    next += size;
    const VarintResult value_read = get_varint(next, end, value);
    if (value_read == VarintResult::kCut) return flush();
    if (value_read == VarintResult::kMalformed) return job_error("map stream: a value is malformed");
    if (signed_) value = static_cast<std::uint64_t>(unzigzag(value));
    if (!group_begun_) {
      if (auto status = target.on_group(expected_, size > kShortSize); !status) return status;
      group_begun_ = true;
    }
    if (size > kSegmentSize / 2) {
      if (auto status = flush(); !status) return status;
      auto status = target.on_large({reinterpret_cast<const char*>(key), size}, value);
      if (!status) return status;
    } else {
      if (count == kBatch || static_cast<std::size_t>(next - window) > kSegmentSize) {
        if (auto status = flush(); !status) return status;
      }
      if (count == 0) window = key;
      const auto begin = static_cast<std::size_t>(key - window);
      words_[count] = word_span(begin, begin + size);
      values_[count] = value;
      ++count;
    }
    at = next;
    --left_;
  }
}

JobStatus GroupReader::feed(std::span<const std::uint8_t> bytes, Target& target) {
  const std::uint8_t* at = bytes.data();
  const std::uint8_t* const end = at + bytes.size();
  std::size_t step = kSlack;
  // A record cut by the last piece: completed in `carry_`, by growing steps, so that a long one costs linear time.
  while (!carry_.empty() && at != end) {
    const std::size_t more = std::min(step, static_cast<std::size_t>(end - at));
    const std::size_t size = carry_.size() + more;
    carry_.insert(carry_.end(), at, at + more);
    at += more;
    carry_.resize(size + kSlack);
    const std::uint8_t* begin = carry_.data();
    auto status = read_records(begin, carry_.data() + size, target);
    const auto used = static_cast<std::size_t>(begin - carry_.data());
    carry_.resize(size);
    carry_.erase(carry_.begin(), carry_.begin() + static_cast<std::ptrdiff_t>(used));
    if (!status) return status;
    if (carry_.size() <= more) {  // what is left came with this piece: go on in place
      at -= carry_.size();
      carry_.clear();
    }
    step = std::max(step, carry_.size());
  }
  if (at == end) return {};
  const auto in_place = static_cast<std::size_t>(end - at);
  if (in_place > kSlack) {
    if (auto status = read_records(at, end - kSlack, target); !status) return status;
  }
  if (at == end) return {};
  // The rest: perhaps whole records within kSlack of the end, then a cut one.
  const auto rest = static_cast<std::size_t>(end - at);
  carry_.assign(at, end);
  carry_.resize(rest + kSlack);
  const std::uint8_t* begin = carry_.data();
  auto status = read_records(begin, carry_.data() + rest, target);
  const auto used = static_cast<std::size_t>(begin - carry_.data());
  carry_.resize(rest);
  carry_.erase(carry_.begin(), carry_.begin() + static_cast<std::ptrdiff_t>(used));
  return status;
}

JobStatus GroupReader::end_of_stream() {
  if (!carry_.empty()) return job_error("map stream: ends within a record");
  if (left_ != 0) return job_error("map stream: ends within a group");
  return {};
}

}  // namespace brume::mapreduce

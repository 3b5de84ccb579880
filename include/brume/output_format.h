// The output of a reduce task: lines in their order, each with what is needed to merge partitions.
//
//   record = varint rank delta | varint line size | varint key size | line
//
// The rank is the sum of all deltas so far. Records ascend by (rank, the line's first `key size`
// bytes, compared as unsigned bytes). A line is what stands in the result, its newline included.
// A stream has no header and no trailer: that it is complete is the sealed stream's promise.
#pragma once

#include <brume/program.h>
#include <brume/varint.h>

#include <cstring>
#include <vector>

namespace brume {

struct OutputRecord {
  std::uint64_t rank = 0;
  std::string_view line;
  std::size_t key_size = 0;
  std::string_view key() const { return line.substr(0, key_size); }
};

// The order of the result, in one stream and across partitions.
inline bool output_before(std::uint64_t rank, std::string_view key, std::uint64_t other_rank,
                          std::string_view other_key) {
  return rank != other_rank ? rank < other_rank : key < other_key;
}

inline constexpr std::size_t kMaxOutputHeaderSize = 3 * kMaxVarintSize;

inline std::uint8_t* put_output_header(std::uint8_t* at, std::uint64_t rank_delta, std::size_t line_size,
                                       std::size_t key_size) {
  return put_varint(put_varint(put_varint(at, rank_delta), line_size), key_size);
}

// Collects records and hands them on in pieces of about 64 KiB.
class OutputWriter {
 public:
  explicit OutputWriter(OutputSink& sink) : sink_(sink), buffer_(kPieceSize + kMaxOutputHeaderSize) {}

  // Records come in ascending order; the line is `line`, or `line` then `rest`.
  JobStatus write(std::uint64_t rank, std::size_t key_size, std::string_view line, std::string_view rest = {}) {
    const std::size_t line_size = line.size() + rest.size();
    if (used_ + line_size > kPieceSize) {
      if (auto status = flush(); !status) return status;
      if (line_size > kPieceSize) buffer_.resize(line_size + kMaxOutputHeaderSize);
    }
    std::uint8_t* at = put_output_header(buffer_.data() + used_, rank - rank_, line_size, key_size);
    rank_ = rank;
    if (!line.empty()) std::memcpy(at, line.data(), line.size());
    if (!rest.empty()) std::memcpy(at + line.size(), rest.data(), rest.size());
    used_ = static_cast<std::size_t>(at - buffer_.data()) + line_size;
    return used_ > kPieceSize ? flush() : JobStatus{};
  }

  // Room for a record of at most `size` bytes, header included, which the caller writes in place:
  // begin = reserve(size), ..., commit(end). size <= kMaxInPlace.
  static constexpr std::size_t kMaxInPlace = 16384;
  std::uint8_t* reserve(std::size_t size) {
    if (used_ + size > kPieceSize) {
      auto status = flush();
      if (failed_) failed_ = std::move(status);
    }
    return buffer_.data() + used_;
  }
  void commit(const std::uint8_t* end) { used_ = static_cast<std::size_t>(end - buffer_.data()); }
  std::uint64_t exchange_rank(std::uint64_t rank) { return std::exchange(rank_, rank); }

  // Hands on what is left; reports what failed in reserve().
  JobStatus finish() { return failed_ ? flush() : std::move(failed_); }

 private:
  static constexpr std::size_t kPieceSize = 64 * 1024;

  JobStatus flush() {
    const std::size_t size = std::exchange(used_, 0);
    if (size == 0) return {};
    return sink_.write({buffer_.data(), size});
  }

  OutputSink& sink_;
  std::vector<std::uint8_t> buffer_;
  std::size_t used_ = 0;
  std::uint64_t rank_ = 0;
  JobStatus failed_;
};

// Decodes a stream that comes in pieces. Refuses what is malformed or out of order.
class OutputReader {
 public:
  // A longer line is refused.
  static constexpr std::uint64_t kMaxLineSize = std::uint64_t{1} << 32;

  enum class Next {
    kRecord,     // `record` is filled; its views hold until the next call of feed()
    kNeedMore,   // the buffered bytes are used up: feed(), or the stream ends here if at_border()
    kMalformed,  // error() says why; the reader is of no more use
  };

  void feed(std::span<const std::uint8_t> bytes) {
    last_key_copy_.assign(last_key_);
    last_key_ = last_key_copy_;
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }

  Next next(OutputRecord& record) {
    if (error_ != nullptr) return Next::kMalformed;
    const std::uint8_t* at = buffer_.data() + at_;
    const std::uint8_t* const end = buffer_.data() + buffer_.size();
    std::uint64_t fields[3];
    for (std::uint64_t& field : fields) {
      const VarintResult read = get_varint(at, end, field);
      if (read == VarintResult::kCut) return Next::kNeedMore;
      if (read == VarintResult::kMalformed) return refuse("output record: a number is malformed");
    }
    const auto [delta, line_size, key_size] = fields;
    if (rank_ + delta < rank_) return refuse("output record: the rank exceeds 64 bits");
    if (line_size > kMaxLineSize) return refuse("output record: the line is longer than 4 GiB");
    if (key_size > line_size) return refuse("output record: the key is longer than its line");
    if (line_size > static_cast<std::uint64_t>(end - at)) return Next::kNeedMore;
    const std::string_view line(reinterpret_cast<const char*>(at), line_size);
    const std::string_view key = line.substr(0, key_size);
    if (delta == 0 && key < last_key_) return refuse("output record: out of order");
    rank_ += delta;
    last_key_ = key;
    at_ = static_cast<std::size_t>(at - buffer_.data()) + line_size;
    record = {rank_, line, key_size};
    return Next::kRecord;
  }

  // No byte of an unfinished record is left.
  bool at_border() const { return error_ == nullptr && at_ == buffer_.size(); }
  const char* error() const { return error_ == nullptr ? "" : error_; }

 private:
  Next refuse(const char* why) {
    error_ = why;
    return Next::kMalformed;
  }

  std::vector<std::uint8_t> buffer_;
  std::size_t at_ = 0;
  std::uint64_t rank_ = 0;
  std::string_view last_key_;
  std::string last_key_copy_;
  const char* error_ = nullptr;
};

}  // namespace brume

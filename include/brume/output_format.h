// The output of a reduce task: lines in their order, each with what is needed to merge partitions.
//
//   record = varint rank delta | varint size | varint (4 * key size + kind) | bytes, `size` of them, the key first
//   kind   = 0: the line is all of the bytes | 1: the line is what follows the key | 2: the next output begins
//
// The rank is the sum of all deltas so far. Records ascend by (rank, key, compared as unsigned bytes). A line is what
// stands in the result, its newline included. After a record of kind 2, whose other numbers are 0, rank and order begin
// anew, for the next of the job's outputs. A stream has no header and no trailer: that it is complete is the sealed
// stream's promise.
#pragma once

#include <brume/detail/copy_bytes.h>
#include <brume/program.h>
#include <brume/varint.h>

#include <cstring>
#include <vector>

namespace brume {

enum class OutputKind : std::uint8_t { kLine = 0, kHiddenKey = 1, kNextOutput = 2 };
inline constexpr std::uint32_t kOutputLimit = 16;  // outputs of a job

struct OutputRecord {
  std::uint64_t rank = 0;
  std::string_view bytes;
  std::size_t key_size = 0;
  OutputKind kind = OutputKind::kLine;
  std::string_view key() const { return bytes.substr(0, key_size); }
  std::string_view line() const { return kind == OutputKind::kHiddenKey ? bytes.substr(key_size) : bytes; }
};

// The order of the result, in one stream and across partitions.
inline bool output_before(std::uint64_t rank, std::string_view key, std::uint64_t other_rank,
                          std::string_view other_key) {
  return rank != other_rank ? rank < other_rank : key < other_key;
}

inline constexpr std::size_t kMaxOutputHeaderSize = 3 * kMaxVarintSize;

inline std::uint8_t* put_output_header(std::uint8_t* at, std::uint64_t rank_delta, std::size_t size,
                                       std::size_t key_size, OutputKind kind = OutputKind::kLine) {
  return put_varint(put_varint(put_varint(at, rank_delta), size), 4 * key_size + static_cast<std::size_t>(kind));
}

// Collects records and hands them on in pieces of about 64 KiB.
class OutputWriter {
 public:
  explicit OutputWriter(OutputSink& sink) : sink_(sink), buffer_(kPieceSize + kMaxOutputHeaderSize + kSlack) {}

  // Records come in ascending order. The bytes are `key` then `rest`.
  JobStatus write(std::uint64_t rank, std::string_view key, std::string_view rest,
                  OutputKind kind = OutputKind::kLine) {
    return write_by(rank, key, rest, kind, [](std::uint8_t* to, std::string_view bytes) {
      if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    });
  }
  // As write(), where kSlack bytes from the beginning of `key` and of `rest` are readable: their sizes cost no branch.
  JobStatus write_short(std::uint64_t rank, std::string_view key, std::string_view rest, OutputKind kind) {
    return write_by(rank, key, rest, kind, [](std::uint8_t* to, std::string_view bytes) {
      detail::copy_bytes(to, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    });
  }
  JobStatus next_output() {
    rank_ = 0;
    return write(0, {}, {}, OutputKind::kNextOutput);
  }
  JobStatus finish() { return flush(); }

 private:
  static constexpr std::size_t kPieceSize = 64 * 1024;
  static constexpr std::size_t kSlack = detail::kWideSize;

  template <typename Copy>
  JobStatus write_by(std::uint64_t rank, std::string_view key, std::string_view rest, OutputKind kind, Copy copy) {
    const std::size_t size = key.size() + rest.size();
    if (used_ + size > kPieceSize) {
      if (auto status = flush(); !status) return status;
      if (size > kPieceSize) buffer_.resize(size + kMaxOutputHeaderSize + kSlack);
    }
    std::uint8_t* at = put_output_header(buffer_.data() + used_, rank - rank_, size, key.size(), kind);
    rank_ = rank;
    copy(at, key);
    copy(at + key.size(), rest);
    used_ = static_cast<std::size_t>(at - buffer_.data()) + size;
    return used_ > kPieceSize ? flush() : JobStatus{};
  }

  JobStatus flush() {
    const std::size_t size = std::exchange(used_, 0);
    if (size == 0) return {};
    return sink_.write({buffer_.data(), size});
  }

  OutputSink& sink_;
  std::vector<std::uint8_t> buffer_;
  std::size_t used_ = 0;
  std::uint64_t rank_ = 0;
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
    const auto [delta, size, key_field] = fields;
    const std::uint64_t key_size = key_field / 4;
    if (rank_ + delta < rank_) return refuse("output record: the rank exceeds 64 bits");
    if (size > kMaxLineSize) return refuse("output record: the line is longer than 4 GiB");
    if (key_field % 4 > 2) return refuse("output record: of an unknown kind");
    const auto kind = static_cast<OutputKind>(key_field % 4);
    if (kind == OutputKind::kNextOutput) {
      if (delta != 0 || size != 0 || key_size != 0) return refuse("output record: a mark with content");
      rank_ = 0;
      last_key_ = {};
    } else {
      if (key_size > size) return refuse("output record: the key is longer than its line");
      if (size > static_cast<std::uint64_t>(end - at)) return Next::kNeedMore;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(at), size);
    const std::string_view key = bytes.substr(0, key_size);
    if (delta == 0 && key < last_key_) return refuse("output record: out of order");
    rank_ += delta;
    last_key_ = key;
    at_ = static_cast<std::size_t>(at - buffer_.data()) + size;
    record = {rank_, bytes, key_size, kind};
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

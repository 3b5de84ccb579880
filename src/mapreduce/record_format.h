// The stream of map records of one partition (docs/formats/records.md):
//
//   group  = varint expected | varint count >= 1 | count records
//   record = varint key size | key | value
//
// `expected` tells a reader of counting jobs how many records of this kind (keys of up to 16
// bytes, or longer ones) the writer is about to write, this group included: a hint for its memory.
// Integer values are varints, zigzag where the type is signed.
#pragma once

#include <brume/program.h>
#include <brume/varint.h>

#include <vector>

#include "mapreduce/kernels.h"

namespace brume::mapreduce {

inline constexpr std::uint64_t kMaxKeySize = 0xFFFF'0000;

// Writes the groups of one partition after another.
class GroupWriter {
 public:
  GroupWriter(PartitionSink& sink, bool is_signed) : sink_(sink), signed_(is_signed), buffer_(kSize + kSlack) {}

  // Ends the group, if one is open; the following records go to `partition`.
  void begin(std::uint32_t partition, std::uint64_t expected) {
    flush();
    partition_ = partition;
    expected_ = expected;
  }
  // Of keys of up to kShortSize bytes that many are readable, behind longer ones kSlack.
  void put(std::string_view key, std::uint64_t value);
  // Ends the group; nothing more comes for `partition`.
  void end(std::uint32_t partition) {
    flush();
    if (status_) status_ = sink_.end(partition);
  }
  // Ends the group and reports what has failed since the begin.
  JobStatus finish() {
    flush();
    return std::move(status_);
  }

 private:
  static constexpr std::size_t kHeaderSize = 2 * kMaxVarintSize;
  static constexpr std::size_t kSize = 64 * 1024;

  void flush();
  void put_large(std::string_view key, std::uint64_t value);
  void write(const std::uint8_t* data, std::size_t size) {
    if (status_) status_ = sink_.write(partition_, {data, size});
  }

  PartitionSink& sink_;
  bool signed_;
  std::vector<std::uint8_t> buffer_;
  std::size_t used_ = kHeaderSize;
  std::uint64_t count_ = 0;
  std::uint32_t partition_ = 0;
  std::uint64_t expected_ = 0;
  JobStatus status_;
};

// Cuts a stream into records, whatever its pieces. Records are handed on in batches that lie
// in one window of at most a segment, for add_segment.
class GroupReader {
 public:
  class Target {
   public:
    // A group begins.
    virtual JobStatus on_group(std::uint64_t expected, bool long_keys) = 0;
    // Keys as WordSpans from `text`, readable kSlack behind; `words` may be changed.
    virtual JobStatus on_records(const std::uint8_t* text, std::uint32_t* words, std::size_t count,
                                 const std::uint64_t* values) = 0;
    virtual JobStatus on_large(std::string_view key, std::uint64_t value) = 0;

   protected:
    ~Target() = default;
  };

  explicit GroupReader(bool is_signed) : signed_(is_signed) {}

  JobStatus feed(std::span<const std::uint8_t> bytes, Target& target);
  // Error if the stream ends within a record or group.
  JobStatus end_of_stream();

 private:
  static constexpr std::size_t kBatch = 1024;

  // Reads whole records from [at, end), leaving `at` behind the last one. Bytes up to end + kSlack are readable.
  JobStatus read_records(const std::uint8_t*& at, const std::uint8_t* end, Target& target);

  bool signed_;
  bool group_begun_ = false;
  std::uint64_t expected_ = 0;
  std::uint64_t left_ = 0;  // records of the open group
  std::vector<std::uint8_t> carry_;
  std::vector<std::uint32_t> words_ = std::vector<std::uint32_t>(kBatch);
  std::vector<std::uint64_t> values_ = std::vector<std::uint64_t>(kBatch);
};

}  // namespace brume::mapreduce

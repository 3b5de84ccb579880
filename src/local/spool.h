// Where a local run keeps what its tasks write until other tasks read it: many lanes of bytes in one
// file that has no name, so that memory holds only the blocks being filled.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace brume::local {

class Spool {
 public:
  // In the folder for temporary files ($TMPDIR, else /tmp).
  static Result<Spool> create(std::uint32_t lane_count);

  // lane < lane_count. A lane is a sequence of streams.
  Status write(std::uint32_t lane, ByteView bytes);
  Status end_of_stream(std::uint32_t lane);
  // Of a stream of the lane; the lane's is that of all of them.
  void largest_pair(std::uint32_t lane, std::uint64_t size);
  std::uint64_t largest_pair(std::uint32_t lane) const { return lanes_[lane].largest_pair; }
  // Of all lanes, so far.
  std::uint64_t size() const { return size_; }

  struct Block {
    ByteView bytes;
    bool ends_stream = false;
  };
  // Where the lane's streams begin, for readers.
  std::vector<std::size_t> begins(std::uint32_t lane) const;
  // Reads a lane from its begin, or from that of one of its streams; `next` gives nothing at its end. A lane that is
  // read is complete: its last stream has ended. A view holds until the next call.
  class Reader {
   public:
    Reader(const Spool& spool, std::uint32_t lane, std::size_t begin = 0)
        : spool_(spool), lane_(lane), begin_(begin), at_(begin) {}
    Result<std::optional<Block>> next();
    void rewind() { at_ = begin_; }

   private:
    const Spool& spool_;
    const std::uint32_t lane_;
    const std::size_t begin_;
    std::size_t at_;
    Bytes buffer_;
  };
  // What the lane held is read and no longer wanted.
  void clear(std::uint32_t lane);

 private:
  struct Piece {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    bool ends_stream = false;
  };
  struct Lane {
    Bytes filling;
    std::vector<Piece> pieces;
    std::uint64_t largest_pair = 0;
  };
  Spool() = default;
  Status flush(Lane& lane, bool ends_stream);

  UniqueFd file_;
  std::size_t block_size_ = 0;
  std::uint64_t size_ = 0;
  std::vector<Lane> lanes_;
};

}  // namespace brume::local

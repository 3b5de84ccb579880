// R opened output streams, each sorted, become one: the last step of a run, in the master.
//
// Stream format: include/brume/output_format.h.
#pragma once

#include <memory>

#include "mapreduce/record_buffer.h"

namespace brume::mapreduce {

inline constexpr std::size_t kLineSizeLimit = 1u << 30;
inline constexpr std::size_t kMergePieceSize = 1u << 20;

class LineSink {
 public:
  virtual ~LineSink() = default;
  // Whole lines, as the job wrote them, about kMergePieceSize of them at a time.
  virtual Status write(ByteView text) = 0;
  // The same of the first `size` bytes. The sink may keep the buffer, and leave one as large in its place.
  virtual Status take(Bytes& buffer, std::size_t size) { return write(ByteView(buffer).first(size)); }
  // What follows belongs to the next of the job's outputs.
  virtual Status next_output() { return fail(ErrorCode::kUnsupported, "the job writes more than one output"); }
};

struct MergeTotals {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of all lines
};

// Refuses a stream that ends within a record, is not encoded as above, is out of order, or has another number of
// outputs than the first. Records equal in rank and key come in the order of the sources.
Result<MergeTotals> merge_outputs(std::span<PieceSource* const> sources, LineSink& sink);

}  // namespace brume::mapreduce

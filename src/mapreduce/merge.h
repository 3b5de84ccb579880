// R opened output streams, each sorted, become one: the last step of a run, in the master.
//
// Stream format (include/brume, output_format.h): per record
//   varint rank delta from the record before | varint line_size | varint key_size | line
// sorted by rank ascending, then by the first key_size bytes of the line.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::mapreduce {

inline constexpr std::size_t kLineSizeLimit = 1u << 30;
inline constexpr std::size_t kMergePieceSize = 1u << 20;

// Opened bytes of one output stream, cut anywhere.
class OutputSource {
 public:
  virtual ~OutputSource() = default;
  // Empty at the end. The view is valid until the next call.
  virtual Result<ByteView> next() = 0;
};

class LineSink {
 public:
  virtual ~LineSink() = default;
  // Whole lines, as the job wrote them, about kMergePieceSize of them at a time.
  virtual Status write(ByteView text) = 0;
};

struct MergeTotals {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

// Refuses a stream that ends within a record or is not encoded as above. That each stream is sorted
// is the word of the attested reducer that sealed it. Records equal in rank and key come in the order
// of the sources.
Result<MergeTotals> merge_outputs(std::span<OutputSource* const> sources, LineSink& sink);

}  // namespace brume::mapreduce

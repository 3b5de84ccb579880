// What a fetch server sends: frames whose bytes lie in files, so that the kernel can send them without a copy.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "transport/wire.h"

namespace brume::transport {

struct FileExtent {
  std::shared_ptr<const UniqueFd> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};
// One answer frame: the extents one after another, 1 to kAnswerFrameLimit bytes in all.
using FrameExtents = std::vector<FileExtent>;

// Gives the frames of one answer in order, ending with an empty one. Used by one thread.
class FetchSource {
 public:
  virtual ~FetchSource() = default;
  virtual FrameExtents next() = 0;
};

// Opens what is asked for. Called on the fetch server's loop thread: it should not wait.
class FetchProvider {
 public:
  virtual ~FetchProvider() = default;
  virtual std::expected<std::unique_ptr<FetchSource>, FetchFailure> open(const FetchRequest& request) = 0;
};

// Frames that are given as a list.
std::unique_ptr<FetchSource> make_list_source(std::vector<FrameExtents> frames);

// A run of equal units in a file, the last one possibly shorter: the sealed chunks of an age payload.
struct UnitRange {
  std::shared_ptr<const UniqueFd> file;
  std::uint64_t first_offset = 0;  // of unit 0 in the file
  std::uint64_t end_offset = 0;    // of the last unit's end
  std::uint32_t unit_size = 0;     // 1 to kAnswerFrameLimit
  std::uint64_t first = 0;
  std::uint64_t count = 0;  // at least 1
};
// Frames of as many whole units as fit into kPreferredFrameSize (at least one). kNotFound where the
// range leaves the file, kBadRequest where it is empty.
inline constexpr std::size_t kPreferredFrameSize = 264u << 10;  // 4 age chunks; stays in a core's cache
std::expected<std::unique_ptr<FetchSource>, FetchFailure> make_unit_source(const UnitRange& range);

}  // namespace brume::transport

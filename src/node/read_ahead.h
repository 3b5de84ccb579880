// Reads files on servers in large windows, ahead of who asks for small pieces: a task asks for 15 chunks at a time, and
// a server far away answers for 64 at the same cost. Windows never pass a border (a split's end), so nothing is fetched
// that this host's task does not want. Memory is bounded; what was taken is forgotten.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "node/task_pool.h"

namespace brume::node {

struct ReadAheadOptions {
  std::uint64_t window_size = 64 * 65'552;  // of whole chunks
  std::uint64_t memory_limit = 64u << 20;   // of windows that nobody waits for
  std::size_t download_limit = 8;           // at once
};

class ReadAhead {
 public:
  explicit ReadAhead(ReadAheadOptions options = {})
      : options_(options), downloads_(options.download_limit, kDownloadQueueLimit) {}
  ~ReadAhead() { stop(); }

  using OnFilled = std::function<void(std::size_t filled)>;
  // Brings [offset, offset + out.size()) of the file; on a thread of this object. Outlives stop().
  using Bring = std::function<Status(std::uint64_t offset, MutableByteView out, const OnFilled& on_filled)>;
  struct Wish {
    std::uint64_t file = 0;    // a number of its own for each file
    std::uint64_t first = 0;   // byte of the file
    std::uint64_t most = 0;    // at least 1; a piece is shorter only where a window or the border ends
    std::uint64_t border = 0;  // where this reading stops; above `first`
  };
  struct Window;
  struct Piece {
    std::shared_ptr<const Window> holder;
    ByteView bytes;
  };
  // Waits for the bytes. Errors: what `bring` said; the next call tries anew. kState after stop().
  Result<Piece> piece(const Wish& wish, const Bring& bring);
  // Forgets what was read of the file.
  void drop(std::uint64_t file);
  // Ends all waiting; then waits for downloads, whose cause of waiting must have been removed.
  void stop();

 private:
  static constexpr std::size_t kDownloadQueueLimit = 4'096;
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // file, first byte
  using Shared = std::shared_ptr<Window>;

  Shared find(const Wish& wish) const;
  Shared open(const Wish& wish, const Bring& bring);
  void read_on(const Wish& wish, std::uint64_t at, const Bring& bring);
  bool make_room(std::uint64_t size);
  void download(const Shared& window, const Bring& bring);
  void forget(const Shared& window);

  const ReadAheadOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, Shared> windows_;
  std::uint64_t held_size_ = 0;
  std::uint64_t next_age_ = 0;
  bool stopped_ = false;
  TaskPool downloads_;
};

}  // namespace brume::node

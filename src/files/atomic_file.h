// Where a verb writes its output: the file appears under its name only when it is whole, so that nothing
// half-written is ever left, whatever ends the process.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace brume::files {

struct OutputOptions {
  bool force = false;    // replace a file that is there
  mode_t mode = 0666;    // less the umask
  bool durable = false;  // reaches the disk before it gets its name
  bool follow = true;    // a link, or into a device or pipe; else these are replaced as files are
};

// An open output. A path that names a device, a pipe or "-" (standard output) is written straight through.
class AtomicFile {
 public:
  // Refuses a file that exists, unless forced, before any work is done.
  static Result<AtomicFile> create(const std::string& path, const OutputOptions& options = {});
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  int fd() const { return fd_.get(); }
  // For messages.
  const std::string& name() const { return name_; }
  // Whether any part can be written at any time (pwrite).
  bool regular() const { return regular_; }
  Status write(ByteView bytes);
  Status write_at(std::uint64_t offset, ByteView bytes);
  // Gives the file its name. Without it, what was written is gone.
  Status commit();

 private:
  AtomicFile() = default;
  Status open_temporary();
  Status give_name();

  UniqueFd fd_;
  std::string name_;
  std::string path_;       // to be given
  std::string temporary_;  // beside path_, where the file system has no files without a name
  OutputOptions options_;
  bool regular_ = false;
};

}  // namespace brume::files

// Where a verb reads its input: a file or "-", standard input.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace brume::files {

// "NAME: reason", from errno.
std::unexpected<Error> fail_errno(const std::string& name, ErrorCode code = ErrorCode::kIo);

class InputFile {
 public:
  static Result<InputFile> open(const std::string& path);

  const std::string& name() const { return name_; }
  // Known for regular files that say more than 0: those can be read anywhere (read_at).
  std::optional<std::uint64_t> size() const { return size_; }
  // Fills `out` as far as the input goes; says how much.
  Result<std::size_t> read(MutableByteView out);
  // All of `out`; an input that ends before has changed since size() was asked.
  Status read_at(std::uint64_t offset, MutableByteView out) const;
  // Whether it still ends where size() says.
  Status check_unchanged() const;

 private:
  UniqueFd fd_;
  std::string name_;
  std::optional<std::uint64_t> size_;
};

// Whether bytes begin as an age file does, of any version, or as one that is armored (text): not to be read as plain.
inline constexpr std::size_t kSealedLookSize = 19;  // bytes that tell
bool looks_sealed(std::string_view begin);

// A file as a whole; kLimit where it is longer.
Result<Bytes> read_whole(const std::string& path, std::uint64_t limit_size);

// A small file (keys, lists) as a whole.
Result<std::string> read_small_file(const std::string& path, std::size_t limit_size);

}  // namespace brume::files

#include "files/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace brume::files {

std::unexpected<Error> fail_errno(const std::string& name, ErrorCode code) {
  return fail(code, name + ": " + std::strerror(errno));
}

Result<InputFile> InputFile::open(const std::string& path) {
  InputFile file;
  if (path == "-") {
    file.name_ = "standard input";
    file.fd_.reset(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!file.fd_) return fail_errno(file.name_, ErrorCode::kNotFound);
    return file;
  }
  file.name_ = path;
  file.fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.fd_) return fail_errno(path, ErrorCode::kNotFound);
  struct stat info{};
  if (::fstat(file.fd_.get(), &info) != 0) return fail_errno(path, ErrorCode::kNotFound);
  if (S_ISDIR(info.st_mode)) return fail(ErrorCode::kNotFound, path + ": is a folder; name a file");
  if (S_ISREG(info.st_mode) && info.st_size > 0) file.size_ = static_cast<std::uint64_t>(info.st_size);
  return file;
}

Result<std::size_t> InputFile::read(MutableByteView out) {
  std::size_t done = 0;
  while (done < out.size()) {
    ssize_t size = ::read(fd_.get(), out.data() + done, out.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno(name_);
    if (size == 0) break;
    done += static_cast<std::size_t>(size);
  }
  return done;
}

Status InputFile::read_at(std::uint64_t offset, MutableByteView out) const {
  while (!out.empty()) {
    ssize_t size = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno(name_);
    if (size == 0)
      return fail(ErrorCode::kIo, name_ + ": became shorter while it was read; try again when it is at rest");
    out = out.subspan(static_cast<std::size_t>(size));
    offset += static_cast<std::uint64_t>(size);
  }
  return {};
}

Status InputFile::check_unchanged() const {
  struct stat info{};
  if (::fstat(fd_.get(), &info) != 0) return fail_errno(name_);
  if (size_ && static_cast<std::uint64_t>(info.st_size) != *size_) {
    return fail(ErrorCode::kIo, name_ + ": changed its size while it was read; try again when it is at rest");
  }
  return {};
}

bool looks_sealed(std::string_view begin) {
  constexpr std::string_view kBinary = "age-encryption.org/";
  constexpr std::string_view kArmored = "-----BEGIN AGE ";
  static_assert(kBinary.size() <= kSealedLookSize && kArmored.size() <= kSealedLookSize);
  return begin.starts_with(kBinary) || begin.starts_with(kArmored);
}

Result<Bytes> read_whole(const std::string& path, std::uint64_t limit_size) {
  BRUME_ASSIGN(InputFile file, InputFile::open(path));
  Bytes bytes(static_cast<std::size_t>(std::min(file.size().value_or(0), limit_size)) + 1);
  for (std::size_t used = 0;;) {
    BRUME_ASSIGN(const std::size_t got, file.read(MutableByteView(bytes).subspan(used)));
    used += got;
    if (used > limit_size) return fail(ErrorCode::kLimit, path + ": over " + std::to_string(limit_size) + " bytes");
    if (used < bytes.size()) {
      bytes.resize(used);
      return bytes;
    }
    bytes.resize(2 * bytes.size());
  }
}

Result<std::string> read_small_file(const std::string& path, std::size_t limit_size) {
  BRUME_ASSIGN(InputFile file, InputFile::open(path));
  std::string text(limit_size + 1, '\0');
  BRUME_ASSIGN(std::size_t size, file.read({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  if (size > limit_size) {
    return fail(ErrorCode::kMalformed,
                path + ": larger than such a file can be (" + std::to_string(limit_size) + " bytes)");
  }
  text.resize(size);
  return text;
}

}  // namespace brume::files

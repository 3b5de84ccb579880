#include "files/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "files/input_file.h"

namespace brume::files {

namespace fs = std::filesystem;

namespace {

constexpr int kNameAttempts = 1000;
constexpr mode_t kModeOfMkostemp = 0600;

std::string folder_of(const std::string& path) {
  std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::unexpected<Error> exists_already(const std::string& path) {
  return fail(ErrorCode::kState, path + ": exists already; choose another name, or replace it with --force");
}

// A short name beside: one made of the file's own could be longer than a name may be.
Result<std::string> link_beside(const std::string& file, const std::string& folder, const std::string& shown) {
  const std::string begin = (fs::path(folder) / (".brume-" + std::to_string(::getpid()) + "-")).string();
  for (int i = 0; i < kNameAttempts; ++i) {
    std::string beside = begin + std::to_string(i);
    if (::linkat(AT_FDCWD, file.c_str(), AT_FDCWD, beside.c_str(), AT_SYMLINK_FOLLOW) == 0) return beside;
    if (errno != EEXIST) break;  // of another thread, or left by a process that was killed
  }
  return fail_errno(shown);
}

}  // namespace

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      name_(std::move(other.name_)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      options_(other.options_),
      regular_(other.regular_) {}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<AtomicFile> AtomicFile::create(const std::string& path, const OutputOptions& options) {
  AtomicFile file;
  file.options_ = options;
  file.name_ = path;
  if (path == "-") {
    file.name_ = "standard output";
    file.fd_.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!file.fd_) return fail_errno(file.name_);
    return file;
  }
  file.path_ = path;
  struct stat info{};
  if (::fstatat(AT_FDCWD, path.c_str(), &info, options.follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR(info.st_mode)) return fail(ErrorCode::kUsage, path + ": is a folder; name a file");
    if (options.follow && !S_ISREG(info.st_mode)) {
      file.fd_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
      if (!file.fd_) return fail_errno(path);
      return file;
    }
    if (!options.force) return exists_already(path);
    if (options.follow) {
      // A link stays a link: what it leads to is replaced.
      std::error_code error;
      file.path_ = fs::canonical(path, error).string();
      if (error) return fail(ErrorCode::kIo, path + ": " + error.message());
    }
  } else if (errno != ENOENT) {
    return fail_errno(path);
  }
  BRUME_TRY(file.open_temporary());
  file.regular_ = true;
  return file;
}

Status AtomicFile::open_temporary() {
  std::string folder = folder_of(path_);
  fd_.reset(::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, options_.mode));
  if (fd_) return {};
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return fail_errno(name_);
  // A file system without O_TMPFILE.
  temporary_ = (fs::path(folder) / ".brume-XXXXXX").string();
  fd_.reset(::mkostemp(temporary_.data(), O_CLOEXEC));
  if (!fd_) {
    temporary_.clear();
    return fail_errno(name_);
  }
  if (options_.mode == kModeOfMkostemp) return {};
  mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(fd_.get(), options_.mode & ~mask) != 0) return fail_errno(name_);
  return {};
}

Status AtomicFile::write(ByteView bytes) {
  while (!bytes.empty()) {
    ssize_t size = ::write(fd_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return fail_errno(name_);
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return {};
}

Status AtomicFile::write_at(std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    ssize_t size = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return fail_errno(name_);
    bytes = bytes.subspan(static_cast<std::size_t>(size));
    offset += static_cast<std::uint64_t>(size);
  }
  return {};
}

Status AtomicFile::commit() {
  if (!regular_) {
    int fd = fd_.release();
    if (::close(fd) != 0) return fail_errno(name_);
    return {};
  }
  if (options_.durable && ::fsync(fd_.get()) != 0) return fail_errno(name_);
  BRUME_TRY(give_name());
  // What close() reports late (a full quota, a network file system) must not pass for success.
  if (::close(fd_.release()) != 0) return fail_errno(name_);
  return {};
}

Status AtomicFile::give_name() {
  if (temporary_.empty()) {
    std::string self = "/proc/self/fd/" + std::to_string(fd_.get());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
    if (errno != EEXIST) return fail_errno(name_);
    if (!options_.force) return exists_already(name_);
    // A link cannot replace a file; a rename can.
    BRUME_ASSIGN(temporary_, link_beside(self, folder_of(path_), name_));
  }
  unsigned flags = options_.force ? 0 : RENAME_NOREPLACE;
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
    if (errno == EEXIST) return exists_already(name_);
    if (errno != EINVAL || options_.force) return fail_errno(name_);
    // No RENAME_NOREPLACE here: a link refuses what exists just as well.
    if (::link(temporary_.c_str(), path_.c_str()) != 0) {
      if (errno == EEXIST) return exists_already(name_);
      return fail_errno(name_);
    }
    return {};  // the destructor takes the temporary name away
  }
  temporary_.clear();
  return {};
}

}  // namespace brume::files

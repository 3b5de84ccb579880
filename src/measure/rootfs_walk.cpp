// The file-system half of the image digest: a walk in which a name is never resolved twice.
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/unique_fd.h"
#include "crypto/hash.h"
#include "measure/rootfs.h"

namespace brume::measure {
namespace {

constexpr std::size_t kReadSize = 256u << 10;
constexpr std::size_t kXattrListLimit = 65536;  // XATTR_LIST_MAX
constexpr unsigned kStatxMask = STATX_BASIC_STATS | STATX_MNT_ID;

// Names come from the container: what is not plain ASCII is not repeated.
std::string printable(std::string_view path) {
  std::string out;
  for (char c : path.substr(0, 256)) out.push_back(c > ' ' && c < 0x7f ? c : '?');
  return out;
}

std::unexpected<Error> refuse(std::string_view path, std::string_view why, ErrorCode code = ErrorCode::kUnsupported) {
  return fail(code, printable(path) + ": " + std::string(why));
}

std::unexpected<Error> io_error(std::string_view path, std::string_view doing, int error) {
  return fail(ErrorCode::kIo, printable(path) + ": " + std::string(doing) + ": " + strerrordesc_np(error));
}

// Never leaves the directory, follows nothing, crosses no mount; opens nothing yet (O_PATH).
Result<UniqueFd> pin_name(int dir, const char* name, std::string_view path) {
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  const auto fd = static_cast<int>(syscall(SYS_openat2, dir, name, &how, sizeof how));
  if (fd >= 0) return UniqueFd(fd);
  if (errno == EXDEV) return refuse(path, "mount over the image");
  return io_error(path, "open", errno);
}

std::string link_to(const UniqueFd& pinned) { return "/proc/self/fd/" + std::to_string(pinned.get()); }

// Opens for reading the very inode that was pinned.
Result<UniqueFd> reopen(const UniqueFd& pinned, int flags, std::string_view path) {
  UniqueFd fd(::open(link_to(pinned).c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!fd) return io_error(path, "open for reading", errno);
  return fd;
}

Result<struct statx> stat_name(int dir, const char* name, int flags, std::string_view path) {
  struct statx info{};
  if (::statx(dir, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, kStatxMask, &info) != 0)
    return io_error(path, "stat", errno);
  if ((info.stx_mask & kStatxMask) != kStatxMask)
    return fail(ErrorCode::kUnavailable, "statx: this kernel does not give mount ids (needs Linux 5.8)");
  return info;
}

Status check_xattrs(const UniqueFd& pinned, std::string_view path) {
  const ssize_t needed = ::listxattr(link_to(pinned).c_str(), nullptr, 0);
  if (needed < 0 && errno == ENOTSUP) return {};
  if (needed == 0) return {};
  if (needed < 0) return io_error(path, "list attributes", errno);
  if (static_cast<std::size_t>(needed) > kXattrListLimit) return refuse(path, "too many extended attributes");
  std::string names(static_cast<std::size_t>(needed), '\0');
  const ssize_t size = ::listxattr(link_to(pinned).c_str(), names.data(), names.size());
  if (size < 0) return io_error(path, "list attributes", errno);
  std::string_view rest(names.data(), static_cast<std::size_t>(size));
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('\0'));
    // A host's label, given by the host's own policy when the image is unpacked.
    if (name != "security.selinux") return refuse(path, "has the extended attribute " + printable(name));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  return {};
}

class Walk {
 public:
  Walk(const RootfsOptions& options, std::uint64_t root_mount) : options_(options), root_mount_(root_mount) {}

  Status directory(int fd, const std::string& path, std::size_t depth);
  Result<RootfsDigest> finish();

 private:
  Status name(int dir, const char* name, const std::string& path, std::size_t depth);
  Status describe(RootfsEntry& entry, const struct statx& info) const;
  Status file(RootfsEntry& entry, const UniqueFd& pinned, const struct statx& info);
  Status within_deadline() const {
    if (options_.cancelled && *options_.cancelled) return fail(ErrorCode::kUnavailable, "measuring was called off");
    if (options_.deadline && std::chrono::steady_clock::now() > *options_.deadline)
      return fail(ErrorCode::kLimit, "measuring the image took longer than it may");
    return {};
  }

  const RootfsOptions& options_;
  std::uint64_t root_mount_;
  std::uint64_t read_size_ = 0;
  std::size_t seen_count_ = 0;
  RootfsDigest out_;
  Bytes buffer_ = Bytes(kReadSize);
};

Result<std::uint32_t> map_owner(const std::function<std::optional<std::uint32_t>(std::uint32_t)>& map,
                                std::uint32_t host, std::string_view path) {
  if (!map) return host;
  if (const auto mapped = map(host)) return *mapped;
  return refuse(path, "its owner on the host is none in the container");
}

Status Walk::describe(RootfsEntry& entry, const struct statx& info) const {
  entry.mode = entry.type == EntryType::kSymlink ? 0777u : info.stx_mode & 07777u;
  BRUME_ASSIGN(entry.uid, map_owner(options_.map_uid, info.stx_uid, entry.path));
  BRUME_ASSIGN(entry.gid, map_owner(options_.map_gid, info.stx_gid, entry.path));
  return {};
}

Status Walk::file(RootfsEntry& entry, const UniqueFd& pinned, const struct statx& info) {
  BRUME_ASSIGN(const UniqueFd fd, reopen(pinned, O_NONBLOCK | O_NOCTTY, entry.path));
  Bytes* keep = nullptr;
  if (entry.path == kProgramPath) keep = &out_.program;
  if (entry.path == kSigstructPath) keep = &out_.sigstruct;
  if (keep && info.stx_size > kProgramSizeLimit) return refuse(entry.path, "too large", ErrorCode::kLimit);
  if (info.stx_size > kRootfsSizeLimit - read_size_) return refuse(entry.path, "image too large", ErrorCode::kLimit);
  crypto::Sha256 hash;
  for (;;) {
    BRUME_TRY(within_deadline());
    const ssize_t got = ::read(fd.get(), buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(entry.path, "read", errno);
    if (got == 0) break;
    const ByteView piece(buffer_.data(), static_cast<std::size_t>(got));
    entry.size += piece.size();
    if (entry.size > info.stx_size) return refuse(entry.path, "grew while it was measured", ErrorCode::kState);
    hash.update(piece);
    if (keep) append(*keep, piece);
  }
  if (entry.size != info.stx_size) return refuse(entry.path, "shrank while it was measured", ErrorCode::kState);
  read_size_ += entry.size;
  entry.content = hash.finish();
  return {};
}

Status Walk::name(int dir, const char* name, const std::string& path, std::size_t depth) {
  if (path.size() > kRootfsPathLimit) return refuse(path, "path too long", ErrorCode::kLimit);
  if (++seen_count_ > kRootfsEntryLimit) return fail(ErrorCode::kLimit, "root file system: too many entries");
  BRUME_TRY(within_deadline());
  RootfsEntry entry;
  entry.path = path;
  if (is_mount_point_of_engine(path)) {
    BRUME_ASSIGN(const struct statx info, stat_name(dir, name, 0, path));
    entry.type = S_ISDIR(info.stx_mode) ? EntryType::kDirectory : EntryType::kFile;
    if ((S_ISDIR(info.stx_mode) || S_ISREG(info.stx_mode)) && is_excluded(entry)) return {};
  }
  BRUME_ASSIGN(const UniqueFd pinned, pin_name(dir, name, path));
  BRUME_ASSIGN(const struct statx info, stat_name(pinned.get(), "", AT_EMPTY_PATH, path));
  if (info.stx_mnt_id != root_mount_) return refuse(path, "mount over the image");
  BRUME_TRY(check_xattrs(pinned, path));

  if (S_ISDIR(info.stx_mode)) {
    entry.type = EntryType::kDirectory;
    BRUME_TRY(describe(entry, info));
    out_.entries.push_back(std::move(entry));
    BRUME_ASSIGN(const UniqueFd fd, reopen(pinned, O_DIRECTORY, path));
    return directory(fd.get(), path, depth + 1);
  }
  if (S_ISLNK(info.stx_mode)) {
    entry.type = EntryType::kSymlink;
    entry.target.resize(kRootfsPathLimit + 1);
    const ssize_t size = ::readlinkat(pinned.get(), "", entry.target.data(), entry.target.size());
    if (size < 0) return io_error(path, "read link", errno);
    if (static_cast<std::size_t>(size) > kRootfsPathLimit) return refuse(path, "link target too long");
    entry.target.resize(static_cast<std::size_t>(size));
  } else if (S_ISREG(info.stx_mode)) {
    entry.type = EntryType::kFile;
    BRUME_TRY(file(entry, pinned, info));
    if (path == kNodePath) out_.node = FileIdentity{makedev(info.stx_dev_major, info.stx_dev_minor), info.stx_ino};
  } else {
    return refuse(path, "a device, fifo or socket has no place in an image");
  }
  BRUME_TRY(describe(entry, info));
  out_.entries.push_back(std::move(entry));
  return {};
}

Status Walk::directory(int fd, const std::string& path, std::size_t depth) {
  if (depth > kRootfsDepthLimit) return refuse(path, "too many directories deep", ErrorCode::kLimit);
  UniqueFd own(::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) return io_error(path, "open directory", errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(own.get()), ::closedir);
  if (!listing) return io_error(path, "list directory", errno);
  own.release();
  for (;;) {
    errno = 0;
    const dirent* item = ::readdir(listing.get());
    if (!item && errno != 0) return io_error(path, "list directory", errno);
    if (!item) return {};
    const std::string_view name_text = item->d_name;
    if (name_text == "." || name_text == "..") continue;
    BRUME_TRY(name(fd, item->d_name, path + "/" + std::string(name_text), depth));
  }
}

Result<RootfsDigest> Walk::finish() {
  std::erase_if(out_.entries, is_excluded);
  std::ranges::sort(out_.entries, {}, &RootfsEntry::path);
  BRUME_ASSIGN(out_.digest, digest_entries(out_.entries));
  return std::move(out_);
}

}  // namespace

Result<RootfsDigest> measure_rootfs(int root_dirfd, const RootfsOptions& options) {
  BRUME_ASSIGN(const struct statx root, stat_name(root_dirfd, "", AT_EMPTY_PATH, "/"));
  Walk walk(options, root.stx_mnt_id);
  BRUME_TRY(walk.directory(root_dirfd, "", 0));
  return walk.finish();
}

}  // namespace brume::measure

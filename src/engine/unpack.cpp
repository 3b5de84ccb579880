#include "engine/unpack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/unique_fd.h"

namespace brume::engine {

namespace fs = std::filesystem;

namespace {

std::unexpected<Error> io_failed(std::string_view path) {
  return fail(ErrorCode::kIo, "unpack " + std::string(path) + ": " + std::generic_category().message(errno));
}

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    out.emplace_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return out;
}

Status check_path(std::string_view path) {
  for (const std::string& component : components(path)) {
    if (component.empty() || component == "." || component == ".." || component.find('\0') != std::string::npos) {
      return malformed("unpack: a path of the image is not clean");
    }
  }
  return {};
}

// The descriptor of a path's parent, opened step by step: a link on the way is refused.
Result<UniqueFd> open_parent(int root, std::string_view path) {
  UniqueFd at(::fcntl(root, F_DUPFD_CLOEXEC, 0));
  const auto names = components(path);
  for (std::size_t i = 0; at && i + 1 < names.size(); ++i) {
    at.reset(::openat(at.get(), names[i].c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }
  if (!at) return io_failed(path);
  return at;
}

Status write_all(int fd, ByteView content) {
  for (std::size_t at = 0; at < content.size();) {
    const ssize_t size = ::write(fd, content.data() + at, content.size() - at);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return io_failed("file");
    at += static_cast<std::size_t>(size);
  }
  return {};
}

Status unpack_one(int root, const std::string& path, const image::ImageFile& file) {
  BRUME_TRY(check_path(path));
  BRUME_ASSIGN(const UniqueFd parent, open_parent(root, path));
  const std::string name = components(path).back();
  switch (file.kind) {
    case image::FileKind::kDirectory:
      // Open while files come into it; its mode follows.
      if (::mkdirat(parent.get(), name.c_str(), 0700) != 0) return io_failed(path);
      return {};
    case image::FileKind::kSymlink:
      if (::symlinkat(file.target.c_str(), parent.get(), name.c_str()) != 0) return io_failed(path);
      return {};
    case image::FileKind::kRegular: {
      const UniqueFd out(
          ::openat(parent.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
      if (!out) return io_failed(path);
      BRUME_TRY(write_all(out.get(), file.content));
      if (::fchmod(out.get(), static_cast<mode_t>(file.mode & 07777)) != 0) return io_failed(path);
      return {};
    }
  }
  return malformed("unpack: unknown kind of file");
}

// Not by mkdir: that would follow the umask.
Status set_folder_mode(int root, const std::string& path, std::uint32_t mode) {
  BRUME_ASSIGN(const UniqueFd parent, open_parent(root, path));
  const UniqueFd dir(
      ::openat(parent.get(), components(path).back().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir || ::fchmod(dir.get(), static_cast<mode_t>(mode & 07777)) != 0) return io_failed(path);
  return {};
}

}  // namespace

Status unpack_image(const image::ImageFiles& files, const fs::path& root) {
  if (::mkdir(root.c_str(), 0755) != 0) return io_failed(root.string());
  const auto unpack_all = [&]() -> Status {
    const UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fchmod(fd.get(), 0755) != 0) return io_failed(root.string());
    for (const auto& [path, file] : files) BRUME_TRY(unpack_one(fd.get(), path, file));
    for (auto at = files.rbegin(); at != files.rend(); ++at) {  // children before their parents close
      if (at->second.kind == image::FileKind::kDirectory) {
        BRUME_TRY(set_folder_mode(fd.get(), at->first, at->second.mode));
      }
    }
    return {};
  };
  const Status done = unpack_all();
  std::error_code ignored;
  if (!done) fs::remove_all(root, ignored);
  return done;
}

}  // namespace brume::engine

#include "node/shares.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

namespace brume::node {
namespace {

bool is_plain_folder(std::string_view path) {
  return path.size() > 1 && path.size() < 4'096 && path.front() == '/' && path.back() != '/' &&
         path.find('\0') == path.npos && (std::string(path) + "/").find("/../") == std::string::npos;
}

const Share* share_of(const std::vector<Share>& shares, const std::string& path) {
  const Share* best = nullptr;
  for (const Share& share : shares) {
    if (!path.starts_with(share.path + "/")) continue;
    if (best == nullptr || best->path.size() < share.path.size()) best = &share;
  }
  return best;
}

}  // namespace

Result<Share> parse_share(std::string_view text) {
  const std::size_t equals = text.rfind('=');
  if (equals == text.npos) return fail(ErrorCode::kUsage, "--share: expected PATH=TARGET");
  Share out{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
  if (!is_plain_folder(out.path) || !is_plain_folder(out.target))
    return fail(ErrorCode::kUsage, "--share: expected PATH=TARGET, two absolute folders");
  return out;
}

Result<UniqueFd> open_shared(const std::vector<Share>& shares, const std::string& path, std::uint64_t size) {
  const Share* share = share_of(shares, path);
  if (share == nullptr) return fail(ErrorCode::kNotFound, "it is in no folder that this node shares");
  const auto unreadable = [] {
    return fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                errno == EXDEV ? "it leads out of the shared folder" : strerrordesc_np(errno));
  };
  const UniqueFd root(::open(share->target.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return unreadable();
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;  // a fifo must not hold us
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const std::string below = path.substr(share->path.size() + 1);
  UniqueFd file(static_cast<int>(::syscall(SYS_openat2, root.get(), below.c_str(), &how, sizeof how)));
  if (!file) return unreadable();
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return unreadable();
  if (!S_ISREG(about.st_mode)) return malformed("it is no regular file");
  if (static_cast<std::uint64_t>(about.st_size) != size) return malformed("the file is not as large as it was");
  return file;
}

}  // namespace brume::node

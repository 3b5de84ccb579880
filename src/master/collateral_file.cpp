#include "master/collateral_file.h"

#include <cerrno>
#include <cstring>

#include "master/home.h"

namespace brume::master {

bool CollateralFile::same(const State& a, const State& b) {
  return a.device == b.device && a.inode == b.inode && a.size == b.size && a.modified.tv_sec == b.modified.tv_sec &&
         a.modified.tv_nsec == b.modified.tv_nsec;
}

Result<std::optional<evidence::Bundle>> CollateralFile::read_if_changed() {
  struct stat info{};
  if (::stat(path_.c_str(), &info) != 0) {
    if (std::exchange(missing_, true)) return std::nullopt;
    return fail(ErrorCode::kNotFound, path_.string() + ": " + strerrordesc_np(errno));
  }
  missing_ = false;
  const State state{info.st_dev, info.st_ino, info.st_size, info.st_mtim};
  if (seen_ && same(*seen_, state)) return std::nullopt;
  seen_ = state;
  BRUME_ASSIGN(const std::string text, read_text_file(path_, evidence::kBundleSizeLimit));
  auto bundle = evidence::parse_bundle(text);
  if (!bundle) return within(path_.string(), bundle.error());
  return std::move(*bundle);
}

}  // namespace brume::master

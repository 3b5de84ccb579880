#include "master/copy_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>

namespace brume::master {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "input-";
constexpr int kAttemptLimit = 16;

UniqueFd open_folder(const fs::path& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

}  // namespace

Result<CopyFolder> CopyFolder::create(const fs::path& runs) {
  remove_left_copies(runs);
  for (int attempt = 0; attempt < kAttemptLimit; ++attempt) {
    std::string name = (runs / (std::string(kPrefix) + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) break;
    UniqueFd lock = open_folder(name);
    // Another tool may take it for one that was left, before it is locked: it is gone then.
    if (lock && (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)) {
      CopyFolder folder(std::move(name), std::move(lock));
      std::error_code error;
      if (fs::exists(folder.path(), error)) return folder;
    }
  }
  return fail(ErrorCode::kIo, runs.string() + ": no folder for sealed copies of the input: " + std::strerror(errno));
}

CopyFolder::~CopyFolder() {
  std::error_code error;
  if (lock_) fs::remove_all(path_, error);
}

void remove_left_copies(const fs::path& runs) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(runs, error)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    const UniqueFd folder = open_folder(entry.path());
    if (folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) fs::remove_all(entry.path(), error);
  }
}

}  // namespace brume::master

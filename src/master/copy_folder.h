// Where one `brume run` keeps sealed copies of plain input: a folder that is locked for as long as the tool lives. A
// tool that was killed removes nothing; that its lock is free tells others that they may.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"

namespace brume::master {

class CopyFolder {
 public:
  // A new folder in `runs`, mode 0700; what killed tools left there goes. Errors: kIo, with the path.
  static Result<CopyFolder> create(const std::filesystem::path& runs);
  CopyFolder(CopyFolder&&) noexcept = default;
  CopyFolder& operator=(CopyFolder&&) = delete;
  ~CopyFolder();  // with all that is in it

  const std::filesystem::path& path() const { return path_; }

 private:
  CopyFolder(std::filesystem::path path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::filesystem::path path_;
  UniqueFd lock_;
};

// Removes the folders of tools that are gone. Others stay, also where the file system has no locks.
void remove_left_copies(const std::filesystem::path& runs);

}  // namespace brume::master

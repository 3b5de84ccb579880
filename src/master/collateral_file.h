// The file that `brume master --collateral` names, read again whenever it changes: a cluster outlives its first
// revocation lists.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "evidence/bundle.h"

namespace brume::master {

class CollateralFile {
 public:
  explicit CollateralFile(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  // The bundle, if the file is another than at the last call, or its present state was never read. Each state is read
  // once: an error is told once. Write the file whole and rename it; one that is seen half-written is an error, and is
  // read again when it has changed.
  Result<std::optional<evidence::Bundle>> read_if_changed();

 private:
  struct State {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    timespec modified{};
  };
  static bool same(const State& a, const State& b);

  std::filesystem::path path_;
  std::optional<State> seen_;
  bool missing_ = false;
};

}  // namespace brume::master

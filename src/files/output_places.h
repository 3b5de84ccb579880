// Where outputs really go: whether two of them go to one place, and what a new file may stand in the place of.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/result.h"

namespace brume::files {

// The file that `path` stands for: symbolic links are followed, the last one too, even where it leads to nothing yet.
// Folders need not exist. Errors: kIo, for links in a circle and folders that cannot be looked at.
Result<std::filesystem::path> output_target(const std::filesystem::path& path);

// For a file that is replaced by name: `path`, and where that is a link, what it leads to. Errors: kUsage, where
// something stands there that is no regular file, as a device: writing through it is not the same as standing in its
// place.
Result<std::filesystem::path> replaceable_target(const std::filesystem::path& path);

// Of one run. Each output would overwrite the one before that goes to the same place.
class OutputPlaces {
 public:
  // "-" is standard output. Devices and pipes take any number. Errors: kUsage.
  Status add(const std::string& path);

 private:
  std::set<std::filesystem::path> targets_;
};

}  // namespace brume::files

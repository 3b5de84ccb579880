// What people name on a command line as inputs: files, folders, and either with a name of its own (NAME=PATH).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace brume::files {

struct NamedPath {
  std::string name;
  std::string path;
  bool named = false;  // a name was said
  friend bool operator==(const NamedPath&, const NamedPath&) = default;
};

// "NAME=PATH" where NAME is [A-Za-z0-9._-]+ and no file has the whole word as its path; else the word names itself.
NamedPath parse_named_path(const std::string& word);

// NAME=FILE each. Errors: kUsage.
Result<std::vector<NamedPath>> parse_sides(const std::vector<std::string>& words);

// A folder stands for all regular files in it and below, in the order of their paths, hidden ones and folders behind
// links left out; their names are the folder's and what follows. Refuses a folder without files or with what is neither
// file nor folder or cannot be looked at, what does not exist, a name twice, and more than `limit` files. What does not
// exist here and has a scheme ("https:", "s3:") or is "-" is passed as it is.
Result<std::vector<NamedPath>> list_inputs(const std::vector<std::string>& words, std::size_t limit);

}  // namespace brume::files

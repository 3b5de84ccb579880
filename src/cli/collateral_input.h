// Collateral as `brume collateral` is given it: bundles, files and folders of files.
#pragma once

#include "base/outside.h"
#include "collateral/import.h"

namespace brume::cli {

// Folders are read without those below them. Errors: kNotFound, kIo, kMalformed (a file that is collateral and cannot
// be read; nothing that is collateral), with the file's name. `notes` says what was made of each file, also on error.
Result<evidence::Bundle> read_collateral(const std::vector<std::string>& paths,
                                         std::vector<collateral::FileNote>& notes);

// RFC 3339, UTC; empty: now.
Result<UnixMs> time_option(const std::string& text);

}  // namespace brume::cli

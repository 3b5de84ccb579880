// What a program was made of, kept beside it: whether it would be made the same way again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace brume::cli {

// Files as the compiler lists them (-MM): what make reads as rules, without their targets.
std::vector<std::filesystem::path> files_of_rules(const std::string& rules);

// The files as they are now: a line for each, when it was written, its size, its number, its path.
// Never unchanged where one is missing.
std::string describe_files(const std::vector<std::filesystem::path>& files);

// Whether all files that `described` names are as they were, and `sources` are among them.
bool is_unchanged(const std::string& described, const std::vector<std::filesystem::path>& sources);

}  // namespace brume::cli

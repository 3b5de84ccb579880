// Scripts that complete `brume` in a shell, made from the tree of verbs itself.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace brume::cli {

// Verbs and options in the group "" (hidden) are left out.
std::string bash_completion(const CLI::App& root);
std::string zsh_completion(const CLI::App& root);
std::string fish_completion(const CLI::App& root);

}  // namespace brume::cli

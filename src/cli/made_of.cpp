#include "cli/made_of.h"

#include <sys/stat.h>

#include <algorithm>
#include <sstream>

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kMissing = "missing";

// All of it: what is moved to a file's place may be older, and as long.
std::string stamp_of(const fs::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return kMissing;
  return std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + " " +
         std::to_string(info.st_size) + " " + std::to_string(info.st_ino);
}

std::string line_of(const fs::path& file) { return stamp_of(file) + " " + file.string(); }

// Before the third space there are numbers.
fs::path path_in(const std::string& line) {
  std::size_t at = 0;
  for (int i = 0; i < 3 && at != std::string::npos; ++i) at = line.find(' ', at == 0 ? 0 : at + 1);
  return at == std::string::npos ? fs::path() : fs::path(line.substr(at + 1));
}

}  // namespace

std::vector<fs::path> files_of_rules(const std::string& rules) {
  std::vector<fs::path> files;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty() && !word.ends_with(':')) files.emplace_back(word);
    word.clear();
  };
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const char next = i + 1 < rules.size() ? rules[i + 1] : '\0';
    if (rules[i] == '\\' && next == '\n') {
      end_word();
      ++i;
    } else if ((rules[i] == '\\' && (next == ' ' || next == '#')) || (rules[i] == '$' && next == '$')) {
      word += rules[++i];
    } else if (rules[i] == ' ' || rules[i] == '\n') {
      end_word();
    } else {
      word += rules[i];
    }
  }
  end_word();
  std::ranges::sort(files);
  files.erase(std::ranges::unique(files).begin(), files.end());
  return files;
}

std::string describe_files(const std::vector<fs::path>& files) {
  std::string out;
  for (const fs::path& file : files) out += line_of(file) + "\n";
  return out;
}

bool is_unchanged(const std::string& described, const std::vector<fs::path>& sources) {
  std::vector<fs::path> files;
  std::istringstream lines(described);
  for (std::string line; std::getline(lines, line);) {
    files.push_back(path_in(line));
    if (line.starts_with(kMissing) || line_of(files.back()) != line) return false;
  }
  return !files.empty() && std::ranges::all_of(sources, [&](const fs::path& source) {
    return std::ranges::find(files, source) != files.end();
  });
}

}  // namespace brume::cli

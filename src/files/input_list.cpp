#include "files/input_list.h"

#include <algorithm>
#include <filesystem>
#include <set>

namespace brume::files {
namespace {

namespace fs = std::filesystem;

bool is_name(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// "s3://bucket/key", but not "c:name" or "name=..." of a file.
bool has_scheme(const std::string& path) {
  const std::size_t colon = path.find(':');
  return colon != std::string::npos && colon > 1 && path.find('/') > colon && is_name(path.substr(0, colon));
}

// A folder is none of its files; what is neither, or cannot be looked at, must not be left out unsaid.
Result<bool> is_file_of_folder(const fs::directory_entry& entry) {
  std::error_code error;
  const fs::file_type type = entry.status(error).type();
  if (type == fs::file_type::regular) return true;
  if (type == fs::file_type::directory) return false;
  const std::string path = entry.path().string();
  if (type == fs::file_type::not_found)
    return fail(ErrorCode::kNotFound,
                path + ": a link that leads nowhere; take it out of the folder, or name its files");
  if (error) return fail(ErrorCode::kIo, path + ": " + error.message());
  return fail(ErrorCode::kUsage, path + ": is no regular file; take it out of the folder, or name the folder's files");
}

// For messages. What follows a URL's '?' may be a key, and so may what stands before its host.
std::string shown(const std::string& name) {
  if (!has_scheme(name)) return name;
  std::string out = name.substr(0, name.find_first_of("?#"));
  const std::size_t scheme = out.find("://");
  if (scheme == std::string::npos) return out;
  const std::size_t host = scheme + 3;
  const std::size_t at = out.substr(0, out.find('/', host)).rfind('@');
  return at == std::string::npos || at < host ? out : out.erase(host, at + 1 - host);
}

Status add_folder(const NamedPath& folder, std::size_t limit, std::vector<NamedPath>& out) {
  std::error_code error;
  std::vector<std::string> found;
  const fs::path top(folder.path);
  auto walk = fs::recursive_directory_iterator(top, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    const fs::path& path = walk->path();
    if (path.filename().string().starts_with(".")) {
      walk.disable_recursion_pending();
      continue;
    }
    BRUME_ASSIGN(const bool is_file, is_file_of_folder(*walk));
    if (is_file) found.push_back(path.lexically_relative(top).string());
    if (out.size() + found.size() > limit)
      return fail(ErrorCode::kLimit, folder.path + ": more than " + std::to_string(limit) + " files in all");
  }
  if (error) return fail(ErrorCode::kIo, folder.path + ": " + error.message());
  if (found.empty()) return fail(ErrorCode::kNotFound, folder.path + ": a folder without files");
  std::ranges::sort(found);
  const std::string begin = folder.name.ends_with('/') ? folder.name : folder.name + "/";
  for (const std::string& relative : found) out.push_back({begin + relative, (top / relative).string()});
  return {};
}

}  // namespace

NamedPath parse_named_path(const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals + 1 == word.size() || !is_name(word.substr(0, equals)) || exists(word))
    return {word, word, false};
  return {word.substr(0, equals), word.substr(equals + 1), true};
}

Result<std::vector<NamedPath>> parse_sides(const std::vector<std::string>& words) {
  std::vector<NamedPath> out;
  for (const std::string& word : words) {
    out.push_back(parse_named_path(word));
    if (!out.back().named) return fail(ErrorCode::kUsage, "--side " + shown(word) + ": expected NAME=FILE");
  }
  return out;
}

Result<std::vector<NamedPath>> list_inputs(const std::vector<std::string>& words, std::size_t limit) {
  std::vector<NamedPath> out;
  for (const std::string& word : words) {
    const NamedPath named = parse_named_path(word);
    std::error_code error;
    // What is there comes first: "run:1" may be a folder.
    if (named.path != "-" && fs::is_directory(named.path, error)) {
      BRUME_TRY(add_folder(named, limit, out));
    } else if (named.path == "-" || exists(named.path) || has_scheme(named.path)) {
      out.push_back(named);
    } else {
      return fail(ErrorCode::kNotFound, named.path + ": no such file or folder");
    }
    if (out.size() > limit) return fail(ErrorCode::kLimit, "more than " + std::to_string(limit) + " inputs");
  }
  if (std::ranges::count(out, "-", &NamedPath::path) > 1)
    return fail(ErrorCode::kUsage, "-: standard input is one input only");
  std::set<std::string> names;
  for (const NamedPath& input : out) {
    if (!names.insert(input.name).second)
      return fail(ErrorCode::kUsage, shown(input.name) + ": named twice; NAME=PATH gives an input another name");
  }
  return out;
}

}  // namespace brume::files

#include "cli/evidence_input.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "base/hex.h"
#include "evidence/time.h"
#include "files/input_file.h"

namespace brume::cli {
namespace {

namespace fs = std::filesystem;

constexpr UnixMs kLastUnixSecond = 253'402'300'799;  // of the year 9999
constexpr std::size_t kTimeSize = 19;                // "2026-06-15T12:00:00"

std::optional<int> two_digits(std::string_view text) {
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + (c - '0');
  }
  return value;
}

// What stands behind the seconds: a fraction, then "Z" or "+02:00". In milliseconds to be taken off.
std::optional<UnixMs> parse_offset(std::string_view rest) {
  if (rest.starts_with('.')) {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    if (end == 1) return std::nullopt;
    rest.remove_prefix(end);
  }
  if (rest == "Z" || rest == "z") return 0;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return std::nullopt;
  const auto hours = two_digits(rest.substr(1, 2));
  const auto minutes = two_digits(rest.substr(4, 2));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const UnixMs offset = (*hours * 60 + *minutes) * 60'000;
  return rest[0] == '+' ? offset : -offset;
}

std::optional<UnixMs> parse_rfc3339(const std::string& text) {
  if (text.size() <= kTimeSize) return std::nullopt;
  std::string seconds = text.substr(0, kTimeSize);
  if (seconds[10] == 't' || seconds[10] == ' ') seconds[10] = 'T';
  const auto time = evidence::parse_time(seconds + "Z");
  const auto offset = parse_offset(std::string_view(text).substr(kTimeSize));
  if (!time || !offset || *time < *offset) return std::nullopt;
  return *time - *offset;
}

}  // namespace

Result<evidence::NamedFile> read_evidence_file(const std::string& path) {
  BRUME_ASSIGN(const std::string bytes, files::read_small_file(path, evidence::kRecognisedSizeLimit));
  return evidence::NamedFile{fs::path(path).filename().string(), evidence::recognise(as_bytes(bytes))};
}

Result<std::vector<evidence::NamedFile>> read_evidence_folder(const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with('.') && entry->is_regular_file(error)) names.push_back(name);
    if (names.size() > evidence::kFolderFilesLimit) {
      return fail(ErrorCode::kLimit, path + ": more than " + std::to_string(evidence::kFolderFilesLimit) + " files");
    }
  }
  if (error) return fail(ErrorCode::kIo, path + ": " + error.message());
  std::ranges::sort(names);
  std::vector<evidence::NamedFile> files;
  std::size_t size = 0;
  for (const std::string& name : names) {
    BRUME_ASSIGN(auto file, read_evidence_file((fs::path(path) / name).string()));
    size += file.what.content.size();
    if (size > kFolderSizeLimit) return fail(ErrorCode::kLimit, path + ": more than 64 MiB");
    files.push_back(std::move(file));
  }
  return files;
}

Result<UnixMs> parse_moment(const std::string& what, const std::string& text) {
  UnixMs seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  if (whole && seconds >= 0 && seconds <= kLastUnixSecond) return seconds * 1000;
  if (const auto time = parse_rfc3339(text)) return *time;
  return fail(ErrorCode::kUsage, what + ": a time such as 2026-06-15T12:00:00Z, or Unix seconds");
}

nlohmann::ordered_json parse_shallow_json(ByteView bytes) {
  constexpr int kDepthLimit = 16;
  int depth = 0;
  int deepest = 0;
  for (const std::uint8_t byte : bytes) {  // brackets in strings only make it stricter
    if (byte == '[' || byte == '{') deepest = std::max(deepest, ++depth);
    if (byte == ']' || byte == '}') --depth;
  }
  if (deepest > kDepthLimit) return nlohmann::ordered_json(nlohmann::ordered_json::value_t::discarded);
  return nlohmann::ordered_json::parse(bytes.begin(), bytes.end(), nullptr, false);
}

Result<Bytes> parse_hex_option(const std::string& what, const std::string& text, std::size_t limit) {
  auto bytes = from_hex(text.starts_with("0x") ? text.substr(2) : text);
  if (!bytes || bytes->empty() || bytes->size() > limit) {
    return fail(ErrorCode::kUsage, what + ": hex digits, two for each of 1 to " + std::to_string(limit) + " bytes");
  }
  return *std::move(bytes);
}

}  // namespace brume::cli

#include "cli/collateral_input.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "collateral/inventory.h"
#include "evidence/time.h"
#include "files/input_file.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kFilesLimit = 1024;

Status add_file(const std::string& path, std::vector<collateral::NamedBytes>& out) {
  if (out.size() == kFilesLimit) return fail(ErrorCode::kLimit, "more than 1024 files");
  BRUME_ASSIGN(const std::string text, files::read_small_file(path, evidence::kBundleSizeLimit));
  out.push_back({path, to_bytes(as_bytes(text))});
  return {};
}

// In the order of their names, so that the same folder is read alike everywhere.
Status add_folder(const std::string& path, std::vector<collateral::NamedBytes>& out) {
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.is_regular_file(error)) files.push_back(entry.path().string());
  }
  if (error) return fail(ErrorCode::kIo, path + ": " + error.message());
  std::ranges::sort(files);
  for (const std::string& file : files) BRUME_TRY(add_file(file, out));
  return {};
}

}  // namespace

Result<evidence::Bundle> read_collateral(const std::vector<std::string>& paths,
                                         std::vector<collateral::FileNote>& notes) {
  std::vector<collateral::NamedBytes> files;
  std::error_code error;
  for (const std::string& path : paths) {
    BRUME_TRY(fs::is_directory(path, error) ? add_folder(path, files) : add_file(path, files));
  }
  collateral::Imported imported = collateral::import_files(files);
  notes = std::move(imported.notes);
  // One that is named must be collateral; in a folder other files may lie beside it.
  for (const collateral::FileNote& note : notes) {
    const bool named = std::ranges::count(paths, note.name) > 0;
    if (note.use.empty() && (named || !note.why.starts_with("not collateral"))) {
      return fail(ErrorCode::kMalformed, note.name + ": " + note.why);
    }
  }
  if (imported.bundle.parts.empty() &&
      std::ranges::none_of(notes, [](const auto& note) { return note.use.starts_with("bundle"); })) {
    return fail(ErrorCode::kMalformed, (paths.empty() ? "" : paths.front() + ": ") + "holds no collateral");
  }
  return collateral::newest_parts(imported.bundle);
}

Result<UnixMs> time_option(const std::string& text) {
  using namespace std::chrono;
  if (text.empty()) return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  const auto time = evidence::parse_time(text);
  if (!time) return fail(ErrorCode::kUsage, "--at: give a time like 2026-01-31T12:00:00Z");
  return *time;
}

}  // namespace brume::cli

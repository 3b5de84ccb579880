#include "files/output_places.h"

namespace brume::files {

namespace fs = std::filesystem;

namespace {

constexpr int kLinkLimit = 40;  // as the kernel's

const char* kind_of(fs::file_type type) {
  switch (type) {
    case fs::file_type::directory:
      return "a folder";
    case fs::file_type::character:
    case fs::file_type::block:
      return "a device";
    case fs::file_type::fifo:
      return "a pipe";
    case fs::file_type::socket:
      return "a socket";
    default:
      return "no regular file";
  }
}

}  // namespace

Result<fs::path> output_target(const fs::path& path) {
  std::error_code error;
  fs::path target = fs::absolute(path, error);
  for (int left = kLinkLimit; !error && fs::is_symlink(fs::symlink_status(target, error)); --left) {
    if (left == 0) return fail(ErrorCode::kIo, path.string() + ": links lead on and on");
    const fs::path next = fs::read_symlink(target, error);
    target = target.parent_path() / next;
  }
  // That nothing is there yet is no error.
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(ErrorCode::kIo, path.string() + ": " + error.message());
  const fs::path folder = fs::weakly_canonical(target.parent_path(), error);
  if (error) return fail(ErrorCode::kIo, path.string() + ": " + error.message());
  return folder / target.filename();
}

Result<fs::path> replaceable_target(const fs::path& path) {
  std::error_code error;
  fs::path target = path;
  if (fs::is_symlink(fs::symlink_status(path, error))) {
    BRUME_ASSIGN(target, output_target(path));
  }
  const fs::file_type type = fs::status(target, error).type();
  if (type != fs::file_type::not_found && type != fs::file_type::none && type != fs::file_type::regular)
    return fail(ErrorCode::kUsage, path.string() + ": is " + kind_of(type) + "; name a file for the result");
  return target;
}

Status OutputPlaces::add(const std::string& path) {
  std::error_code error;
  fs::path target = path;
  if (path != "-") {
    if (const fs::file_status status = fs::status(path, error); fs::exists(status) && !fs::is_regular_file(status))
      return {};
    BRUME_ASSIGN(target, output_target(path));
  }
  if (!targets_.insert(target).second) return fail(ErrorCode::kUsage, path + ": two outputs cannot go there");
  return {};
}

}  // namespace brume::files

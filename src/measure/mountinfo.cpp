#include "measure/mountinfo.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "measure/rootfs.h"

namespace brume::measure {
namespace {

constexpr std::size_t kFieldCountLimit = 64;  // ten, and optional ones: a few at most

// Cuts at single blanks; empty fields do not exist in this format.
Result<std::vector<std::string_view>> split_fields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end == 0 || fields.size() == kFieldCountLimit) return malformed("mountinfo: a line's fields");
    fields.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return fields;
}

Result<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return malformed("mountinfo: a mount id");
  return value;
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

Result<std::string> undo_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 4 || text[i + 1] > '3' || !is_octal(text[i + 1]) || !is_octal(text[i + 2]) ||
        !is_octal(text[i + 3]))
      return malformed("mountinfo: an escape");
    const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
    if (value == 0) return malformed("mountinfo: an escape");
    out.push_back(static_cast<char>(value));
    i += 3;
  }
  return out;
}

Result<Mount> parse_line(std::string_view line) {
  BRUME_ASSIGN(const auto fields, split_fields(line));
  if (fields.size() < 10) return malformed("mountinfo: a line is too short");
  const auto dash = std::find(fields.begin() + 6, fields.end(), "-");
  if (fields.end() - dash < 4) return malformed("mountinfo: a line has no separator");
  Mount mount;
  BRUME_ASSIGN(mount.id, number(fields[0]));
  BRUME_ASSIGN(mount.target, undo_escapes(fields[4]));
  BRUME_ASSIGN(mount.type, undo_escapes(dash[1]));
  BRUME_ASSIGN(mount.super_options, undo_escapes(dash[3]));
  if (!mount.target.starts_with('/')) return malformed("mountinfo: a target is not absolute");
  return mount;
}

bool is_at_or_below(std::string_view path, std::string_view tree) {
  return path == tree || (path.starts_with(tree) && path[tree.size()] == '/');
}

bool one_of(std::string_view type, std::initializer_list<std::string_view> allowed) {
  return std::ranges::find(allowed, type) != allowed.end();
}

bool belongs(const Mount& mount) {
  const std::string_view target = mount.target;
  if (target == "/proc") return mount.type == "proc";
  if (target == "/sys") return mount.type == "sysfs";
  if (target == "/dev") return one_of(mount.type, {"tmpfs", "devtmpfs"});
  if (is_at_or_below(target, "/proc")) return one_of(mount.type, {"proc", "tmpfs", "devtmpfs"});
  if (is_at_or_below(target, "/sys")) return one_of(mount.type, {"sysfs", "tmpfs", "devtmpfs", "cgroup", "cgroup2"});
  if (is_at_or_below(target, "/dev")) return one_of(mount.type, {"tmpfs", "devtmpfs", "devpts", "mqueue", "hugetlbfs"});
  return is_mount_point_of_engine(target);
}

std::string printable(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 256)) out.push_back(c > ' ' && c < 0x7f ? c : '?');
  return out;
}

}  // namespace

Result<std::vector<Mount>> parse_mountinfo(std::string_view text) {
  if (text.size() > kMountInfoSizeLimit) return fail(ErrorCode::kLimit, "mountinfo: too long");
  std::vector<Mount> mounts;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return malformed("mountinfo: the last line is not whole");
    if (mounts.size() == kMountCountLimit) return fail(ErrorCode::kLimit, "mountinfo: too many mounts");
    BRUME_ASSIGN(Mount mount, parse_line(text.substr(0, end)));
    mounts.push_back(std::move(mount));
    text.remove_prefix(end + 1);
  }
  return mounts;
}

Status check_container_mounts(const std::vector<Mount>& mounts, std::uint64_t root_id) {
  bool root_seen = false;
  for (const Mount& mount : mounts) {
    if (mount.id == root_id && mount.target == "/") {
      root_seen = true;
      continue;
    }
    if (!belongs(mount))
      return fail(ErrorCode::kUnsupported,
                  "mount over the image at " + printable(mount.target) + " (" + printable(mount.type) + ")");
  }
  if (!root_seen) return fail(ErrorCode::kState, "the container's root is not among its mounts");
  return {};
}

}  // namespace brume::measure

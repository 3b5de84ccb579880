// The pure half of the image digest: which entries count, and their one encoding.
#include "measure/rootfs.h"

#include <algorithm>

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

namespace brume::measure {
namespace {

constexpr std::string_view kDomain = "brume-rootfs/1";
constexpr std::array<std::string_view, 6> kExcludedTrees = {"/dev", "/proc", "/sys", "/tmp", "/run", "/var/lib/brume"};
constexpr std::array<std::string_view, 3> kExcludedFiles = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};
constexpr std::uint32_t kSymlinkMode = 0777;
// Bounds memory: names and targets of all entries together.
constexpr std::size_t kEncodedLimit = 64u << 20;
// Type, mode, owners, size, content and three lengths: the least an entry takes.
constexpr std::size_t kLeastEntrySize = 1 + 4 + 4 + 4 + 4 + 8 + 32 + 4;

bool is_below(std::string_view path, std::string_view tree) {
  return path.size() > tree.size() && path.starts_with(tree) && path[tree.size()] == '/';
}

std::string_view parent_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

Status check_path(std::string_view path) {
  if (path.size() < 2 || path.size() > kRootfsPathLimit || path.front() != '/' || path.back() == '/')
    return malformed("path: not a clean absolute path");
  std::size_t depth = 0;
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view name = path.substr(at, end - at);
    if (name.empty() || name == "." || name == ".." || name.size() > kRootfsNameLimit)
      return malformed("path: a name in it is empty, a dot name or too long");
    if (++depth > kRootfsDepthLimit) return fail(ErrorCode::kLimit, "path: too many directories deep");
    at = end + 1;
  }
  if (path.find('\0') != std::string_view::npos) return malformed("path: holds a NUL");
  return {};
}

Status check_entry(const RootfsEntry& entry) {
  BRUME_TRY(check_path(entry.path));
  const bool file = entry.type == EntryType::kFile;
  const bool link = entry.type == EntryType::kSymlink;
  if (!file && !link && entry.type != EntryType::kDirectory) return malformed("type: not known");
  if ((entry.mode & ~07777u) != 0) return malformed("mode: bits outside 07777");
  if (link && entry.mode != kSymlinkMode) return malformed("mode: a symlink's is 0777");
  if (!file && (entry.size != 0 || entry.content != Sha256Digest{})) return malformed("content: only files have one");
  if (entry.size > kRootfsSizeLimit) return fail(ErrorCode::kLimit, "size: over the limit of an image");
  if (link == entry.target.empty()) return malformed("target: symlinks have one, nothing else does");
  if (entry.target.size() > kRootfsPathLimit || entry.target.find('\0') != std::string::npos)
    return malformed("target: too long or holds a NUL");
  return {};
}

bool path_less(const RootfsEntry& a, const RootfsEntry& b) { return a.path < b.path; }

// Entries are sorted. A parent sorts before its children, but not always right before them.
Status check_tree(const std::vector<RootfsEntry>& entries) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    BRUME_TRY(check_entry(entries[i]));
    if (i > 0 && entries[i].path == entries[i - 1].path) return malformed("path: stands twice");
    total += entries[i].size;  // cannot overflow: 2^17 entries of at most 2^32
    if (total > kRootfsSizeLimit) return fail(ErrorCode::kLimit, "size: over the limit of an image");
    const std::string_view parent = parent_of(entries[i].path);
    if (parent.empty()) continue;
    const auto found = std::lower_bound(entries.begin(), entries.end(), parent,
                                        [](const RootfsEntry& e, std::string_view p) { return e.path < p; });
    if (found == entries.end() || found->path != parent || found->type != EntryType::kDirectory)
      return malformed("path: its parent is not a directory in the list");
  }
  return {};
}

Bytes write_entries(const std::vector<RootfsEntry>& entries) {
  Writer out;
  out.text(kDomain).u32le(static_cast<std::uint32_t>(entries.size()));
  for (const RootfsEntry& entry : entries) {
    out.u8(static_cast<std::uint8_t>(entry.type)).text(entry.path).u32le(entry.mode);
    out.u32le(entry.uid).u32le(entry.gid).u64le(entry.size).raw(entry.content.view()).text(entry.target);
  }
  return out.take();
}

}  // namespace

bool is_mount_point_of_engine(std::string_view path) {
  for (std::string_view tree : kExcludedTrees)
    if (path == tree || is_below(path, tree)) return true;
  return std::ranges::find(kExcludedFiles, path) != kExcludedFiles.end();
}

bool is_excluded(const RootfsEntry& entry) {
  for (std::string_view tree : kExcludedTrees) {
    if (entry.path == tree) return entry.type == EntryType::kDirectory;
    if (is_below(entry.path, tree)) return true;
  }
  if (std::ranges::find(kExcludedFiles, entry.path) != kExcludedFiles.end()) return entry.type == EntryType::kFile;
  if (entry.path == "/etc/mtab")
    return entry.type == EntryType::kSymlink && (entry.target == "/proc/mounts" || entry.target == "../proc/mounts");
  if (entry.path == "/.dockerenv") return entry.type == EntryType::kFile && entry.size == 0;
  return false;
}

Result<Bytes> encode_entries(std::vector<RootfsEntry> entries) {
  if (entries.size() > kRootfsEntryLimit) return fail(ErrorCode::kLimit, "root file system: too many entries");
  std::ranges::sort(entries, path_less);
  // Checked before anything is dropped: a symlink at /run may not have entries below it.
  BRUME_TRY(check_tree(entries));
  std::erase_if(entries, is_excluded);
  Bytes encoded = write_entries(entries);
  if (encoded.size() > kEncodedLimit) return fail(ErrorCode::kLimit, "root file system: names too long in total");
  return encoded;
}

Result<ImageDigest> digest_entries(std::vector<RootfsEntry> entries) {
  BRUME_ASSIGN(const Bytes encoded, encode_entries(std::move(entries)));
  return ImageDigest{crypto::sha256(encoded).bytes};
}

Result<std::vector<RootfsEntry>> parse_entries(ByteView encoded) {
  if (encoded.size() > kEncodedLimit) return fail(ErrorCode::kLimit, "root file system list: too long");
  Reader reader(encoded);
  if (reader.text(kDomain.size()) != kDomain) return malformed("root file system list: domain is not brume-rootfs/1");
  const std::uint32_t count = reader.count(kRootfsEntryLimit, kLeastEntrySize);
  std::vector<RootfsEntry> entries;
  entries.reserve(count);
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    RootfsEntry entry;
    entry.type = static_cast<EntryType>(reader.u8());
    entry.path = reader.text(kRootfsPathLimit);
    entry.mode = reader.u32le();
    entry.uid = reader.u32le();
    entry.gid = reader.u32le();
    entry.size = reader.u64le();
    entry.content.bytes = reader.array<32>();
    entry.target = reader.text(kRootfsPathLimit);
    if (reader.ok() && is_excluded(entry)) return malformed("root file system list: holds an excluded path");
    if (!entries.empty() && entry.path <= entries.back().path) return malformed("root file system list: not sorted");
    entries.push_back(std::move(entry));
  }
  BRUME_TRY(reader.done("root file system list"));
  BRUME_TRY(check_tree(entries));
  return entries;
}

}  // namespace brume::measure

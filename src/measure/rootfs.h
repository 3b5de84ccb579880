// The image digest: one hash over a container's whole root file system, so that any changed byte,
// mode, owner, name or link in the image gives another digest (docs/formats/image-digest.md).
// The same code serves the image build (from a list) and the platform (from a live mount).
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>

#include "base/ids.h"
#include "measure/elf_layout.h"
#include "measure/sigstruct.h"

namespace brume::measure {

enum class EntryType : std::uint8_t { kDirectory = 1, kFile = 2, kSymlink = 3 };

// One name in the tree, as the container sees it. Hard links are files of their own.
struct RootfsEntry {
  std::string path;  // absolute, no trailing slash, bytes as in the file system; "/" itself is no entry
  EntryType type = EntryType::kFile;
  std::uint32_t mode = 0;  // permission bits & 07777; for symlinks taken as 0777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;  // files only, bytes
  Sha256Digest content;    // files only
  std::string target;      // symlinks only
  friend bool operator==(const RootfsEntry&, const RootfsEntry&) = default;
};

// What one image may hold. Far above any image of ours, low enough to bound one measurement.
inline constexpr std::size_t kRootfsEntryLimit = 100'000;
inline constexpr std::uint64_t kRootfsSizeLimit = 4ull << 30;
inline constexpr std::size_t kRootfsPathLimit = 4096;
inline constexpr std::size_t kRootfsNameLimit = 255;
inline constexpr std::size_t kRootfsDepthLimit = 64;

inline constexpr std::string_view kNodePath = "/brume-node";
inline constexpr std::string_view kProgramPath = "/enclave/program";
inline constexpr std::string_view kSigstructPath = "/enclave/sigstruct";

// Names that engines make or mount over: they do not count. Directories /dev /proc /sys /tmp /run
// /var/lib/brume with all below; regular files /etc/hosts /etc/hostname /etc/resolv.conf; the
// symlink /etc/mtab to /proc/mounts or ../proc/mounts; the empty regular file /.dockerenv.
// An entry of another type at such a path does count.
bool is_excluded(const RootfsEntry& entry);
// The path is one of those directories or files, or below one of those directories.
bool is_mount_point_of_engine(std::string_view path);

// The bytes that digest_entries hashes. Refuses what digest_entries refuses.
Result<Bytes> encode_entries(std::vector<RootfsEntry> entries);
// Drops excluded entries, sorts by path bytewise, hashes. Refuses relative or unclean paths, paths
// twice, entries whose parent is not a directory entry, bits outside their type's fields, limits.
Result<ImageDigest> digest_entries(std::vector<RootfsEntry> entries);
// Inverse of encode_entries: sorted and clean, or refused; re-encodes to the same bytes.
Result<std::vector<RootfsEntry>> parse_entries(ByteView encoded);

struct RootfsOptions {
  // Owner on the host -> owner in the container; nothing where the container has no such owner
  // (refused). Empty: the same numbers.
  std::function<std::optional<std::uint32_t>(std::uint32_t)> map_uid;
  std::function<std::optional<std::uint32_t>(std::uint32_t)> map_gid;
  std::optional<std::chrono::steady_clock::time_point> deadline;
  const std::atomic<bool>* cancelled = nullptr;  // looked at between pieces of a file
};

// A file's identity on this host while it is open or mapped.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

struct RootfsDigest {
  ImageDigest digest;
  std::vector<RootfsEntry> entries;  // what counted, sorted by path
  Bytes program;                     // the very bytes of /enclave/program that were hashed; empty if absent
  Bytes sigstruct;                   // the same for /enclave/sigstruct
  std::optional<FileIdentity> node;  // /brume-node
};

// Measures the tree below an open directory. Each name is resolved once (openat2 beneath the root,
// no symlinks, no mount crossing), each file is read once, through the descriptor whose type and
// owner were looked at; so a tree that changes meanwhile gives an error or the digest of bytes that
// were there, and never those of a file elsewhere. Refused by name: devices, fifos, sockets,
// extended attributes other than security.selinux, and every mount inside the tree that does not
// stand at an engine's mount point. Needs Linux 5.8 (STATX_MNT_ID) and /proc.
Result<RootfsDigest> measure_rootfs(int root_dirfd, const RootfsOptions& options = {});

}  // namespace brume::measure

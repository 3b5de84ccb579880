#include "image/layer_tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

namespace brume::image {

namespace {

struct ArchiveFree {
  void operator()(archive* a) const { archive_free(a); }
};
struct EntryFree {
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};
using Archive = std::unique_ptr<archive, ArchiveFree>;
using Entry = std::unique_ptr<archive_entry, EntryFree>;

la_ssize_t append_block(archive*, void* sink, const void* data, std::size_t size) {
  append(*static_cast<Bytes*>(sink), {static_cast<const std::uint8_t*>(data), size});
  return static_cast<la_ssize_t>(size);
}

std::unexpected<Error> archive_error(std::string what, archive* a) {
  const char* text = archive_error_string(a);
  return malformed(what + (text != nullptr ? std::string(": ") + text : std::string()));
}

void describe(archive_entry* entry, const std::string& path, const ImageFile& file) {
  archive_entry_set_pathname(entry, path.c_str());
  archive_entry_set_perm(entry, static_cast<__LA_MODE_T>(file.mode));
  archive_entry_set_uid(entry, 0);
  archive_entry_set_gid(entry, 0);
  archive_entry_set_mtime(entry, 0, 0);
  archive_entry_set_size(entry, 0);
  switch (file.kind) {
    case FileKind::kRegular:
      archive_entry_set_filetype(entry, AE_IFREG);
      archive_entry_set_size(entry, static_cast<la_int64_t>(file.content.size()));
      break;
    case FileKind::kDirectory:
      archive_entry_set_filetype(entry, AE_IFDIR);
      break;
    case FileKind::kSymlink:
      archive_entry_set_filetype(entry, AE_IFLNK);
      archive_entry_set_symlink(entry, file.target.c_str());
      break;
  }
}

// Layer paths are relative, have no empty, "." or ".." component, and no trailing slash once cleaned.
Result<std::string> clean_path(const char* raw) {
  if (raw == nullptr) return malformed("layer: an entry without a path");
  std::string path = raw;
  if (path.starts_with("./")) path.erase(0, 2);
  while (path.ends_with('/')) path.pop_back();
  if (path.empty() || path == ".") return std::string();
  for (std::size_t begin = 0; begin <= path.size();) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    std::string_view part = std::string_view(path).substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return malformed("layer: a path that leaves the root");
    begin = end + 1;
  }
  return path;
}

// `room`: what is left of the layer's own size. A sparse file says that it is larger than what it takes.
Result<Bytes> read_content(archive* a, std::uint64_t size, std::uint64_t& room) {
  if (size > room) return fail(ErrorCode::kLimit, "layer: its files are larger than itself; sparse files are not read");
  room -= size;
  Bytes content(size);
  std::size_t have = 0;
  while (have < content.size()) {
    la_ssize_t n = archive_read_data(a, content.data() + have, content.size() - have);
    if (n <= 0) return archive_error("layer: file content is cut", a);
    have += static_cast<std::size_t>(n);
  }
  return content;
}

Result<ImageFile> read_entry(archive* a, archive_entry* entry, std::uint64_t& room) {
  if (archive_entry_uid(entry) != 0 || archive_entry_gid(entry) != 0)
    return malformed("layer: an entry is not owned by 0:0");
  ImageFile file;
  file.mode = static_cast<std::uint32_t>(archive_entry_perm(entry));
  if (archive_entry_hardlink(entry) != nullptr) return fail(ErrorCode::kUnsupported, "layer: hard links");
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG: {
      BRUME_ASSIGN(file.content, read_content(a, static_cast<std::uint64_t>(archive_entry_size(entry)), room));
      break;
    }
    case AE_IFDIR:
      file.kind = FileKind::kDirectory;
      break;
    case AE_IFLNK:
      file.kind = FileKind::kSymlink;
      file.target = archive_entry_symlink(entry);
      break;
    default:
      return fail(ErrorCode::kUnsupported, "layer: an entry that is no file, directory or symbolic link");
  }
  return file;
}

}  // namespace

Result<Bytes> write_layer_tar(const ImageFiles& files) {
  Bytes out;
  Archive a(archive_write_new());
  archive_write_set_format_ustar(a.get());
  archive_write_add_filter_none(a.get());
  archive_write_set_bytes_in_last_block(a.get(), 1);
  if (archive_write_open(a.get(), &out, nullptr, append_block, nullptr) != ARCHIVE_OK)
    return archive_error("layer", a.get());
  for (const auto& [path, file] : files) {
    Entry entry(archive_entry_new());
    describe(entry.get(), path, file);
    if (archive_write_header(a.get(), entry.get()) != ARCHIVE_OK) return archive_error("layer: " + path, a.get());
    if (!file.content.empty() && archive_write_data(a.get(), file.content.data(), file.content.size()) !=
                                     static_cast<la_ssize_t>(file.content.size()))
      return archive_error("layer: " + path, a.get());
  }
  if (archive_write_close(a.get()) != ARCHIVE_OK) return archive_error("layer", a.get());
  return out;
}

Result<ImageFiles> read_layer_tar(ByteView tar) {
  Archive a(archive_read_new());
  archive_read_support_format_tar(a.get());
  archive_read_support_filter_none(a.get());
  if (archive_read_open_memory(a.get(), tar.data(), tar.size()) != ARCHIVE_OK) return archive_error("layer", a.get());
  ImageFiles files;
  std::uint64_t room = tar.size();
  for (archive_entry* entry = nullptr;;) {
    int status = archive_read_next_header(a.get(), &entry);
    if (status == ARCHIVE_EOF) return files;
    if (status != ARCHIVE_OK) return archive_error("layer", a.get());
    if (files.size() >= kImageFileLimit) return fail(ErrorCode::kLimit, "layer: too many files");
    BRUME_ASSIGN(std::string path, clean_path(archive_entry_pathname(entry)));
    BRUME_ASSIGN(ImageFile file, read_entry(a.get(), entry, room));
    if (path.empty()) continue;
    if (!files.emplace(path, std::move(file)).second) return malformed("layer: a path stands twice");
  }
}

}  // namespace brume::image

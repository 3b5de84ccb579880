// A reproducible OCI image layout with one layer (OCI Image Format 1.0: image-layout, manifest,
// config, layer). The same files give the same bytes, whenever and wherever they are written.
#pragma once

#include <filesystem>
#include <map>

#include "base/ids.h"
#include "base/result.h"

namespace brume::image {

enum class FileKind { kRegular, kDirectory, kSymlink };

// One path of the root file system. Owner is always 0:0, time is always 0.
struct ImageFile {
  FileKind kind = FileKind::kRegular;
  std::uint32_t mode = 0;  // permission bits, 07777
  Bytes content;           // regular files
  std::string target;      // symbolic links
};
// Keyed by path without a leading slash ("enclave/program"); std::map orders bytewise, so parents come first.
using ImageFiles = std::map<std::string, ImageFile>;

struct ImageSettings {
  std::vector<std::string> entrypoint;
  std::map<std::string, std::string> labels;
};

struct OciImage {
  ImageFiles files;
  ImageSettings settings;
  Sha256Digest manifest_digest;  // what engines call the image's digest
};

inline constexpr std::uint64_t kImageSizeLimit = std::uint64_t{1} << 30;  // an image is read into memory whole
inline constexpr std::size_t kImageFileLimit = 100'000;

// Writes the layout into `dir`, which must not exist yet or be empty: it is built beside it and moved
// into place, so a failure leaves nothing. Answers the manifest digest.
Result<Sha256Digest> write_oci_layout(const std::filesystem::path& dir, const ImageFiles& files,
                                      const ImageSettings& settings);

// Reads a layout as written above; every blob is checked against its digest. Refuses other layer
// counts and media types, paths that leave the root, devices, and owners other than 0:0.
Result<OciImage> read_oci_layout(const std::filesystem::path& dir);

}  // namespace brume::image

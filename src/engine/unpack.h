// An image's files as a folder, for nodes that run without a container engine.
#pragma once

#include <filesystem>

#include "image/oci_layout.h"

namespace brume::engine {

// Makes `root`, which must not exist, with exactly these files, modes and links, owned by this process's user (root
// where the engine is used). Every name is created relative to its parent's descriptor and never through a
// link, so nothing is written outside `root`. On error `root` is removed.
Status unpack_image(const image::ImageFiles& files, const std::filesystem::path& root);

}  // namespace brume::engine

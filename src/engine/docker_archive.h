// An image as `docker save` writes it: what both podman and docker load, also where docker is too old for OCI layouts.
#pragma once

#include <filesystem>

#include "image/oci_layout.h"

namespace brume::engine {

// Writes the archive with one tag. The layer is byte for byte the layout's.
Status write_docker_archive(const image::OciImage& image, const std::string& tag, const std::filesystem::path& path);

}  // namespace brume::engine

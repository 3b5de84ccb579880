// Which file, and which page of the enclave program, differs between two images.
#pragma once

#include "image/oci_layout.h"

namespace brume::image {

struct Difference {
  std::string path;  // with a leading slash
  std::string what;  // for people: "mode 0755, was 0644"; "page 3 (offset 0x3000, code)"
};

inline constexpr std::size_t kDifferencesLimit = 1000;

// In order of path; at most kDifferencesLimit of them.
std::vector<Difference> diff_images(const ImageFiles& before, const ImageFiles& after);

}  // namespace brume::image

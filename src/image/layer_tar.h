// The image's one layer as an uncompressed ustar archive, byte for byte reproducible.
#pragma once

#include "image/oci_layout.h"

namespace brume::image {

Result<Bytes> write_layer_tar(const ImageFiles& files);
Result<ImageFiles> read_layer_tar(ByteView tar);

}  // namespace brume::image

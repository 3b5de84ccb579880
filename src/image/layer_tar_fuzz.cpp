// Property: a layer that is read is written again as one that reads the same.
#include "image/layer_tar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  auto files = image::read_layer_tar({data, size});
  if (!files) return 0;
  auto tar = image::write_layer_tar(*files);
  if (!tar) return 0;  // names that ustar cannot hold
  auto again = image::read_layer_tar(*tar);
  if (!again || again->size() != files->size()) __builtin_trap();
  for (const auto& [path, file] : *files)
    if (!again->contains(path) || again->at(path).content != file.content) __builtin_trap();
  return 0;
}

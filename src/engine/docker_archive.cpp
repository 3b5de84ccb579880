#include "engine/docker_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <nlohmann/json.hpp>

#include "crypto/hash.h"
#include "image/layer_tar.h"

namespace brume::engine {
namespace {

using Json = nlohmann::json;

Status add_file(archive* out, const std::string& name, ByteView content) {
  const std::unique_ptr<archive_entry, decltype(&::archive_entry_free)> entry(::archive_entry_new(),
                                                                              &::archive_entry_free);
  ::archive_entry_set_pathname(entry.get(), name.c_str());
  ::archive_entry_set_filetype(entry.get(), AE_IFREG);
  ::archive_entry_set_perm(entry.get(), 0644);
  ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  ::archive_entry_set_mtime(entry.get(), 0, 0);
  if (::archive_write_header(out, entry.get()) != ARCHIVE_OK ||
      ::archive_write_data(out, content.data(), content.size()) != static_cast<la_ssize_t>(content.size())) {
    return fail(ErrorCode::kIo, "docker archive: could not be written");
  }
  return {};
}

Status write_entries(archive* out, const image::OciImage& image, const std::string& tag) {
  BRUME_ASSIGN(const Bytes layer, image::write_layer_tar(image.files));
  const std::string layer_hex = crypto::sha256(layer).hex();
  const Json config = {{"architecture", "amd64"},
                       {"os", "linux"},
                       {"created", "1970-01-01T00:00:00Z"},
                       {"config", {{"Entrypoint", image.settings.entrypoint}, {"Labels", image.settings.labels}}},
                       {"history", Json::array({Json{{"created", "1970-01-01T00:00:00Z"}}})},
                       {"rootfs", {{"type", "layers"}, {"diff_ids", {"sha256:" + layer_hex}}}}};
  const std::string config_text = config.dump();
  const std::string config_name = crypto::sha256(as_bytes(config_text)).hex() + ".json";
  const Json manifest =
      Json::array({Json{{"Config", config_name}, {"RepoTags", {tag}}, {"Layers", {layer_hex + ".tar"}}}});
  BRUME_TRY(add_file(out, config_name, as_bytes(config_text)));
  BRUME_TRY(add_file(out, layer_hex + ".tar", layer));
  return add_file(out, "manifest.json", as_bytes(manifest.dump()));
}

}  // namespace

Status write_docker_archive(const image::OciImage& image, const std::string& tag, const std::filesystem::path& path) {
  const std::unique_ptr<archive, decltype(&::archive_write_free)> out(::archive_write_new(), &::archive_write_free);
  ::archive_write_set_format_ustar(out.get());
  if (::archive_write_open_filename(out.get(), path.c_str()) != ARCHIVE_OK) {
    return fail(ErrorCode::kIo, path.string() + ": could not be written");
  }
  BRUME_TRY(write_entries(out.get(), image, tag));
  if (::archive_write_close(out.get()) != ARCHIVE_OK)
    return fail(ErrorCode::kIo, path.string() + ": could not be closed");
  return {};
}

}  // namespace brume::engine

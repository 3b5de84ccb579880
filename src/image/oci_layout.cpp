#include "image/oci_layout.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "crypto/hash.h"
#include "image/layer_tar.h"

namespace brume::image {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr const char* kLayerType = "application/vnd.oci.image.layer.v1.tar";

Status write_file(const fs::path& path, ByteView content) {
  std::ofstream out(path, std::ios::binary);
  out.write(as_chars(content).data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) return fail(ErrorCode::kIo, path.string() + ": could not be written");
  return {};
}

Result<Bytes> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return fail(ErrorCode::kNotFound, path.string() + ": could not be opened; is this an OCI image layout?");
  auto size = static_cast<std::uint64_t>(in.tellg());
  if (size > kImageSizeLimit) return fail(ErrorCode::kLimit, path.string() + ": over the image size limit");
  Bytes content(size);
  in.seekg(0);
  in.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(size));
  if (!in) return fail(ErrorCode::kIo, path.string() + ": could not be read");
  return content;
}

std::string digest_name(ByteView content) { return "sha256:" + crypto::sha256(content).hex(); }

Result<json> write_blob(const fs::path& dir, const char* type, ByteView content) {
  std::string digest = digest_name(content);
  BRUME_TRY(write_file(dir / "blobs" / "sha256" / digest.substr(7), content));
  return json{{"mediaType", type}, {"digest", digest}, {"size", content.size()}};
}

Result<json> parse_json(ByteView content, std::string_view what) {
  json value = json::parse(content.begin(), content.end(), nullptr, false);
  if (value.is_discarded() || !value.is_object()) return malformed(std::string(what) + ": no JSON object");
  return value;
}

// A descriptor's blob, checked against its digest and type.
Result<Bytes> read_blob(const fs::path& dir, const json& descriptor, const char* type) {
  if (!descriptor.is_object() || descriptor.value("mediaType", "") != type)
    return fail(ErrorCode::kUnsupported, std::string("layout: expected a descriptor of type ") + type);
  std::string digest = descriptor.value("digest", "");
  auto parsed = digest.starts_with("sha256:") ? Sha256Digest::parse_hex(std::string_view(digest).substr(7))
                                              : Result<Sha256Digest>(malformed("layout: digest is no sha256"));
  if (!parsed) return within("layout: blob digest", parsed.error());
  BRUME_ASSIGN(Bytes content, read_file(dir / "blobs" / "sha256" / parsed->hex()));
  if (crypto::sha256(content) != *parsed)
    return fail(ErrorCode::kAuthFailed, "layout: blob " + digest + " does not have its digest");
  return content;
}

Result<Sha256Digest> write_layout_files(const fs::path& dir, const ImageFiles& files, const ImageSettings& settings) {
  BRUME_ASSIGN(Bytes layer, write_layer_tar(files));
  BRUME_ASSIGN(json layer_descriptor, write_blob(dir, kLayerType, layer));
  json config{{"architecture", "amd64"},
              {"os", "linux"},
              {"config", {{"Entrypoint", settings.entrypoint}, {"Labels", settings.labels}}},
              {"rootfs", {{"type", "layers"}, {"diff_ids", {digest_name(layer)}}}}};
  BRUME_ASSIGN(json config_descriptor, write_blob(dir, kConfigType, as_bytes(config.dump())));
  json manifest{{"schemaVersion", 2},
                {"mediaType", kManifestType},
                {"config", config_descriptor},
                {"layers", json::array({layer_descriptor})}};
  std::string manifest_text = manifest.dump();
  BRUME_ASSIGN(json manifest_descriptor, write_blob(dir, kManifestType, as_bytes(manifest_text)));
  json index{{"schemaVersion", 2},
             {"mediaType", "application/vnd.oci.image.index.v1+json"},
             {"manifests", json::array({manifest_descriptor})}};
  BRUME_TRY(write_file(dir / "index.json", as_bytes(index.dump())));
  BRUME_TRY(write_file(dir / "oci-layout", as_bytes(R"({"imageLayoutVersion":"1.0.0"})")));
  return crypto::sha256(as_bytes(manifest_text));
}

Result<OciImage> read_layout_files(const fs::path& dir) {
  BRUME_ASSIGN(Bytes index_bytes, read_file(dir / "index.json"));
  BRUME_ASSIGN(json index, parse_json(index_bytes, "index.json"));
  json manifests = index.value("manifests", json::array());
  if (!manifests.is_array() || manifests.size() != 1)
    return fail(ErrorCode::kUnsupported, "index.json: expected exactly one manifest");
  BRUME_ASSIGN(Bytes manifest_bytes, read_blob(dir, manifests[0], kManifestType));
  BRUME_ASSIGN(json manifest, parse_json(manifest_bytes, "manifest"));
  json layers = manifest.value("layers", json::array());
  if (!layers.is_array() || layers.size() != 1)
    return fail(ErrorCode::kUnsupported, "manifest: expected exactly one layer");
  BRUME_ASSIGN(Bytes config_bytes, read_blob(dir, manifest.value("config", json::object()), kConfigType));
  BRUME_ASSIGN(json config, parse_json(config_bytes, "image config"));
  BRUME_ASSIGN(Bytes layer, read_blob(dir, layers[0], kLayerType));
  OciImage image;
  image.manifest_digest = crypto::sha256(manifest_bytes);
  BRUME_ASSIGN(image.files, read_layer_tar(layer));
  json settings = config.value("config", json::object());
  image.settings.entrypoint = settings.value("Entrypoint", std::vector<std::string>{});
  image.settings.labels = settings.value("Labels", std::map<std::string, std::string>{});
  return image;
}

}  // namespace

Result<Sha256Digest> write_oci_layout(const fs::path& dir, const ImageFiles& files, const ImageSettings& settings) {
  std::error_code error;
  if (fs::exists(dir, error) && !fs::is_empty(dir, error))
    return fail(ErrorCode::kUsage, dir.string() + ": exists and is not empty; name a new folder or remove it first");
  fs::path building = dir;
  building += ".building";
  fs::remove_all(building, error);
  fs::create_directories(building / "blobs" / "sha256", error);
  if (error) return fail(ErrorCode::kIo, building.string() + ": " + error.message());
  auto digest = write_layout_files(building, files, settings);
  if (digest) {
    fs::remove(dir, error);
    fs::rename(building, dir, error);
    if (error) digest = fail(ErrorCode::kIo, dir.string() + ": " + error.message());
  }
  if (!digest) fs::remove_all(building, error);
  return digest;
}

Result<OciImage> read_oci_layout(const fs::path& dir) {
  try {
    return read_layout_files(dir);
  } catch (const json::exception&) {
    return malformed(dir.string() + ": a field of the layout's JSON has the wrong type");
  }
}

}  // namespace brume::image

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "image/layer_tar.h"
#include "image/oci_layout.h"

namespace brume::image {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/brume-image-XXXXXX";
    path_ = mkdtemp(pattern);
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

ImageFiles sample_files() {
  ImageFiles files;
  files["enclave"] = {FileKind::kDirectory, 0755, {}, {}};
  files["enclave/program"] = {FileKind::kRegular, 0755, Bytes(100'000, 7), {}};
  files["link"] = {FileKind::kSymlink, 0777, {}, "enclave/program"};
  return files;
}

TEST(OciLayout, RoundTrips) {
  Folder folder;
  auto digest = write_oci_layout(folder / "image", sample_files(), {{"/brume-node"}, {{"a", "b"}}});
  ASSERT_TRUE(digest) << digest.error().what;
  auto image = read_oci_layout(folder / "image");
  ASSERT_TRUE(image) << image.error().what;
  EXPECT_EQ(image->manifest_digest, *digest);
  EXPECT_EQ(image->files.size(), 3u);
  EXPECT_EQ(image->files["enclave/program"].content, Bytes(100'000, 7));
  EXPECT_EQ(image->files["link"].target, "enclave/program");
  EXPECT_EQ(image->settings.entrypoint, std::vector<std::string>{"/brume-node"});
}

TEST(OciLayout, GivesTheSameBytesInAnotherFolder) {
  Folder folder;
  auto first = write_oci_layout(folder / "one", sample_files(), {});
  auto second = write_oci_layout(folder / "two", sample_files(), {});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
}

TEST(OciLayout, RefusesAFlippedBlob) {
  Folder folder;
  ASSERT_TRUE(write_oci_layout(folder / "image", sample_files(), {}));
  for (const auto& entry : fs::directory_iterator(folder / "image/blobs/sha256")) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    char byte = 0;
    file.read(&byte, 1);
    file.seekp(0);
    file.put(static_cast<char>(byte ^ 1));
    file.close();
    auto image = read_oci_layout(folder / "image");
    EXPECT_FALSE(image);
    file.open(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.put(byte);
  }
  EXPECT_TRUE(read_oci_layout(folder / "image"));
}

TEST(OciLayout, RefusesAFolderThatIsNotEmpty) {
  Folder folder;
  fs::create_directories(folder / "image/x");
  EXPECT_FALSE(write_oci_layout(folder / "image", sample_files(), {}));
}

TEST(OciLayout, RefusesIndexWithWrongTypes) {
  Folder folder;
  ASSERT_TRUE(write_oci_layout(folder / "image", sample_files(), {}));
  std::ofstream(folder / "image/index.json") << R"({"manifests":[{"mediaType":5}]})";
  EXPECT_FALSE(read_oci_layout(folder / "image"));
}

TEST(LayerTar, RefusesEveryTruncationInsideContent) {
  auto tar = write_layer_tar(sample_files());
  ASSERT_TRUE(tar);
  for (std::size_t size : {std::size_t{1}, std::size_t{511}, std::size_t{1025}, std::size_t{50'000}})
    EXPECT_FALSE(read_layer_tar(ByteView(*tar).first(size))) << size;
}

// GNU's sparse files: a header of 512 bytes may speak of a gigabyte, and so may the next.
TEST(LayerTar, RefusesFilesThatAreLargerThanTheLayer) {
  Bytes tar(512 * 4);
  const auto put = [&](std::size_t at, std::string_view text) {
    std::memcpy(tar.data() + at, text.data(), text.size());
  };
  put(0, "large");
  for (const std::size_t at : {100, 108, 116}) put(at, "0000000");
  put(124, "00000001000");
  put(136, "00000000000");
  put(148, "        S");
  put(257, "ustar  ");
  put(386, "07777777000");  // 512 bytes at the end of a gigabyte
  put(398, "00000001000");
  put(483, "10000000000");
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += tar[i];
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  put(148, std::string_view(text, 6));
  const auto files = read_layer_tar(tar);
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, ErrorCode::kLimit) << files.error().what;
}

}  // namespace
}  // namespace brume::image

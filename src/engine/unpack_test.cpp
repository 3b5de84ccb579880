#include "engine/unpack.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "engine/docker_archive.h"
#include "image/layer_tar.h"

namespace brume::engine {
namespace {

namespace fs = std::filesystem;
using image::FileKind;
using image::ImageFile;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "brume-unpack-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

ImageFile regular(std::uint32_t mode, std::string_view text) {
  return {FileKind::kRegular, mode, to_bytes(as_bytes(text)), ""};
}
ImageFile folder(std::uint32_t mode) { return {FileKind::kDirectory, mode, {}, ""}; }
ImageFile link_to(std::string target) { return {FileKind::kSymlink, 0777, {}, std::move(target)}; }

TEST(Unpack, MakesFilesWithTheirModesWhateverTheUmask) {
  const Folder where;
  const mode_t umask_before = ::umask(0077);
  const image::ImageFiles files = {{"bin", folder(0555)},
                                   {"bin/tool", regular(0755, "tool")},
                                   {"data", folder(01777)},
                                   {"data/empty", regular(0644, "")},
                                   {"link", link_to("/etc/passwd")}};
  const Status done = unpack_image(files, where.path / "root");
  ::umask(umask_before);
  ASSERT_TRUE(done) << done.error().what;
  struct stat about{};
  ASSERT_EQ(::stat((where.path / "root/bin").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0555u);
  ASSERT_EQ(::stat((where.path / "root/data").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 01777u);
  ASSERT_EQ(::stat((where.path / "root/bin/tool").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0755u);
  EXPECT_EQ(about.st_size, 4);
  EXPECT_EQ(fs::read_symlink(where.path / "root/link"), "/etc/passwd");
}

TEST(Unpack, NeverLeavesItsFolder) {
  const Folder where;
  fs::create_directory(where.path / "outside");
  const image::ImageFiles hostile[] = {
      {{"..", folder(0755)}, {"../outside/file", regular(0644, "x")}},
      {{"../outside/file", regular(0644, "x")}},
      {{"a", link_to("../outside")}, {"a/file", regular(0644, "x")}},
      {{"a", link_to((where.path / "outside").string())}, {"a/file", regular(0644, "x")}},
      {{"", regular(0644, "x")}},
      {{"/outside/file", regular(0644, "x")}},
      {{"a//b", regular(0644, "x")}},
      {{"a/./b", regular(0644, "x")}},
      {{"missing/file", regular(0644, "x")}},
  };
  for (const auto& files : hostile) {
    EXPECT_FALSE(unpack_image(files, where.path / "root")) << files.begin()->first;
    EXPECT_FALSE(fs::exists(where.path / "root")) << "half an image stays";
  }
  EXPECT_TRUE(fs::is_empty(where.path / "outside"));
}

TEST(Unpack, DoesNotTakeAFolderThatIsThere) {
  const Folder where;
  fs::create_directory(where.path / "root");
  std::ofstream(where.path / "root/mine") << "mine";
  EXPECT_FALSE(unpack_image({{"a", regular(0644, "x")}}, where.path / "root"));
  EXPECT_TRUE(fs::exists(where.path / "root/mine"));
}

// A tar header by hand: what no honest writer makes.
Bytes tar_with(std::string_view name, char type, std::string_view target) {
  Bytes block(512 * 3);
  const auto put = [&](std::size_t at, std::string_view text) {
    std::memcpy(block.data() + at, text.data(), text.size());
  };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, "00000000000");
  put(136, "00000000000");
  put(148, "        ");
  block[156] = static_cast<std::uint8_t>(type);
  put(157, target);
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += block[i];
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  put(148, std::string_view(text, 7));
  block[155] = ' ';
  return block;
}

TEST(Unpack, LayersWithEscapesAndDevicesDoNotEvenParse) {
  ASSERT_TRUE(image::read_layer_tar(tar_with("fine", '0', ""))) << "the header by hand is a good one";
  EXPECT_FALSE(image::read_layer_tar(tar_with("../escape", '0', "")));
  EXPECT_FALSE(image::read_layer_tar(tar_with("a/../../escape", '0', "")));
  EXPECT_FALSE(image::read_layer_tar(tar_with("device", '3', "")));
  EXPECT_FALSE(image::read_layer_tar(tar_with("block", '4', "")));
  EXPECT_FALSE(image::read_layer_tar(tar_with("fifo", '6', "")));
  EXPECT_FALSE(image::read_layer_tar(tar_with("hard", '1', "fine")));
}

}  // namespace
}  // namespace brume::engine

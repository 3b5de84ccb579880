#include "files/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/test_folder.h"
#include "files/input_file.h"

namespace brume::files {
namespace {

namespace fs = std::filesystem;

class AtomicFiles : public testing::WithFolder {
 protected:
  static std::string written(const std::string& path, std::string_view text, bool follow = true) {
    auto file = AtomicFile::create(path, {.force = true, .follow = follow});
    if (!file) return file.error().what;
    if (auto status = file->write(as_bytes(text)); !status) return status.error().what;
    if (auto status = file->commit(); !status) return status.error().what;
    return "done";
  }
};

TEST_F(AtomicFiles, ReplaceAFileWhoseNameIsAsLongAsCanBe) {
  const std::string path = folder_ / std::string(255, 'n');
  EXPECT_EQ(written(path, "one"), "done");
  EXPECT_EQ(written(path, "two"), "done");
  EXPECT_EQ(*read_small_file(path, 10), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "nothing is left beside it";
}

TEST_F(AtomicFiles, AreRefusedBeforeTheWorkWhereNoFileCanBe) {
  EXPECT_FALSE(AtomicFile::create(folder_ / std::string(256, 'n')));
  EXPECT_FALSE(AtomicFile::create(folder_ / "none/file"));
  std::ofstream(folder_ / "file") << "x";
  EXPECT_FALSE(AtomicFile::create(folder_ / "file/file"));
}

TEST_F(AtomicFiles, ReplaceWhatALinkLeadsToOrTheLink) {
  const fs::path file = folder_ / "file";
  const fs::path link = folder_ / "link";
  std::ofstream(file) << "before";
  fs::create_symlink("file", link);
  EXPECT_EQ(written(link, "there"), "done");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(*read_small_file(file, 10), "there");

  EXPECT_FALSE(AtomicFile::create(link, {.follow = false})) << "it is a file that exists";
  for (const char* target : {"file", "nowhere"}) {
    fs::remove(link);
    fs::create_symlink(target, link);
    EXPECT_EQ(written(link, "here", false), "done");
    EXPECT_FALSE(fs::is_symlink(link));
    EXPECT_EQ(*read_small_file(link, 10), "here");
  }
  EXPECT_EQ(*read_small_file(file, 10), "there");
  EXPECT_FALSE(fs::exists(folder_ / "nowhere"));
}

TEST_F(AtomicFiles, ReplaceAPipeThatIsNotToBeFollowed) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(AtomicFile::create(pipe, {.follow = false})) << "it is there";
  EXPECT_EQ(written(pipe, "here", false), "done");
  EXPECT_TRUE(fs::is_regular_file(pipe));
  EXPECT_EQ(*read_small_file(pipe, 10), "here");
}

TEST(LooksSealed, KnowsAgeFilesOfAnyVersionAndForm) {
  EXPECT_TRUE(looks_sealed("age-encryption.org/v1\n-> X25519"));
  EXPECT_TRUE(looks_sealed("age-encryption.org/v1\r\n"));
  EXPECT_TRUE(looks_sealed("age-encryption.org/v2\n"));
  EXPECT_TRUE(looks_sealed("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl"));
  EXPECT_FALSE(looks_sealed("age-encryption"));
  EXPECT_FALSE(looks_sealed("-----BEGIN CERTIFICATE-----"));
  EXPECT_FALSE(looks_sealed(""));
}

}  // namespace
}  // namespace brume::files

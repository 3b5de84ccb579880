#include "files/atomic_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/test_folder.h"
#include "files/input_file.h"

namespace brume::files {
namespace {

namespace fs = std::filesystem;

class AtomicFiles : public testing::WithFolder {
 protected:
  static std::string written(const std::string& path, std::string_view text) {
    auto file = AtomicFile::create(path, {.force = true});
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

// Files that are written beside what others may have put there before.
#include "master/result_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "crypto/random.h"
#include "master/home.h"

namespace brume::master {
namespace {

namespace fs = std::filesystem;

class PrivateFiles : public testing::Test {
 protected:
  PrivateFiles() {
    std::string name = (fs::temp_directory_path() / "brume-result-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~PrivateFiles() override { fs::remove_all(folder_); }

  // As another user would: everybody may read and write it, and it stays open.
  static UniqueFd make_before(const fs::path& path) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    EXPECT_EQ(::fchmod(file.get(), 0666), 0);
    return file;
  }
  static off_t size_of(const UniqueFd& file) {
    struct stat info{};
    EXPECT_EQ(::fstat(file.get(), &info), 0);
    return info.st_size;
  }
  static void expect_private(const fs::path& path, std::string_view content) {
    struct stat info{};
    ASSERT_EQ(::lstat(path.c_str(), &info), 0);
    EXPECT_TRUE(S_ISREG(info.st_mode));
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    EXPECT_EQ(read_text_file(path, 100).value_or("could not be read"), content);
  }

  fs::path folder_;
};

TEST_F(PrivateFiles, AResultIsNotWrittenToAFileThatWasThere) {
  const fs::path path = folder_ / "result.txt";
  const UniqueFd others = make_before(path);
  crypto::SystemRandom random;
  const auto result = ResultFile::create(path, "", random);
  ASSERT_TRUE(result.has_value()) << result.error().what;
  ASSERT_TRUE((*result)->write(as_bytes("the result")).has_value());
  ASSERT_TRUE((*result)->commit().has_value());
  EXPECT_EQ(size_of(others), 0);
  expect_private(path, "the result");
}

TEST_F(PrivateFiles, ASmallFileIsNotWrittenToOneThatWasThere) {
  const fs::path path = folder_ / "key.pem";
  const UniqueFd others = make_before(path);
  const auto status = write_private_file(path, "a key");
  ASSERT_TRUE(status.has_value()) << status.error().what;
  EXPECT_EQ(size_of(others), 0);
  expect_private(path, "a key");
}

TEST_F(PrivateFiles, ALinkIsReplacedAndLeadsNowhere) {
  const fs::path elsewhere = folder_ / "elsewhere";
  const UniqueFd others = make_before(elsewhere);
  const fs::path path = folder_ / "key.pem";
  fs::create_symlink(elsewhere, path);
  ASSERT_TRUE(write_private_file(path, "a key").has_value());
  EXPECT_EQ(size_of(others), 0);
  expect_private(path, "a key");
}

TEST_F(PrivateFiles, AFolderIsNoFile) {
  const fs::path path = folder_ / "taken";
  fs::create_directory(path);
  const auto status = write_private_file(path, "a key");
  ASSERT_FALSE(status.has_value());
  EXPECT_TRUE(status.error().what.contains("taken: is a folder; name a file")) << status.error().what;
}

TEST_F(PrivateFiles, WhatIsNotCommittedIsGone) {
  const fs::path path = folder_ / "result.txt";
  crypto::SystemRandom random;
  ASSERT_TRUE((*ResultFile::create(path, "", random))->write(Bytes(1 << 20, 'x')).has_value());
  EXPECT_TRUE(fs::is_empty(folder_));
}

// What is large is hashed by a thread of its own.
TEST_F(PrivateFiles, ADigestIsOfTheFilesBytes) {
  const fs::path path = folder_ / "result.txt";
  crypto::SystemRandom random;
  auto result = ResultFile::create(path, "", random);
  Bytes all;
  for (const std::size_t size : {std::size_t{3}, std::size_t{1} << 20, std::size_t{100'000}, std::size_t{3} << 20}) {
    const Bytes text(size, static_cast<std::uint8_t>('a' + size % 7));
    append(all, text);
    ASSERT_TRUE((*result)->write(text).has_value());
  }
  ASSERT_TRUE((*result)->commit().has_value());
  EXPECT_EQ((*result)->digest(), crypto::sha256(all));
  EXPECT_EQ((*result)->size(), all.size());
}

}  // namespace
}  // namespace brume::master

#include "master/copy_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "base/test_folder.h"

namespace brume::master {
namespace {

namespace fs = std::filesystem;

class CopyFolders : public testing::WithFolder {
 protected:
  void write_copy(const CopyFolder& folder) const { std::ofstream(folder.path() / "0.age") << "sealed"; }
  // A tool that ends without a word.
  void leave_one() const {
    const pid_t pid = ::fork();
    if (pid == 0) {
      auto folder = CopyFolder::create(folder_);
      if (folder) write_copy(*folder);
      ::_exit(0);
    }
    ::waitpid(pid, nullptr, 0);
  }
  std::ptrdiff_t count() const { return std::distance(fs::directory_iterator(folder_), fs::directory_iterator()); }
};

TEST_F(CopyFolders, GoWithTheirTool) {
  {
    auto folder = CopyFolder::create(folder_);
    ASSERT_TRUE(folder);
    write_copy(*folder);
    EXPECT_EQ(count(), 1);
  }
  EXPECT_EQ(count(), 0);
}

TEST_F(CopyFolders, OfAKilledToolAreRemovedByOthers) {
  leave_one();
  ASSERT_EQ(count(), 1);
  remove_left_copies(folder_);
  EXPECT_EQ(count(), 0);
  leave_one();
  auto folder = CopyFolder::create(folder_);
  ASSERT_TRUE(folder);
  EXPECT_EQ(count(), 1);
}

TEST_F(CopyFolders, OfALivingToolStay) {
  auto folder = CopyFolder::create(folder_);
  ASSERT_TRUE(folder);
  write_copy(*folder);
  std::ofstream(folder_ / "receipt") << "another thing";
  remove_left_copies(folder_);
  EXPECT_TRUE(fs::exists(folder->path() / "0.age"));
  EXPECT_EQ(count(), 2);
}

TEST_F(CopyFolders, NeedAFolderToStandIn) {
  const auto folder = CopyFolder::create(folder_ / "none");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::kIo);
  EXPECT_NE(folder.error().what.find((folder_ / "none").string()), std::string::npos);
}

}  // namespace
}  // namespace brume::master

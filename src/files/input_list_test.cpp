#include "files/input_list.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/test_folder.h"

namespace brume::files {
namespace {

namespace fs = std::filesystem;

class InputList : public testing::WithFolder {
 protected:
  InputList() {
    fs::create_directories(folder_ / "logs/2024");
    fs::create_directories(folder_ / "logs/.git");
    fs::create_directories(folder_ / "empty");
    for (const char* file : {"a.txt", "a=b", "logs/z", "logs/2024/b", "logs/2024/a", "logs/.hidden", "logs/.git/x"})
      std::ofstream(folder_ / file) << "x";
    fs::current_path(folder_);
  }
  ~InputList() override { fs::current_path("/"); }
  static std::string listed(const std::vector<std::string>& words, std::size_t limit = 100) {
    const auto list = list_inputs(words, limit);
    if (!list) return "error: " + list.error().what;
    std::string out;
    for (const NamedPath& input : *list) out += input.name + "<" + input.path + " ";
    return out;
  }
};

TEST_F(InputList, FilesAreNamedAsTheyAreWritten) {
  EXPECT_EQ(listed({"a.txt", "logs/z"}), "a.txt<a.txt logs/z<logs/z ");
  EXPECT_EQ(listed({"left=a.txt", "right=logs/z"}), "left<a.txt right<logs/z ");
  EXPECT_EQ(listed({"a=b"}), "a=b<a=b ") << "a file of that name is there";
}

TEST_F(InputList, FoldersStandForTheirFilesInOrder) {
  EXPECT_EQ(listed({"logs"}), "logs/2024/a<logs/2024/a logs/2024/b<logs/2024/b logs/z<logs/z ");
  EXPECT_EQ(listed({"old=logs/2024/"}), "old/a<logs/2024/a old/b<logs/2024/b ");
}

TEST_F(InputList, WhatIsNoPathIsPassedOn) {
  EXPECT_EQ(listed({"-", "s3://bucket/key", "x=https://host/a?b=c"}),
            "-<- s3://bucket/key<s3://bucket/key x<https://host/a?b=c ");
}

TEST_F(InputList, WhatIsThereIsNoPlaceElsewhere) {
  fs::create_directory("run:1");
  std::ofstream("run:1/a") << "x";
  EXPECT_EQ(listed({"run:1"}), "run:1/a<run:1/a ");
  EXPECT_EQ(listed({"run:2"}), "run:2<run:2 ");
}

TEST_F(InputList, AFolderLeavesNothingOutUnsaid) {
  fs::create_directory("mixed");
  fs::create_symlink("../a.txt", "mixed/link");
  fs::create_symlink("../logs", "mixed/folder");
  EXPECT_EQ(listed({"mixed"}), "mixed/link<mixed/link ") << "folders behind links are left out, and documented";
  fs::create_symlink("nowhere", "mixed/lost");
  EXPECT_TRUE(listed({"mixed"}).starts_with("error: mixed/lost: a link that leads nowhere")) << listed({"mixed"});
  fs::remove("mixed/lost");
  fs::create_symlink("round", "mixed/round");
  EXPECT_TRUE(listed({"mixed"}).starts_with("error: mixed/round: ")) << listed({"mixed"});
  fs::remove("mixed/round");
  ASSERT_EQ(::mkfifo("mixed/pipe", 0600), 0);
  EXPECT_TRUE(listed({"mixed"}).starts_with("error: mixed/pipe: is no regular file")) << listed({"mixed"});
}

TEST_F(InputList, RefusesWhatCannotBeMeant) {
  EXPECT_EQ(listed({"nothing"}), "error: nothing: no such file or folder");
  EXPECT_EQ(listed({"x=nothing"}), "error: nothing: no such file or folder");
  EXPECT_EQ(listed({"empty"}), "error: empty: a folder without files");
  EXPECT_EQ(listed({"a.txt", "a.txt"}), "error: a.txt: named twice; NAME=PATH gives an input another name");
  EXPECT_EQ(listed({"left=-", "right=-"}), "error: -: standard input is one input only");
  EXPECT_EQ(listed({"logs"}, 2), "error: logs: more than 2 files in all");
}

TEST_F(InputList, KeysInUrlsAreToldToNobody) {
  const std::string url = "https://me:word@host/dir/a.age?X-Amz-Signature=SECRET";
  EXPECT_EQ(listed({url, url}), "error: https://host/dir/a.age: named twice; NAME=PATH gives an input another name");
  const auto side = parse_sides({url});
  ASSERT_FALSE(side);
  EXPECT_EQ(side.error().what, "--side https://host/dir/a.age: expected NAME=FILE");
}

}  // namespace
}  // namespace brume::files

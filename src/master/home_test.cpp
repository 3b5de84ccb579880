#include "master/home.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

namespace brume::master {
namespace {

namespace fs = std::filesystem;

struct HomeFiles : testing::Test {
  HomeFiles() {
    char pattern[] = "/tmp/brume-home-XXXXXX";
    home.root = mkdtemp(pattern);
  }
  ~HomeFiles() override { fs::remove_all(home.root); }
  std::size_t file_count() const {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(home.root)) count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
  Home home;
};

TEST_F(HomeFiles, AreWholeAndTheirOwnersAndLeaveNothingBeside) {
  const fs::path path = home.root / "file";
  ASSERT_TRUE(write_private_file(path, "one"));
  ASSERT_TRUE(write_private_file(path, "two"));
  EXPECT_EQ(read_text_file(path, 10).value(), "two");
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  ASSERT_TRUE(write_private_file_once(path, "three"));
  EXPECT_EQ(read_text_file(path, 10).value(), "two") << "what is made once stays";
  EXPECT_FALSE(write_private_file(home.root / "no folder" / "file", "x"));
  EXPECT_EQ(file_count(), 1u);
}

// Two commands in a new home: an image that names one key, and a home that holds another, would never fit.
TEST_F(HomeFiles, WhoeverBeginsAtOnceGetsTheSameKey) {
  std::vector<SpkiHash> keys(8);
  {
    std::vector<std::jthread> threads;
    for (SpkiHash& key : keys) {
      threads.emplace_back([&] {
        auto made = load_or_make_master_key(home);
        ASSERT_TRUE(made) << made.error().what;
        key = made->public_key().spki_hash();
      });
    }
  }
  for (const SpkiHash& key : keys) EXPECT_EQ(key, keys[0]);
  EXPECT_EQ(load_or_make_master_key(home)->public_key().spki_hash(), keys[0]);
  EXPECT_EQ(file_count(), 1u);
}

}  // namespace
}  // namespace brume::master

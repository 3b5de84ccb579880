#include "master/output_spool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/test_folder.h"

namespace brume::master {
namespace {

namespace fs = std::filesystem;

class SpoolTest : public testing::WithFolder {
 protected:
};

TEST_F(SpoolTest, GivesBackWhatWasPut) {
  auto spool = OutputSpool::create(folder_, 2);
  ASSERT_TRUE(spool);
  const Bytes block(1'000, 7);
  ASSERT_TRUE((*spool)->put(1, block));
  const auto got = (*spool)->get(1, 0);
  ASSERT_TRUE(got);
  EXPECT_EQ(to_bytes(*got), block);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(SpoolTest, NamesItsFolderWhereNoMoreFits) {
  auto spool = OutputSpool::create(folder_, 1);
  ASSERT_TRUE(spool);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit least{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &least), 0);
  const auto status = (*spool)->put(0, Bytes(1'000, 7));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what, folder_.string() + ": the sealed result is kept there: File too large");
}

}  // namespace
}  // namespace brume::master

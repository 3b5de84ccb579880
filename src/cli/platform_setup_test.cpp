#include "cli/platform_setup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "tee/sim_pki.h"

namespace brume::cli {
namespace {

// Keys under a root that is not the home's would sign quotes that its own policy refuses.
TEST(PlatformSetup, WhoeverBeginsAtOnceGetsTheSameRoot) {
  char pattern[] = "/tmp/brume-platform-XXXXXX";
  const master::Home home{mkdtemp(pattern)};
  std::vector<SpkiHash> roots(6);
  {
    std::vector<std::jthread> threads;
    for (SpkiHash& root : roots) {
      threads.emplace_back([&] {
        const auto made = init_platform(home);
        ASSERT_TRUE(made) << made.error().what;
        root = *made;
      });
    }
  }
  for (const SpkiHash& root : roots) EXPECT_EQ(root, roots[0]);
  const PlatformFiles files = platform_files(home);
  const auto keys = tee::PlatformKeys::load(master::read_text_file(files.keys(), 1u << 20).value());
  ASSERT_TRUE(keys) << keys.error().what;
  const auto chain = crypto::Certificate::chain_from_pem(keys->pck_chain_pem, 3);
  ASSERT_TRUE(chain && chain->size() == 3);
  EXPECT_EQ(chain->back().public_key()->spki_hash(), roots[0]);
  std::filesystem::remove_all(home.root);
}

}  // namespace
}  // namespace brume::cli

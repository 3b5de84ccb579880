#include "node/node_options.h"

#include <gtest/gtest.h>

#include <vector>

namespace brume::node {
namespace {

Result<NodeOptions> parse(std::vector<std::string_view> arguments) { return parse_node_options(arguments); }

TEST(NodeOptions, ReadsWhatAnEngineWrites) {
  const auto options = parse({"--master", "10.0.0.1:7000", "--name", "map-1", "--role", "mapper", "--platform",
                              "/run/p.sock", "--scratch", "/s", "--listen", "7100", "--tee", "none"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->master, (transport::Endpoint{"10.0.0.1", 7000}));
  EXPECT_EQ(options->name, "map-1");
  EXPECT_EQ(options->role, "mapper");
  EXPECT_EQ(options->tee, abi::Tee::kNone);
  EXPECT_EQ(options->listen_port, 7100);
  EXPECT_EQ(parse({"--master", "m:1", "--name", "n"})->tee, abi::Tee::kSgxSim);
  EXPECT_TRUE(parse({"--help"})->help);
}

TEST(NodeOptions, ReadsSharedFolders) {
  const auto options =
      parse({"--master", "m:1", "--name", "n", "--share", "/mnt/a=b=/run/share/0", "--share", "/mnt/c=/run/share/1"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->shares, (std::vector<Share>{{"/mnt/a=b", "/run/share/0"}, {"/mnt/c", "/run/share/1"}}));
  for (const char* bad : {"", "/mnt", "/mnt=", "=/run", "mnt=/run/x", "/mnt=run", "/=/run/x", "/mnt/=/run/x",
                          "/mnt/../x=/run/x", "/mnt=/run/.."})
    EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--share", bad})) << bad;
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--share", "/a=/b", "--share", "/a=/c"}));
}

TEST(NodeOptions, SharesANodeAmongItsEnclaves) {
  const auto options = parse({"--master", "m:1", "--name", "n", "--enclaves", "3", "--scratch", "/s", "--scratch-limit",
                              "3000", "--listen", "7100"});
  ASSERT_TRUE(options) << options.error().what;
  const auto each = options_of_enclaves(*options);
  ASSERT_EQ(each.size(), 3u);
  EXPECT_EQ(each[0].name, "n.1");
  EXPECT_EQ(each[2].name, "n.3");
  EXPECT_EQ(each[2].scratch_path, "/s/3");
  EXPECT_EQ(each[2].scratch_limit, 1000u);
  EXPECT_EQ(each[2].listen_port, 7102);
  const auto one = options_of_enclaves(*parse({"--master", "m:1", "--name", "n"}));
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].name, "n");
  EXPECT_EQ(one[0].listen_port, 0);
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--enclaves", "0"}));
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--enclaves", "9"}));
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--enclaves", "8", "--listen", "65530"}));
  EXPECT_TRUE(parse({"--master", "m:1", "--name", "n", "--enclaves", "8", "--listen", "65528"}));
  EXPECT_TRUE(parse({"--master", "m:1", "--name", "n", "--listen", "65535"}));
}

TEST(NodeOptions, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(parse({}));
  EXPECT_FALSE(parse({"--master", "m:1"}));
  EXPECT_FALSE(parse({"--name", "n"}));
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--name", "n"}));
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--other", "1"}));
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--listen"}));
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--listen", "65536"}));
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--role", "king"}));
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "n", "--tee", "sgx"}));
  EXPECT_FALSE(parse({"--master", "m", "--name", "n"}));
  EXPECT_FALSE(parse({"--master", "m:1", "--name", "a/b"}));
}

}  // namespace
}  // namespace brume::node

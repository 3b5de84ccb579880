#include "cli/oci_runtime.h"

#include <gtest/gtest.h>

namespace brume::cli {
namespace {

// As containerd's shim of docker 20.10 calls.
TEST(OciRuntime, FindsWhatMattersInACall) {
  const RuntimeCall call = parse_runtime_call({"--root", "/run/r", "--log", "/b/log.json", "--log-format", "json",
                                               "create", "--bundle", "/b", "--pid-file", "/b/init.pid", "abc"});
  EXPECT_EQ(call.verb, "create");
  EXPECT_EQ(call.id, "abc");
  EXPECT_EQ(call.bundle, "/b");
  EXPECT_EQ(call.pid_file, "/b/init.pid");
  EXPECT_EQ(call.log, "/b/log.json");
  EXPECT_EQ(call.global_count, 6u);
}

TEST(OciRuntime, TakesValuesAfterAnEqualsSign) {
  const RuntimeCall call =
      parse_runtime_call({"--systemd-cgroup", "--root=/r", "create", "--bundle=/b", "--no-pivot", "id"});
  EXPECT_EQ(call.verb, "create");
  EXPECT_EQ(call.bundle, "/b");
  EXPECT_EQ(call.id, "id");
}

TEST(OciRuntime, LivesWithoutAVerb) {
  EXPECT_EQ(parse_runtime_call({}).verb, "");
  EXPECT_EQ(parse_runtime_call({"--version"}).verb, "");
}

TEST(OciRuntime, FindsThePlatformByItsMount) {
  const auto found = find_platform_mount(
      R"({"mounts":[{"destination":"/proc","source":"proc"},{"destination":"/run/brume","source":"/h/platform/containers/w1"}]})");
  ASSERT_TRUE(found.has_value() && *found);
  EXPECT_EQ((*found)->control, "/h/platform/control.sock");
  EXPECT_EQ((*found)->label, "w1");
}

TEST(OciRuntime, LeavesOtherContainersAlone) {
  EXPECT_EQ(find_platform_mount(R"({"mounts":[]})")->has_value(), false);
  EXPECT_EQ(find_platform_mount(R"({})")->has_value(), false);
  EXPECT_EQ(find_platform_mount(R"({"mounts":[{"destination":"/run/brume","source":"/h/other/w1"}]})")->has_value(),
            false);
  EXPECT_FALSE(find_platform_mount("not json").has_value());
  EXPECT_FALSE(find_platform_mount(R"({"mounts":[{"destination":"/run/brume","source":7}]})").has_value());
}

}  // namespace
}  // namespace brume::cli

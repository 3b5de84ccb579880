#include "files/output_paths.h"

#include <gtest/gtest.h>

namespace brume::files {
namespace {

TEST(OutputPaths, TellsTheFirstOutputFromOthers) {
  const auto paths = parse_output_paths({"/tmp/out", "once=once", "rare=/tmp/a=b"});
  ASSERT_TRUE(paths) << paths.error().what;
  EXPECT_EQ(paths->first, "/tmp/out");
  EXPECT_EQ(paths->others, (std::map<std::string, std::string>{{"once", "once"}, {"rare", "/tmp/a=b"}}));
  const auto none = parse_output_paths({});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->first, "");
}

TEST(OutputPaths, RefusesOneThatIsSaidTwice) {
  const auto first = parse_output_paths({"/tmp/a", "/tmp/b"});
  EXPECT_EQ(first.error().code, ErrorCode::kUsage);
  EXPECT_EQ(first.error().what, "--output /tmp/b: the job's first output, without a name, goes to /tmp/a already");
  EXPECT_EQ(parse_output_paths({"a=/tmp/a", "a=/tmp/b"}).error().what, "--output a=/tmp/b: a goes to /tmp/a already");
}

}  // namespace
}  // namespace brume::files

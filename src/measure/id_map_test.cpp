#include "measure/id_map.h"

#include <gtest/gtest.h>

namespace brume::measure {
namespace {

TEST(IdMap, MapsBothWays) {
  const auto map = IdMap::parse("         0       1000          1\n         1     100000      65536\n");
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(map->inside(1000), 0u);
  EXPECT_EQ(map->inside(100001), 2u);
  EXPECT_EQ(map->outside(65536), 165535u);
  EXPECT_EQ(map->inside(0), std::nullopt);
  EXPECT_EQ(map->outside(65537), std::nullopt);
}

TEST(IdMap, AcceptsTheWholeRange) {
  const auto map = IdMap::parse("         0          0 4294967295\n");
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(map->inside(77), 77u);
  EXPECT_EQ(map->inside(4294967295u), std::nullopt);
}

TEST(IdMap, RefusesOtherText) {
  for (const std::string_view text : {"0 0\n", "0 0 1", "0 0 1 2\n", "0 0 x\n", "-1 0 1\n", "0 0 0\n",
                                      "1 0 4294967295\n0 1\n", "2 0 4294967295\n", "0x0 0 1\n"})
    EXPECT_FALSE(IdMap::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace brume::measure

#include <brume/detail/held_size.h>
#include <gtest/gtest.h>

namespace brume::detail {
namespace {

struct Own {
  std::size_t held_size() const { return 1234; }
  std::string text;
};
struct WithFields {
  auto fields() const { return std::tie(count, list); }
  std::uint64_t count = 0;
  std::vector<double> list;
};
struct Unknown {
  std::string text;
};

TEST(HeldSize, CountsWhatAValueOwns) {
  EXPECT_EQ(held_size(7), 0u);
  EXPECT_EQ(held_size(std::array<std::uint64_t, 100>{}), 0u);
  EXPECT_EQ(held_size(std::string("short")), 0u);
  EXPECT_GE(held_size(std::string(1000, 'x')), 1000u);
  EXPECT_EQ(held_size(std::vector<double>(100)), 800u);
  EXPECT_EQ(held_size(std::vector<bool>(8'000)), 1'000u);
  EXPECT_GE(held_size(std::vector<std::string>(10, std::string(100, 'x'))), 10 * (sizeof(std::string) + 100));
  EXPECT_EQ(held_size(std::vector<std::string>()), 0u);
  EXPECT_EQ(held_size(std::tuple(1, std::vector<double>(10), std::vector<double>(20))), 240u);
  EXPECT_EQ(held_size(std::pair(std::vector<std::uint8_t>(10), 1.0)), 10u);
  EXPECT_EQ(held_size(std::array{std::vector<std::uint8_t>(10), std::vector<std::uint8_t>(20)}), 30u);
  EXPECT_EQ(held_size(WithFields{1, std::vector<double>(4)}), 32u);
  EXPECT_EQ(held_size(Own{}), 1234u);
  EXPECT_EQ(held_size(Unknown{std::string(1000, 'x')}), 0u);
}

}  // namespace
}  // namespace brume::detail

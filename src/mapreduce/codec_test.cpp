// How values travel: the shapes that have a codec of their own.
#include <brume/codec.h>
#include <gtest/gtest.h>

#include <limits>

namespace brume {
namespace {

TEST(Codec, GivesBackWhatItTook) {
  const auto same = [](const auto& value) {
    using T = std::remove_cvref_t<decltype(value)>;
    std::string bytes;
    Codec<T>::encode(value, bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      std::string_view cut(bytes.data(), size);
      T other{};
      EXPECT_FALSE(Codec<T>::decode(cut, other));
    }
    std::string_view in = bytes;
    T other{};
    EXPECT_TRUE(Codec<T>::decode(in, other));
    EXPECT_TRUE(in.empty());
    EXPECT_EQ(value, other);
  };
  same(std::uint64_t{0});
  same(~std::uint64_t{0});
  same(std::numeric_limits<std::int64_t>::min());
  same(std::int8_t{-128});
  same(1.5);
  same(-0.25f);
  same(std::string("a\0b", 3));
  same(std::tuple<std::uint32_t, std::string, double>(7, "x", -1));
  same(std::pair<std::int32_t, std::string>(-7, ""));
  same(std::array<std::int64_t, 3>{1, -1, 1000});
  same(std::vector<std::string>{});
  same(std::vector<std::string>{"", "fog", std::string(300, 'x')});
  same(std::vector<double>{0.5, -1, 1e300});
  same(std::vector<float>{});
  std::string too_large;
  Codec<std::uint64_t>::encode(256, too_large);
  std::string_view in = too_large;
  std::uint8_t byte;
  EXPECT_FALSE(Codec<std::uint8_t>::decode(in, byte));
}

// docs/formats/records.md: LEB128, whatever makes it fast.
TEST(Codec, WritesIntegersSevenBitsAtATime) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value : {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1}) {
      std::string expected;
      std::uint64_t rest = value;
      for (; rest >= 0x80; rest >>= 7) expected.push_back(static_cast<char>(rest | 0x80));
      expected.push_back(static_cast<char>(rest));
      std::string bytes;
      Codec<std::uint64_t>::encode(value, bytes);
      EXPECT_EQ(bytes, expected) << value;
      std::string_view in = bytes;
      std::uint64_t again = 0;
      EXPECT_TRUE(Codec<std::uint64_t>::decode(in, again) && in.empty());
      EXPECT_EQ(again, value);
    }
  }
}

TEST(Codec, WritesFloatsAsTheirBits) {
  std::string bytes;
  Codec<std::vector<double>>::encode({-2}, bytes);
  EXPECT_EQ(bytes, std::string("\1\0\0\0\0\0\0\0\xC0", 9));
}

TEST(Codec, RefusesAVectorOfMoreElementsThanBytes) {
  std::string bytes;
  Codec<std::uint64_t>::encode(std::uint64_t{1} << 60, bytes);
  std::string_view in = bytes;
  std::vector<double> vector;
  EXPECT_FALSE(Codec<std::vector<double>>::decode(in, vector));
}

}  // namespace
}  // namespace brume

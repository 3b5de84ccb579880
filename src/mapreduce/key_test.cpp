// Keys as bytes: the order of the bytes is that of the keys.
#include <brume/codec.h>
#include <brume/key.h>
#include <gtest/gtest.h>

#include <vector>

namespace brume {
namespace {

struct Place {
  std::int16_t row = 0;
  std::string name;
  auto fields() const { return std::tie(row, name); }
  auto operator<=>(const Place&) const = default;
};
static_assert(Key<Place> && Key<Descending<Place>> && Encodable<Place>);
static_assert(!Key<std::string_view> && !Key<std::vector<int>>);

template <typename T>
std::string bytes_of(const T& key) {
  std::string bytes;
  KeyCodec<T>::encode(key, bytes);
  return bytes;
}

// Every pair in order, each back from its bytes and from no begin of them, with something behind them or not.
template <typename T>
void expect_ordered(const std::vector<T>& ascending) {
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    const std::string bytes = bytes_of(ascending[i]);
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(bytes < bytes_of(ascending[j]), i < j) << i << ' ' << j;
      EXPECT_EQ(bytes_of(Descending<T>{ascending[i]}) < bytes_of(Descending<T>{ascending[j]}), i > j) << i << ' ' << j;
    }
    const std::string longer = bytes + "tail";
    std::string_view in = longer;
    T back{};
    ASSERT_TRUE(KeyCodec<T>::decode(in, back));
    EXPECT_EQ(in, "tail");
    EXPECT_EQ(bytes_of(back), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      std::string_view cut(bytes.data(), size);
      EXPECT_FALSE(KeyCodec<T>::decode(cut, back));
    }
    std::string turned = bytes_of(Descending<T>{ascending[i]}) + "tail";
    std::string_view turned_in = turned;
    Descending<T> descending;
    ASSERT_TRUE(KeyCodec<Descending<T>>::decode(turned_in, descending));
    EXPECT_EQ(turned_in, "tail");
    EXPECT_EQ(bytes_of(descending.value), bytes);
  }
}

TEST(KeyCodec, OrdersIntegers) {
  expect_ordered<std::uint8_t>({0, 1, 127, 128, 255});
  expect_ordered<std::int8_t>({-128, -1, 0, 1, 127});
  expect_ordered<std::uint64_t>({0, 1, 255, 256, ~std::uint64_t{0}});
  expect_ordered<std::int64_t>({std::numeric_limits<std::int64_t>::min(), -256, -1, 0, 255, 256});
  expect_ordered<bool>({false, true});
  std::string_view two = "\2";
  bool value = false;
  EXPECT_FALSE(KeyCodec<bool>::decode(two, value));
}

TEST(KeyCodec, OrdersFloats) {
  const double inf = std::numeric_limits<double>::infinity();
  expect_ordered<double>({-inf, -1e300, -1.5, -1e-310, 0.0, 1e-310, 1.5, 1e300, inf, std::nan("")});
  expect_ordered<float>({-2.5f, -0.5f, 0.f, 0.5f, 2.5f});
  EXPECT_EQ(bytes_of(-0.0), bytes_of(0.0));
  EXPECT_EQ(bytes_of(-std::nan("7")), bytes_of(std::nan("")));
}

TEST(KeyCodec, OrdersStringsOfAnyBytes) {
  expect_ordered<std::string>({"", std::string("\0", 1), std::string("\0\0", 2), std::string("\0\1", 2),
                               std::string("\0\xff", 2), "\1", "a", std::string("a\0", 2), "a\1", "ab", "b", "\xff"});
}

TEST(KeyCodec, OrdersPartByPart) {
  expect_ordered<std::pair<std::string, std::int32_t>>(
      {{"", 5}, {std::string("\0", 1), -9}, {"a", -1}, {"a", 0}, {"a\1", -7}, {"ab", -7}});
  expect_ordered<std::tuple<std::uint8_t, std::string, float>>(
      {{0, "z", 9.f}, {1, "", -1.f}, {1, "", 1.f}, {1, "a", 0.f}});
  expect_ordered<std::array<std::int16_t, 2>>({{-1, 7}, {0, -7}, {0, 7}});
  expect_ordered<Place>({{-3, "z"}, {0, "a"}, {0, "b"}, {1, ""}});
}

TEST(KeyCodec, TurnsOnePartRound) {
  using Mixed = std::pair<std::int32_t, Descending<std::string>>;
  EXPECT_LT(bytes_of(Mixed{1, {"b"}}), bytes_of(Mixed{1, {"a"}}));
  EXPECT_LT(bytes_of(Mixed{1, {"ab"}}), bytes_of(Mixed{1, {"a"}}));
  EXPECT_LT(bytes_of(Mixed{0, {"a"}}), bytes_of(Mixed{1, {"b"}}));
}

TEST(KeyCodec, RefusesStringsThatNoneWrote) {
  for (const std::string& bytes : {std::string("a\0\2\0\0", 5), std::string("a"), std::string("a\0", 2)}) {
    std::string_view in = bytes;
    std::string back;
    EXPECT_FALSE(KeyCodec<std::string>::decode(in, back));
  }
}

TEST(Codec, TakesStructsByTheirFields) {
  std::string bytes;
  Codec<Place>::encode({-7, "fog"}, bytes);
  std::string_view in = bytes;
  Place back;
  ASSERT_TRUE(Codec<Place>::decode(in, back));
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(back, (Place{-7, "fog"}));
  EXPECT_EQ(bytes,
            "\x0d\x03"
            "fog");
}

}  // namespace
}  // namespace brume

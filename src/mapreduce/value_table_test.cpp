#include <brume/detail/value_table.h>
#include <gtest/gtest.h>

#include <map>

namespace brume::detail {
namespace {

const HashSchedule kSchedule = make_hash_schedule(HashKey{});

struct Lists {
  using Value = std::vector<std::uint64_t>;
  static void combine(Value& into, const Value& more) { into.insert(into.end(), more.begin(), more.end()); }
};

TEST(ValueTable, SeesCombinedValuesGrow) {
  ValueTable<Lists> table(kSchedule);
  for (std::uint64_t i = 0; i < 10'000; ++i) table.add(i % 2 == 0 ? "even" : "odd", {i});
  EXPECT_GE(table.bytes(), 80'000u);
  EXPECT_LE(table.bytes(), 200'000u);
  table.clear();
  EXPECT_EQ(table.bytes(), 0u);
}

// In the order in which they came, or the result differs.
struct Texts {
  using Value = std::string;
  static void combine(Value& into, const Value& more) { into += more; }
};

std::string key_of(std::uint64_t number) {
  if (number % 1000 == 0) return {};
  if (number % 97 == 0) return std::string(number % 5, '\0');
  if (number % 89 == 0) return std::string(70'000 + number % 3, 'k');
  return std::to_string(number * number % 20'011);
}

TEST(ValueTable, HoldsWhatAMapHolds) {
  ValueTable<Texts> table(kSchedule);
  for (int round = 0; round < 2; ++round) {
    std::map<std::string, std::string> expected;
    std::vector<std::string> order;
    for (std::uint64_t i = 1; i < 60'000; ++i) {
      const std::string value = i % 500 == 0 ? std::string(2'000, 'v') : std::to_string(i % 7);
      if (expected.try_emplace(key_of(i)).second) order.push_back(key_of(i));
      expected[key_of(i)] += value;
      table.add(key_of(i), value);
    }
    table.settle();
    std::size_t at = 0;
    table.each([&](std::string_view key, const std::string& value) {
      ASSERT_LT(at, order.size());
      EXPECT_EQ(key, order[at++]);
      EXPECT_EQ(value, expected[std::string(key)]);
    });
    EXPECT_EQ(at, order.size());
    table.clear();
    EXPECT_EQ(table.bytes(), 0u);
    table.each([](std::string_view, const std::string&) { FAIL(); });
  }
}

TEST(ValueTable, ForgetsWhatWaited) {
  ValueTable<Texts> table(kSchedule);
  for (std::uint64_t i = 0; i < 20'003; ++i) table.add(std::to_string(i), "value");
  table.clear();
  table.settle();
  table.each([](std::string_view, const std::string&) { FAIL(); });
}

struct Fixed {
  struct Value {
    explicit Value(std::uint64_t its) : number(its) {}
    const std::uint64_t number;  // cannot be assigned, so it does not wait
  };
  static void combine(Value&, const Value&) {}
};

TEST(ValueTable, TakesValuesThatCannotBeAssigned) {
  ValueTable<Fixed> table(kSchedule);
  for (std::uint64_t i = 0; i < 20'000; ++i) table.add(std::to_string(i % 10'000), Fixed::Value(i));
  std::uint64_t expected = 0;
  table.each([&](std::string_view key, const Fixed::Value& value) {
    EXPECT_EQ(value.number, expected);
    EXPECT_EQ(key, std::to_string(expected++));
  });
  EXPECT_EQ(expected, 10'000u);
}

}  // namespace
}  // namespace brume::detail

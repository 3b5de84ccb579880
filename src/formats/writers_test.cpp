// CSV, binary records and exact sums: what is written parses back to the same.
#include <brume/binary.h>
#include <brume/csv.h>
#include <brume/exact_sum.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace brume::formats {
namespace {

std::string some_field(std::mt19937_64& random) {
  std::string field;
  for (std::uint64_t size = random() % 8; size > 0; --size) field.push_back("ab,;\"\r \tx\xFF"[random() % 10]);
  return field;
}

TEST(CsvWriter, WritesRecords) {
  Line line;
  CsvWriter csv(line);
  csv.field("a,b").field(3).field(-2.5).field("").field(std::uint64_t{18446744073709551615u}).end();
  csv.field("second").end();
  EXPECT_EQ(line.view(), "\"a,b\",3,-2.5,,18446744073709551615\nsecond\n");
}

TEST(CsvWriter, QuotesEvenNumbersWhereTheCommaIsAPartOfThem) {
  std::string out;
  CsvWriter(out, '.').field(1.5).field(2).end();
  EXPECT_EQ(out, "\"1.5\".2\n");
}

TEST(CsvWriter, WhatItWritesParsesBackToTheSame) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const char comma = random() % 2 == 0 ? ',' : ';';
    std::vector<std::string> fields(1 + random() % 5);
    std::string text;
    CsvWriter csv(text, comma);
    for (std::string& field : fields) csv.field(field = some_field(random));
    csv.end();
    ASSERT_EQ(text.back(), '\n');
    text.pop_back();
    CsvRecord record(comma);
    ASSERT_TRUE(record.parse(text)) << text;
    ASSERT_EQ(record.size(), fields.size()) << text;
    for (std::size_t at = 0; at < fields.size(); ++at) EXPECT_EQ(record[at], fields[at]) << text;
  }
}

TEST(CsvWriter, QuotesNewlinesForReadersThatLookBeyondLines) {
  std::string out;
  CsvWriter(out).field("a\n\"b\"").field("\r").end();
  EXPECT_EQ(out, "\"a\n\"\"b\"\"\",\"\r\"\n");
}

TEST(Binary, HasTheByteOrderThatIsAskedFor) {
  std::string out;
  append_little<std::uint32_t>(0x01020304, out);
  append_big<std::uint32_t>(0x01020304, out);
  append_little<std::int16_t>(-2, out);
  append_big<double>(1, out);
  append_little<float>(1, out);
  append_big<std::uint8_t>(7, out);
  EXPECT_EQ(out, std::string("\4\3\2\1\1\2\3\4\xFE\xFF\x3F\xF0\0\0\0\0\0\0\0\0\x80\x3F\7", 23));
  Line line;
  append_little<std::uint16_t>(0x4241, line);
  EXPECT_EQ(line.view(), "AB");
}

template <typename T>
void expect_round_trips(std::mt19937_64& random) {
  using Bits = typename detail::BitsOf<sizeof(T)>::type;
  for (int i = 0; i < 1000; ++i) {
    const auto bits = static_cast<Bits>(random() >> (i % 2 == 0 ? 0 : random() % 64));
    const T number = std::bit_cast<T>(bits);
    std::string out;
    append_little<T>(number, out);
    append_big<T>(number, out);
    ASSERT_EQ(out.size(), 2 * sizeof(T));
    EXPECT_TRUE(std::equal(out.begin(), out.begin() + sizeof(T), out.rbegin()));
    BinaryReader in(out);
    EXPECT_EQ(std::bit_cast<Bits>(in.little<T>()), bits);
    EXPECT_EQ(std::bit_cast<Bits>(in.big<T>()), bits);
    EXPECT_TRUE(in.done());
  }
}

TEST(Binary, WhatIsWrittenReadsBackTheSame) {
  std::mt19937_64 random(2);
  expect_round_trips<std::uint8_t>(random);
  expect_round_trips<std::int8_t>(random);
  expect_round_trips<std::uint16_t>(random);
  expect_round_trips<std::int16_t>(random);
  expect_round_trips<std::uint32_t>(random);
  expect_round_trips<std::int32_t>(random);
  expect_round_trips<std::uint64_t>(random);
  expect_round_trips<std::int64_t>(random);
  expect_round_trips<float>(random);
  expect_round_trips<double>(random);
}

TEST(Binary, ReadsNothingBeyondTheRecord) {
  const std::string record("\1\2\3\4\5\6\7", 7);
  for (std::size_t size = 0; size < record.size(); ++size) {
    const std::vector<char> bytes(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size));
    BinaryReader in({bytes.data(), bytes.size()});
    const auto first = in.little<std::uint32_t>();
    EXPECT_EQ(first, size >= 4 ? 0x04030201u : 0u);
    EXPECT_EQ(in.bytes(3).size(), 0u);
    EXPECT_FALSE(in.done());
    EXPECT_EQ(in.big<std::uint8_t>(), 0u);
    EXPECT_EQ(in.left(), 0u);
  }
  BinaryReader whole(record);
  whole.little<std::uint32_t>();
  EXPECT_FALSE(whole.done());
  EXPECT_EQ(whole.bytes(3), "\5\6\7");
  EXPECT_TRUE(whole.done());
}

ExactSum sum_of(const std::vector<double>& numbers) {
  ExactSum sum;
  for (const double number : numbers) sum.add(number);
  return sum;
}

// Parts that no later number joins: more of them than a double's range has places for whole ones.
TEST(ExactSum, ReadsBackWhatHasVeryManyParts) {
  ExactSum sum;
  for (int k = 0; k < 34; ++k) sum.add(std::ldexp(1.0 + 0x1p49, 54 * k - 1000));
  for (int k = 0; k < 34; ++k) {
    const double split = std::ldexp(1.0, 54 * k - 1000 + 101);
    sum.add(split);
    sum.add(-split);
  }
  std::string bytes;
  Codec<ExactSum>::encode(sum, bytes);
  EXPECT_GT(bytes.size(), 64 * sizeof(double));
  std::string_view in = bytes;
  ExactSum again;
  ASSERT_TRUE(Codec<ExactSum>::decode(in, again));
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(again.value(), sum.value());
}

TEST(ExactSum, RoundsOnce) {
  EXPECT_EQ(ExactSum().value(), 0.0);
  EXPECT_EQ(sum_of({0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}).value(), 2.8);
  EXPECT_EQ(sum_of(std::vector<double>(10, 0.1)).value(), 1.0);
  EXPECT_EQ(sum_of({1e100, 1.0, -1e100}).value(), 1.0);
  EXPECT_EQ(sum_of({ExactSum::kLargest, 5e-324, -ExactSum::kLargest}).value(), 5e-324);
  // Half way, to the even one; and a little more or less than half way.
  EXPECT_EQ(sum_of({0x1p53, 1}).value(), 0x1p53);
  EXPECT_EQ(sum_of({0x1p53, 1, 0x1p-200}).value(), 0x1p53 + 2);
  EXPECT_EQ(sum_of({0x1p53 + 2, 1}).value(), 0x1p53 + 4);
  EXPECT_EQ(sum_of({0x1p53 + 2, 1, -0x1p-200}).value(), 0x1p53 + 2);
  EXPECT_EQ(sum_of({-0x1p53, -1, -0x1p-200}).value(), -0x1p53 - 2);
}

std::vector<double> some_numbers(std::mt19937_64& random, std::size_t count) {
  std::vector<double> numbers;
  while (numbers.size() < count) {
    const double number = std::bit_cast<double>(random());
    if (std::fabs(number) <= ExactSum::kLargest) numbers.push_back(number);
    if (random() % 3 == 0 && !numbers.empty()) numbers.push_back(-numbers[random() % numbers.size()]);
  }
  return numbers;
}

TEST(ExactSum, DoesNotDependOnOrderOrGrouping) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    std::vector<double> numbers = some_numbers(random, 1 + random() % 60);
    const double expected = sum_of(numbers).value();
    std::ranges::shuffle(numbers, random);
    ExactSum grouped;
    for (std::size_t begin = 0; begin < numbers.size(); begin += 7) {
      const std::size_t end = std::min(begin + 7, numbers.size());
      grouped += sum_of(
          {numbers.begin() + static_cast<std::ptrdiff_t>(begin), numbers.begin() + static_cast<std::ptrdiff_t>(end)});
    }
    EXPECT_EQ(grouped.value(), expected);
    for (const double number : numbers) grouped.add(-number);
    EXPECT_EQ(grouped.value(), 0.0);
  }
}

TEST(ExactSum, StaysWithinADouble) {
  ExactSum sum;
  for (int i = 0; i < 10'000; ++i) sum.add(ExactSum::kLargest);
  EXPECT_EQ(sum.value(), 10'000 * ExactSum::kLargest);
}

TEST(ExactSum, Travels) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 300; ++i) {
    const ExactSum sum = sum_of(some_numbers(random, random() % 40));
    std::string bytes;
    Codec<ExactSum>::encode(sum, bytes);
    std::string_view in = bytes;
    ExactSum again;
    ASSERT_TRUE(Codec<ExactSum>::decode(in, again));
    EXPECT_TRUE(in.empty());
    EXPECT_EQ(again.value(), sum.value());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      std::string_view cut = std::string_view(bytes).substr(0, size);
      EXPECT_FALSE(Codec<ExactSum>::decode(cut, again));
    }
  }
  for (const std::vector<double>& parts :
       {std::vector<double>(1051, 1.0), std::vector<double>{std::numeric_limits<double>::infinity()},
        std::vector<double>{std::numeric_limits<double>::quiet_NaN()}}) {
    std::string bytes;
    Codec<std::vector<double>>::encode(parts, bytes);
    std::string_view in = bytes;
    ExactSum sum;
    EXPECT_FALSE(Codec<ExactSum>::decode(in, sum));
  }
}

}  // namespace
}  // namespace brume::formats

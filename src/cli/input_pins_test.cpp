#include "cli/input_pins.h"

#include <gtest/gtest.h>

namespace brume::cli {
namespace {

std::string hash_of(char digit) { return std::string(64, digit); }

InputPins pins(const std::string& text) {
  auto parsed = InputPins::parse("pins", text);
  EXPECT_TRUE(parsed) << parsed.error().what;
  return parsed ? *parsed : InputPins();
}

// The digit that the found hash is made of.
std::string found(const InputPins& pins, const std::string& name, const std::string& place) {
  const auto pin = pins.find(name, place);
  return pin ? pin->hex().substr(0, 1) : "none";
}

TEST(InputPins, NamesAnInputByItsName) {
  const InputPins known = pins("# mine\n\n" + hash_of('a') + "  left\n" + hash_of('b') + " *with  blanks.age");
  EXPECT_EQ(found(known, "left", "s3://bucket/orders.age"), "a");
  EXPECT_EQ(found(known, "with  blanks.age", "/data/with  blanks.age"), "b");
  EXPECT_EQ(found(known, "right", "s3://bucket/orders.age"), "none");
}

TEST(InputPins, NamesAnInputByTheLastPartsOfItsPlace) {
  const InputPins known = pins(hash_of('a') + "  ./orders.age\n" + hash_of('b') + "  may/orders.age\n" + hash_of('c') +
                               "  /mnt/data/june/orders.age\n");
  EXPECT_EQ(found(known, "left", "s3://bucket/orders.age"), "a");
  EXPECT_EQ(found(known, "left", "s3://bucket/2024/may/orders.age"), "b");
  EXPECT_EQ(found(known, "left", "/mnt/data/june/orders.age"), "c");
  EXPECT_EQ(found(known, "left", "s3://bucket/more-orders.age"), "none");
  EXPECT_EQ(found(known, "left", "https://host/orders.age/"), "none");
}

TEST(InputPins, ANameGoesBeforeAPlace) {
  const InputPins known = pins(hash_of('a') + "  s3://bucket/x.age\n" + hash_of('b') + "  right\n");
  EXPECT_EQ(found(known, "right", "s3://bucket/x.age"), "b");
}

TEST(InputPins, RefusesANameWithTwoHashes) {
  EXPECT_TRUE(InputPins::parse("pins", hash_of('a') + "  x\n" + hash_of('a') + "  x\n"));
  const auto twice = InputPins::parse("pins", hash_of('a') + "  x\n# y\n" + hash_of('b') + "  ./x\n");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().what, "pins: line 3: this name has another hash in line 1; leave the line that counts");
}

TEST(InputPins, RefusesLinesOfAnotherFormat) {
  for (const std::string& line :
       {hash_of('a'), hash_of('a') + "  ", hash_of('a') + " x", hash_of('a') + "\tx", "x  " + hash_of('a'),
        hash_of('g') + "  x", hash_of('a') + "a  x", std::string("a"), std::string(" ")}) {
    const auto parsed = InputPins::parse("pins", line + "\n");
    ASSERT_FALSE(parsed) << line;
    EXPECT_EQ(parsed.error().code, ErrorCode::kMalformed);
    EXPECT_TRUE(parsed.error().what.starts_with("pins: line 1: expected 64 hex digits")) << parsed.error().what;
  }
}

TEST(InputPins, AnInputThatStandsNowhereIsNamed) {
  const auto none = pins("").find("x.age", "/x.age");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUsage);
  EXPECT_TRUE(none.error().what.starts_with("x.age: no line of pins names it")) << none.error().what;
}

TEST(InputPins, WhatALineSaysIsFoundAgain) {
  const auto digest = Sha256Digest::parse_hex(hash_of('d'));
  EXPECT_EQ(found(pins(pin_line(*digest, "a b/c").value()), "a b/c", ""), "d");
  EXPECT_FALSE(pin_line(*digest, "a\nb"));
}

}  // namespace
}  // namespace brume::cli

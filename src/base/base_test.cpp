#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/ids.h"
#include "base/reader.h"
#include "base/writer.h"

namespace brume {
namespace {

TEST(Reader, ReadsBothByteOrders) {
  const Bytes bytes{1, 2, 3, 4, 5, 6};
  Reader reader(bytes);
  EXPECT_EQ(reader.u16le(), 0x0201);
  EXPECT_EQ(reader.u32be(), 0x03040506u);
  EXPECT_TRUE(reader.done("pair").has_value());
}

TEST(Reader, YieldsZerosAfterTheFirstFault) {
  const Bytes bytes{1, 2, 3};
  Reader reader(bytes);
  EXPECT_EQ(reader.u32le(), 0u);
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.done("word").has_value());
}

TEST(Reader, RefusesBytesLeftOver) {
  const Bytes bytes{1, 2};
  Reader reader(bytes);
  reader.u8();
  EXPECT_FALSE(reader.done("byte").has_value());
}

TEST(Reader, RefusesLengthOverItsLimit) {
  Bytes bytes = Writer().text("abcdef").take();
  Reader reader(bytes);
  EXPECT_TRUE(reader.sized(5).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(Reader, RefusesCountThatCannotFit) {
  Bytes bytes = Writer().u32le(1000).zeros(16).take();
  Reader reader(bytes);
  EXPECT_EQ(reader.count(1u << 20, 8), 0u);
  EXPECT_FALSE(reader.ok());
}

TEST(Writer, RoundTripsThroughReader) {
  Bytes bytes = Writer().u8(7).u16be(0x0102).u64le(9).text("brume").take();
  Reader reader(bytes);
  EXPECT_EQ(reader.u8(), 7);
  EXPECT_EQ(reader.u16be(), 0x0102);
  EXPECT_EQ(reader.u64le(), 9u);
  EXPECT_EQ(reader.text(16), "brume");
  EXPECT_TRUE(reader.done("record").has_value());
}

TEST(Hex, RoundTripsAndRefusesOddAndForeign) {
  EXPECT_EQ(to_hex(Bytes{0, 255, 16}), "00ff10");
  EXPECT_EQ(*from_hex("00FF10"), (Bytes{0, 255, 16}));
  EXPECT_FALSE(from_hex("0").has_value());
  EXPECT_FALSE(from_hex("0g").has_value());
}

TEST(FixedBytes, RefusesOtherSizes) {
  EXPECT_FALSE(Measurement::from(Bytes(31)).has_value());
  EXPECT_TRUE(Measurement::from(Bytes(32)).has_value());
}

}  // namespace
}  // namespace brume

#include "crypto/der.h"

#include <gtest/gtest.h>

namespace brume::crypto {
namespace {

TEST(Der, TakesShortestLengthsOnly) {
  for (std::size_t size : {0u, 1u, 127u, 128u, 255u, 256u, 65535u}) {
    const Bytes element = der_element(DerTag::kOctetString, Bytes(size, 7));
    DerReader reader(element);
    EXPECT_EQ(reader.element(DerTag::kOctetString).size(), size);
    EXPECT_TRUE(reader.done());
    DerReader cut(ByteView(element).first(element.size() - 1));
    cut.any();
    EXPECT_FALSE(cut.ok()) << size;
  }
  const Bytes longer[] = {{0x04, 0x80}, {0x04, 0x81, 0x01, 7}, {0x04, 0x82, 0x00, 0x80},   {0x04, 0x84, 0, 0, 0, 1, 7},
                          {0x04},       {0x1f, 0x81, 0x00},    {0x04, 0x85, 1, 1, 1, 1, 1}};
  for (const Bytes& bytes : longer) {
    DerReader reader(bytes);
    reader.any();
    EXPECT_FALSE(reader.ok()) << bytes.size();
  }
}

TEST(Der, TakesLengthsOfThreeBytes) {
  Bytes element = {0x04, 0x83, 0x01, 0x00, 0x00};
  element.resize(5 + 65536);
  DerReader reader(element);
  EXPECT_EQ(reader.any().content.size(), 65536u);
  EXPECT_TRUE(reader.done());
}

TEST(Der, TakesShortestIntegersOnly) {
  auto good = [](Bytes content) {
    const Bytes element = der_element(DerTag::kInteger, content);
    DerReader reader(element);
    reader.integer();
    return reader.done();
  };
  EXPECT_TRUE(good({0}) && good({0x7f}) && good({0x80}) && good({0x00, 0x80}) && good({0xff, 0x7f}));
  EXPECT_FALSE(good({}) || good({0, 0}) || good({0x00, 0x7f}) || good({0xff, 0x80}));
}

TEST(Der, WellFormedIsSoThroughout) {
  const Bytes inner = der_element(DerTag::kSequence, der_element(DerTag::kOctetString, Bytes{1, 2}));
  EXPECT_TRUE(well_formed_der(inner));
  Bytes broken = inner;
  broken[3] = 3;  // the inner length
  EXPECT_FALSE(well_formed_der(broken));
  Bytes deep;
  for (int i = 0; i < 15; ++i) deep = der_element(DerTag::kSequence, deep);
  EXPECT_TRUE(well_formed_der(deep));
  for (int i = 0; i < 100; ++i) deep = der_element(DerTag::kSequence, deep);
  EXPECT_FALSE(well_formed_der(deep));
}

TEST(Der, OidsAreTextAndBack) {
  for (const char* text : {"0.0", "1.39", "2.5.29.15", "2.999.1", "1.2.840.113741.1.13.1", "1.3.6.1.4.1.3704.1.3.8"}) {
    EXPECT_EQ(oid_text(oid_content(text)), text);
  }
  EXPECT_EQ(oid_content("1.2.840.113741.1.13.1"), (Bytes{0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01}));
  EXPECT_EQ(oid_text(Bytes{}), "");
  EXPECT_EQ(oid_text(Bytes{0x2a, 0x80, 0x01}), "");  // a zero before an arc
  EXPECT_EQ(oid_text(Bytes{0x2a, 0x86}), "");        // an arc that does not end
  EXPECT_EQ(oid_text(Bytes(33, 0x01)), "");
  EXPECT_EQ(oid_text(Bytes(20, 0xff)), "");
  EXPECT_TRUE(oid_content("").empty() && oid_content("1").empty() && oid_content("3.1").empty());
  EXPECT_TRUE(oid_content("1.a").empty());
}

}  // namespace
}  // namespace brume::crypto

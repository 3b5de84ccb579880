#include "evidence/pck_extension.h"

#include <gtest/gtest.h>

#include "evidence/der.h"

namespace brume::evidence {
namespace {

PckExtension sample(bool platform_ca) {
  PckExtension out;
  out.ppid.fill(0xaa);
  for (std::uint8_t i = 0; i < 16; ++i) out.component_svns[i] = static_cast<std::uint8_t>(i * 17);
  out.pce_svn = 0x1234;
  out.cpu_svn.fill(0xbb);
  out.pce_id = {0xcc, 0xdd};
  out.fmspc = {1, 2, 3, 4, 5, 6};
  out.sgx_type = SgxType::kScalable;
  if (platform_ca) {
    out.platform_instance_id = ByteArray<16>{0xee};
    out.configuration = PckConfiguration{true, false, true};
  }
  return out;
}

TEST(PckExtension, RoundTripsWithAndWithoutPlatformFields) {
  for (bool platform_ca : {false, true}) {
    Bytes der = encode_pck_extension(sample(platform_ca));
    auto parsed = parse_pck_extension(der);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(*parsed, sample(platform_ca));
    EXPECT_EQ(encode_pck_extension(*parsed), der);
  }
}

TEST(PckExtension, RefusesEveryTruncationAndTrailingBytes) {
  Bytes der = encode_pck_extension(sample(true));
  for (std::size_t size = 0; size < der.size(); ++size) EXPECT_FALSE(parse_pck_extension(ByteView(der).first(size)));
  der.push_back(0);
  EXPECT_FALSE(parse_pck_extension(der));
}

// Tags, lengths and OIDs are fixed; what may change is a value, and then it is read as changed.
TEST(PckExtension, EveryChangedByteIsRefusedOrSeen) {
  const PckExtension good = sample(true);
  const Bytes der = encode_pck_extension(good);
  for (std::size_t at = 0; at < der.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = der;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1 << bit));
      auto parsed = parse_pck_extension(changed);
      if (!parsed) continue;
      EXPECT_NE(*parsed, good) << at;
      EXPECT_EQ(encode_pck_extension(*parsed), changed) << at;
    }
  }
}

TEST(Der, TakesMinimalFormsOnly) {
  auto number = [](Bytes der) {
    DerReader reader(der);
    std::uint32_t value = reader.unsigned_integer(DerTag::kInteger, 0xffff);
    return reader.done() ? static_cast<int>(value) : -1;
  };
  EXPECT_EQ(number({2, 1, 0}), 0);
  EXPECT_EQ(number({2, 1, 0x7f}), 0x7f);
  EXPECT_EQ(number({2, 2, 0, 0x80}), 0x80);
  EXPECT_EQ(number({2, 1, 0x80}), -1);           // negative
  EXPECT_EQ(number({2, 2, 0, 0x7f}), -1);        // a zero too many
  EXPECT_EQ(number({2, 0}), -1);                 // nothing
  EXPECT_EQ(number({2, 3, 1, 0, 0}), -1);        // over the limit
  EXPECT_EQ(number({2, 0x81, 1, 1}), -1);        // long length for a short one
  EXPECT_EQ(number({2, 0x80, 1}), -1);           // indefinite
  EXPECT_EQ(number({2, 1, 1, 0}), -1);           // a byte too many
  EXPECT_EQ(number({4, 1, 1}), -1);              // another tag
  EXPECT_EQ(number({2, 0x82, 0, 0x81, 1}), -1);  // length with a zero too many
  EXPECT_EQ(number({2, 5, 0, 0x80, 0, 0, 0}), -1);
}

TEST(Der, LongLengthsRoundTrip) {
  for (std::size_t size : {0u, 127u, 128u, 255u, 256u, 65535u}) {
    Bytes content(size, 7);
    Bytes der = der_element(DerTag::kOctetString, content);
    DerReader reader(der);
    EXPECT_TRUE(equal(reader.element(DerTag::kOctetString), content)) << size;
    EXPECT_TRUE(reader.done());
  }
}

TEST(Der, BooleansHaveTwoForms) {
  auto boolean = [](std::uint8_t content) {
    Bytes der{1, 1, content};
    DerReader reader(der);
    bool value = reader.boolean();
    return reader.done() ? (value ? 1 : 0) : -1;
  };
  EXPECT_EQ(boolean(0), 0);
  EXPECT_EQ(boolean(0xff), 1);
  EXPECT_EQ(boolean(1), -1);
}

}  // namespace
}  // namespace brume::evidence

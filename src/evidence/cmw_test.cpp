#include "evidence/cmw.h"

#include <gtest/gtest.h>

#include "evidence/none.h"
#include "evidence/protections.h"

namespace brume::evidence {
namespace {

TEST(Cmw, RoundTripsSizesAcrossEveryHead) {
  for (std::size_t size : {0u, 23u, 24u, 255u, 256u, 65535u, 65536u}) {
    Bytes value(size, 0x5a);
    Bytes bytes = encode_cmw(kTypeSgxQuote, value);
    auto parsed = parse_cmw(bytes);
    ASSERT_TRUE(parsed.has_value()) << size;
    EXPECT_EQ(parsed->type, kTypeSgxQuote);
    EXPECT_EQ(parsed->value, value);
  }
}

// RFC 9999's record form: 82 (array of 2), 63 (text of 3) ..., 42 (bytes of 2) ...
TEST(Cmw, IsTheCborThatItSays) {
  EXPECT_EQ(encode_cmw("a/b", Bytes{1, 2}), (Bytes{0x82, 0x63, 'a', '/', 'b', 0x42, 1, 2}));
}

TEST(Cmw, RefusesOtherForms) {
  const Bytes cases[] = {
      {},
      {0x83, 0x63, 'a', '/', 'b', 0x42, 1, 2, 0},                    // three elements
      {0x9f, 0x63, 'a', '/', 'b', 0x42, 1, 2, 0xff},                 // indefinite
      {0x82, 0x43, 'a', '/', 'b', 0x42, 1, 2},                       // type as bytes
      {0x82, 0x63, 'a', '/', 'b', 0x62, 1, 2},                       // value as text
      {0x82, 0x78, 3, 'a', '/', 'b', 0x42, 1, 2},                    // a head longer than needed
      {0x82, 0x63, 'a', '/', 'b', 0x58, 2, 1, 2},                    // the same
      {0x82, 0x63, 'a', '/', 'b', 0x59, 0, 2, 1, 2},                 // the same
      {0x82, 0x63, 'a', '/', 'b', 0x5a, 0, 0, 0, 2, 1, 2},           // the same
      {0x82, 0x63, 'a', '/', 'b', 0x5b, 0, 0, 0, 0, 0, 0, 0, 2, 1},  // 64-bit length
      {0x82, 0x63, 'a', '/', 'b', 0x42, 1},                          // too short
      {0x82, 0x63, 'a', '/', 'b', 0x42, 1, 2, 3},                    // too long
      {0x82, 0x63, 'a', 'x', 'b', 0x42, 1, 2},                       // no media type
      {0x82, 0x63, 'a', '/', ' ', 0x42, 1, 2},                       // no media type
  };
  for (const Bytes& bytes : cases) EXPECT_FALSE(parse_cmw(bytes));
}

TEST(Cmw, RefusesOverLimits) {
  EXPECT_FALSE(parse_cmw(encode_cmw("a/" + std::string(kCmwTypeSizeLimit, 'b'), {})));
  EXPECT_FALSE(parse_cmw(encode_cmw("a/b", Bytes(kCmwValueSizeLimit + 1))));
  EXPECT_TRUE(parse_cmw(encode_cmw("a/b", Bytes(kCmwValueSizeLimit))));
}

TEST(NoneEvidence, RoundTripsAndRefusesOtherSizes) {
  NoneEvidence claims;
  claims.claimed_measurement.bytes.fill(1);
  claims.claimed_image.bytes.fill(2);
  claims.claimed_signer.bytes.fill(3);
  claims.report_data.bytes.fill(4);
  Bytes bytes = encode_none_evidence(claims);
  EXPECT_EQ(bytes.size(), 160u);
  EXPECT_EQ(parse_none_evidence(bytes), claims);
  EXPECT_FALSE(parse_none_evidence(ByteView(bytes).first(159)));
  bytes.push_back(0);
  EXPECT_FALSE(parse_none_evidence(bytes));
}

TEST(Protections, RoundTripThroughCpuSvn) {
  for (std::uint32_t bits = 0; bits <= kAllProtections.bits; ++bits) {
    EXPECT_EQ(protections_from(protections_to_cpu_svn({bits})), Protections{bits});
  }
  EXPECT_EQ(protection_list({0b101}), "code-sealed, guardian");
  EXPECT_EQ(protection_list({}), "none");
  EXPECT_EQ(protection_index("root-registered"), 6u);
  EXPECT_EQ(protection_index("magic"), std::nullopt);
}

TEST(Protections, UnknownOnesAreRefused) {
  CpuSvn cpu_svn = protections_to_cpu_svn(kAllProtections);
  cpu_svn[7] = 1;
  EXPECT_EQ(protections_from(cpu_svn), std::nullopt);
  cpu_svn[7] = 0;
  cpu_svn[0] = 2;
  EXPECT_EQ(protections_from(cpu_svn), std::nullopt);
}

}  // namespace
}  // namespace brume::evidence

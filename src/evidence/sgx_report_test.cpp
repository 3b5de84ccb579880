#include "evidence/sgx_report.h"

#include <gtest/gtest.h>

#include <numeric>

namespace brume::evidence {
namespace {

// Every field with bytes of its own, at the offsets of the SDM.
Report sample() {
  Report report;
  report.body.cpu_svn.fill(1);
  report.body.misc_select = 0x02030405;
  report.body.isv_ext_prod_id.fill(6);
  report.body.attribute_flags = kAttributeInit | kAttributeDebug;
  report.body.attribute_xfrm = 7;
  report.body.mr_enclave.bytes.fill(8);
  report.body.mr_signer.bytes.fill(9);
  report.body.config_id.fill(10);
  report.body.isv_prod_id = 11;
  report.body.isv_svn = 12;
  report.body.config_svn = 13;
  report.body.isv_family_id.fill(14);
  report.body.report_data.bytes.fill(15);
  report.key_id.fill(16);
  report.mac.fill(17);
  return report;
}

TEST(SgxReport, PutsFieldsWhereTheProcessorDoes) {
  auto bytes = encode_report(sample());
  EXPECT_EQ(bytes[0], 1);
  EXPECT_EQ(bytes[16], 5);
  EXPECT_EQ(bytes[32], 6);
  EXPECT_EQ(bytes[48], 3);
  EXPECT_EQ(bytes[56], 7);
  EXPECT_EQ(bytes[64], 8);
  EXPECT_EQ(bytes[128], 9);
  EXPECT_EQ(bytes[192], 10);
  EXPECT_EQ(bytes[256], 11);
  EXPECT_EQ(bytes[258], 12);
  EXPECT_EQ(bytes[260], 13);
  EXPECT_EQ(bytes[304], 14);
  EXPECT_EQ(bytes[320], 15);
  EXPECT_EQ(bytes[384], 16);
  EXPECT_EQ(bytes[416], 17);
}

TEST(SgxReport, RoundTrips) {
  auto parsed = parse_report(encode_report(sample()));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(*parsed, sample());
  EXPECT_TRUE(parsed->body.debug());
  auto body = parse_report_body(encode_report_body(sample().body));
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(*body, sample().body);
}

TEST(SgxReport, RefusesOtherSizes) {
  auto bytes = encode_report(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parse_report(ByteView(bytes).first(size)));
  Bytes longer(bytes.begin(), bytes.end());
  longer.push_back(0);
  EXPECT_FALSE(parse_report(longer));
  EXPECT_FALSE(parse_report_body(bytes));
}

TEST(SgxReport, RefusesReservedBytesThatAreNotZero) {
  const std::size_t reserved[][2] = {{20, 32}, {96, 128}, {160, 192}, {262, 304}};
  auto bytes = encode_report(sample());
  for (auto [begin, end] : reserved) {
    for (std::size_t at = begin; at < end; ++at) {
      auto changed = bytes;
      changed[at] = 1;
      EXPECT_FALSE(parse_report(changed)) << at;
    }
  }
}

}  // namespace
}  // namespace brume::evidence

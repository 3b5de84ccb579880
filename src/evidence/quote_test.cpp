#include "evidence/quote.h"

#include <gtest/gtest.h>

namespace brume::evidence {
namespace {

struct QuoteParser : testing::Test {
  ReportBody report;
  ByteArray<kReportBodySize> qe_report{};
  Bytes auth_data = Bytes(32, 0x33);
  Bytes chain = Bytes(100, 0x44);
  QuoteAuth auth;
  ByteArray<64> signature{};
  Bytes signed_bytes;
  Bytes bytes;

  void SetUp() override {
    report.mr_enclave.bytes.fill(0x11);
    signature.fill(0x55);
    auth.attestation_key.fill(0x66);
    auth.qe_report_bytes = qe_report;
    auth.qe_report_signature.fill(0x77);
    auth.qe_auth_data = auth_data;
    auth.certification_data = chain;
    signed_bytes = encode_signed_quote_bytes({}, report);
    bytes = encode_sgx_quote(signed_bytes, signature, auth);
  }
  bool accepts(std::size_t at, std::uint8_t value) {
    Bytes changed = bytes;
    changed[at] = value;
    return parse_sgx_quote(changed).has_value();
  }
};

TEST_F(QuoteParser, RoundTrips) {
  auto quote = parse_sgx_quote(bytes);
  ASSERT_TRUE(quote.has_value()) << quote.error().what;
  EXPECT_EQ(quote->header, QuoteHeader{});
  EXPECT_EQ(quote->report, report);
  EXPECT_TRUE(equal(quote->signed_bytes, signed_bytes));
  EXPECT_EQ(quote->signature, signature);
  EXPECT_EQ(quote->auth.attestation_key, auth.attestation_key);
  EXPECT_EQ(quote->auth.qe_report_signature, auth.qe_report_signature);
  EXPECT_TRUE(equal(quote->auth.qe_auth_data, auth_data));
  EXPECT_TRUE(equal(quote->auth.certification_data, chain));
  EXPECT_EQ(quote->padding_size, 0u);
  EXPECT_EQ(encode_sgx_quote(quote->signed_bytes, quote->signature, quote->auth), bytes);
}

TEST_F(QuoteParser, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parse_sgx_quote(ByteView(bytes).first(size)));
}

TEST_F(QuoteParser, CountsZeroPaddingAndRefusesOtherTails) {
  Bytes padded = bytes;
  padded.resize(bytes.size() + 7);
  auto quote = parse_sgx_quote(padded);
  ASSERT_TRUE(quote.has_value());
  EXPECT_EQ(quote->padding_size, 7u);
  padded.back() = 1;
  EXPECT_FALSE(parse_sgx_quote(padded));
  padded.assign(kQuoteSizeLimit + 1, 0);
  std::copy(bytes.begin(), bytes.end(), padded.begin());
  EXPECT_FALSE(parse_sgx_quote(padded));
}

TEST_F(QuoteParser, RefusesOtherVersionsKeyTypesAndVendors) {
  EXPECT_FALSE(accepts(0, 4));
  EXPECT_FALSE(accepts(0, 2));
  EXPECT_FALSE(accepts(1, 1));
  EXPECT_FALSE(accepts(2, 3));
  EXPECT_FALSE(accepts(4, 0x81));
  EXPECT_FALSE(accepts(12, 0));
  EXPECT_TRUE(accepts(8, 1));   // QE SVN
  EXPECT_TRUE(accepts(30, 1));  // user data
}

TEST_F(QuoteParser, RefusesLengthsThatDoNotAddUp) {
  const std::size_t auth_size_at = kSignedQuoteSize;
  const std::size_t qe_auth_size_at = auth_size_at + 4 + 64 + 64 + 384 + 64;
  const std::size_t type_at = qe_auth_size_at + 2 + auth_data.size();
  for (std::size_t at :
       {auth_size_at, auth_size_at + 3, qe_auth_size_at, qe_auth_size_at + 1, type_at + 2, type_at + 5}) {
    EXPECT_FALSE(accepts(at, static_cast<std::uint8_t>(bytes[at] + 1))) << at;
    EXPECT_FALSE(accepts(at, static_cast<std::uint8_t>(bytes[at] - 1))) << at;
    EXPECT_FALSE(accepts(at, 0xff)) << at;
  }
  for (std::uint8_t type : ByteArray<5>{0, 6, 7, 8, 255}) EXPECT_FALSE(accepts(type_at, type));
  for (std::uint8_t type : ByteArray<5>{1, 2, 3, 4, 5}) EXPECT_TRUE(accepts(type_at, type));
}

}  // namespace
}  // namespace brume::evidence

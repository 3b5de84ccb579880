#include "evidence/quote.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace brume::evidence {
namespace {

// One form of quote: a version and what it is of.
struct Form {
  const char* name;
  std::uint16_t version;
  TeeType tee;
  std::size_t body_size;
  std::size_t signed_size;  // Intel TDX DCAP Quoting Library API, A.3 and A.4
};

const Form kForms[] = {
    {"sgx_3", 3, TeeType::kSgx, kReportBodySize, 432},        {"sgx_4", 4, TeeType::kSgx, kReportBodySize, 432},
    {"sgx_5", 5, TeeType::kSgx, kReportBodySize, 438},        {"tdx_4", 4, TeeType::kTdx, kTdReport10Size, 632},
    {"tdx_5_10", 5, TeeType::kTdx, kTdReport10Size, 638},     {"tdx_5_15", 5, TeeType::kTdx, kTdReport15Size, 702},
    {"tdx_5_15ex", 5, TeeType::kTdx, kTdReport15ExSize, 939},
};

QuoteBody body_of(const Form& form) {
  if (form.tee == TeeType::kTdx) {
    Bytes bytes(form.body_size);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i % 249);
    return *parse_td_report(bytes);
  }
  ReportBody report;
  report.mr_enclave.bytes.fill(0x11);
  return report;
}

struct QuoteParser : testing::TestWithParam<Form> {
  QuoteHeader header;
  QuoteBody body = body_of(GetParam());
  ByteArray<kReportBodySize> qe_report{};
  Bytes auth_data = Bytes(32, 0x33);
  Bytes chain = Bytes(100, 0x44);
  QuoteAuth auth;
  ByteArray<64> signature{};
  Bytes signed_bytes;
  Bytes bytes;

  void SetUp() override {
    header.version = GetParam().version;
    header.tee_type = GetParam().tee;
    signature.fill(0x55);
    auth.attestation_key.fill(0x66);
    auth.qe_report_bytes = qe_report;
    auth.qe_report_signature.fill(0x77);
    auth.qe_auth_data = auth_data;
    auth.certification_data = chain;
    signed_bytes = encode_signed_quote_bytes(header, body);
    bytes = encode_quote(header.version, signed_bytes, signature, auth);
  }
  bool accepts(std::size_t at, std::uint8_t value) {
    Bytes changed = bytes;
    changed[at] = value;
    return parse_quote(changed).has_value();
  }
  // Where the QE's certification begins: behind the signature and the attestation key.
  std::size_t certification_at() const { return signed_bytes.size() + 4 + 128 + (header.version == 3 ? 0 : 6); }
};

TEST_P(QuoteParser, RoundTrips) {
  EXPECT_EQ(signed_bytes.size(), GetParam().signed_size);
  auto quote = parse_quote(bytes);
  ASSERT_TRUE(quote.has_value()) << quote.error().what;
  EXPECT_EQ(quote->header, header);
  EXPECT_EQ(quote->body, body);
  EXPECT_EQ(quote->td_report() != nullptr, GetParam().tee == TeeType::kTdx);
  EXPECT_TRUE(equal(quote->signed_bytes, signed_bytes));
  EXPECT_EQ(quote->signature, signature);
  EXPECT_EQ(quote->auth.attestation_key, auth.attestation_key);
  EXPECT_EQ(quote->auth.qe_report_signature, auth.qe_report_signature);
  EXPECT_TRUE(equal(quote->auth.qe_auth_data, auth_data));
  EXPECT_TRUE(equal(quote->auth.certification_data, chain));
  EXPECT_EQ(quote->padding_size, 0u);
  EXPECT_EQ(encode_quote(header.version, quote->signed_bytes, quote->signature, quote->auth), bytes);
}

TEST_P(QuoteParser, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_quote(ByteView(bytes).first(size)).has_value()) << size;
  }
}

TEST_P(QuoteParser, CountsZeroPaddingAndRefusesOtherTails) {
  Bytes padded = bytes;
  padded.resize(bytes.size() + 7);
  auto quote = parse_quote(padded);
  ASSERT_TRUE(quote.has_value());
  EXPECT_EQ(quote->padding_size, 7u);
  padded.back() = 1;
  EXPECT_FALSE(parse_quote(padded));
  padded.assign(kQuoteSizeLimit + 1, 0);
  std::ranges::copy(bytes, padded.begin());
  EXPECT_FALSE(parse_quote(padded));
}

TEST_P(QuoteParser, RefusesOtherVersionsKeyTypesTeesAndVendors) {
  for (std::uint8_t version : ByteArray<5>{0, 1, 2, 6, 255}) EXPECT_FALSE(accepts(0, version)) << +version;
  EXPECT_FALSE(accepts(1, 1));
  EXPECT_FALSE(accepts(2, 3));
  EXPECT_FALSE(accepts(2, 0));
  EXPECT_FALSE(accepts(4, 1));
  EXPECT_FALSE(accepts(4, GetParam().tee == TeeType::kSgx ? 0x81 : 0));
  EXPECT_FALSE(accepts(7, 1));
  EXPECT_FALSE(accepts(12, 0));
  EXPECT_TRUE(accepts(8, 1));   // QE SVN
  EXPECT_TRUE(accepts(30, 1));  // user data
}

// Version 5 says what its body is; that must be known, fit the TEE, and have its size.
TEST_P(QuoteParser, RefusesBodiesThatDoNotFit) {
  if (header.version != 5) return;
  for (std::uint8_t type = 0; type < 8; ++type) EXPECT_EQ(accepts(48, type), type == bytes[48]) << +type;
  EXPECT_FALSE(accepts(49, 1));
  for (std::size_t at = 50; at < 54; ++at) {
    EXPECT_FALSE(accepts(at, static_cast<std::uint8_t>(bytes[at] + 1))) << at;
    EXPECT_FALSE(accepts(at, static_cast<std::uint8_t>(bytes[at] - 1))) << at;
  }
}

TEST_P(QuoteParser, RefusesLengthsThatDoNotAddUp) {
  const std::size_t auth_size_at = signed_bytes.size();
  const std::size_t qe_auth_size_at = certification_at() + 384 + 64;
  const std::size_t type_at = qe_auth_size_at + 2 + auth_data.size();
  std::vector<std::size_t> lengths = {auth_size_at,        auth_size_at + 3, qe_auth_size_at,
                                      qe_auth_size_at + 1, type_at + 2,      type_at + 5};
  if (header.version > 3) lengths.insert(lengths.end(), {certification_at() - 4, certification_at() - 1});
  for (std::size_t at : lengths) {
    EXPECT_FALSE(accepts(at, static_cast<std::uint8_t>(bytes[at] + 1))) << at;
    EXPECT_FALSE(accepts(at, static_cast<std::uint8_t>(bytes[at] - 1))) << at;
    EXPECT_FALSE(accepts(at, 0xff)) << at;
  }
  for (std::uint8_t type : ByteArray<4>{0, 6, 8, 255}) EXPECT_FALSE(accepts(type_at, type)) << +type;
  for (std::uint8_t type : ByteArray<6>{1, 2, 3, 4, 5, 7}) EXPECT_TRUE(accepts(type_at, type)) << +type;
}

// From version 4 on the certification lies within type 6, and only there.
TEST_P(QuoteParser, RefusesOtherOuterCertificationTypes) {
  if (header.version == 3) return;
  const std::size_t outer_at = certification_at() - 6;
  for (std::uint8_t type = 0; type < 9; ++type) EXPECT_EQ(accepts(outer_at, type), type == 6) << +type;
}

INSTANTIATE_TEST_SUITE_P(Each, QuoteParser, testing::ValuesIn(kForms),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace brume::evidence

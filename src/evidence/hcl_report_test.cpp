#include "evidence/hcl_report.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace brume::evidence {
namespace {

HclReport sample() {
  HclReport out;
  out.request_type = 2;
  out.hardware_report = Bytes(1184, 7);
  out.runtime_data = to_bytes(as_bytes("{\"keys\":[]}"));
  out.padding_size = 100;
  return out;
}

TEST(HclReport, RoundTrips) {
  for (const std::uint32_t version : {1u, 2u}) {
    HclReport report = sample();
    report.version = version;
    const Bytes bytes = encode_hcl_report(report);
    EXPECT_TRUE(looks_like_hcl_report(bytes));
    auto read = parse_hcl_report(bytes);
    ASSERT_TRUE(read.has_value()) << read.error().what;
    EXPECT_EQ(read->runtime_data, report.runtime_data);
    EXPECT_EQ(read->hardware_report, report.hardware_report);
    EXPECT_EQ(read->padding_size, 100u);
    EXPECT_EQ(encode_hcl_report(*read), bytes);
  }
}

TEST(HclReport, RefusesEveryTruncationAndWhatStandsAfterIt) {
  HclReport report = sample();
  report.padding_size = 0;
  Bytes bytes = encode_hcl_report(report);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_hcl_report(ByteView(bytes).first(size)).has_value()) << size;
  }
  bytes.push_back(1);
  EXPECT_FALSE(parse_hcl_report(bytes).has_value());
  EXPECT_EQ(parse_hcl_report(Bytes(kHclReportSizeLimit + 1)).error().code, ErrorCode::kLimit);
}

TEST(HclReport, RefusesAnyOtherHead) {
  const Bytes good = encode_hcl_report(sample());
  const auto ok = [&](std::size_t offset, std::uint8_t value) {
    Bytes bytes = good;
    bytes[offset] = value;
    return parse_hcl_report(bytes).has_value();
  };
  EXPECT_FALSE(ok(0, 'X'));
  EXPECT_FALSE(ok(4, 3));
  EXPECT_FALSE(ok(8, 0));
  EXPECT_FALSE(ok(16, 1));
  EXPECT_FALSE(ok(20, 1));
  constexpr std::size_t kData = 32 + 1184;
  EXPECT_FALSE(ok(kData, 0));
  EXPECT_FALSE(ok(kData + 4, 2));
  EXPECT_FALSE(ok(kData + 8, 3));
  EXPECT_TRUE(ok(kData + 8, 4));
  EXPECT_FALSE(ok(kData + 12, 0));
  EXPECT_FALSE(ok(kData + 12, 4));
  EXPECT_FALSE(ok(kData + 16, 0xff));
}

TEST(HclReport, IsBoundByTheHashOfItsRuntimeDataAndZeros) {
  HclReport report = sample();
  ReportData data;
  const Sha256Digest digest = crypto::sha256(report.runtime_data);
  std::memcpy(data.bytes.data(), digest.bytes.data(), digest.bytes.size());
  EXPECT_TRUE(report.bound_by(data));
  for (const std::size_t i : {0u, 31u, 32u, 63u}) {
    ReportData other = data;
    other.bytes[i] ^= 1;
    EXPECT_FALSE(report.bound_by(other)) << i;
  }
  report.runtime_data.back() ^= 1;
  EXPECT_FALSE(report.bound_by(data));
  report.hash = HclHashType::kSha512;
  EXPECT_TRUE(report.bound_by(ReportData{crypto::sha512(report.runtime_data).bytes}));
}

}  // namespace
}  // namespace brume::evidence

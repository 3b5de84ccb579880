#include "tee/quoting_enclave.h"

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "evidence/quote.h"

namespace brume::tee {
namespace {

constexpr UnixMs kNow = 1'790'000'000'000;

class QuotingEnclaveTest : public testing::Test {
 protected:
  PlatformKeys keys() {
    auto issued = root_.issue_platform(random_, {.now_ms = kNow});
    EXPECT_TRUE(issued.has_value());
    return *std::move(issued);
  }
  Bytes report_for(const Processor& processor, const QuotingEnclave& quoter) {
    Secs secs;
    secs.measurement.bytes[0] = 1;
    ReportData data;
    data.bytes[63] = 9;
    const auto target = parse_target_info(quoter.target_info());
    EXPECT_TRUE(target.has_value());
    return to_bytes(evidence::encode_report(processor.ereport(secs, *target, data)));
  }

  crypto::SystemRandom random_;
  SimRoot root_ = SimRoot::create(random_, kNow);
};

TEST_F(QuotingEnclaveTest, QuotesWhatTheProcessorReported) {
  const PlatformKeys platform = keys();
  const Processor processor(platform.fuse_secret, random_);
  const QuotingEnclave quoter(platform, processor, random_);
  const auto bytes = quoter.quote(report_for(processor, quoter));
  ASSERT_TRUE(bytes.has_value()) << bytes.error().what;
  const auto quote = evidence::parse_quote(*bytes);
  ASSERT_TRUE(quote.has_value()) << quote.error().what;
  EXPECT_EQ(quote->sgx_report()->mr_enclave.bytes[0], 1);
  EXPECT_EQ(quote->sgx_report()->report_data.bytes[63], 9);
  const auto key = crypto::EcPublicKey::from_raw(quote->auth.attestation_key);
  ASSERT_TRUE(key.has_value());
  EXPECT_TRUE(key->verify_raw(quote->signed_bytes, quote->signature));
  EXPECT_TRUE(platform.pck_key.public_key().verify_raw(quote->auth.qe_report_bytes, quote->auth.qe_report_signature));
  const Sha256Digest hash = evidence::attestation_key_hash(quote->auth.attestation_key, quote->auth.qe_auth_data);
  EXPECT_TRUE(equal(ByteView(quote->auth.qe_report.report_data.bytes).first(32), hash.view()));
}

TEST_F(QuotingEnclaveTest, RefusesReportsThatItCannotCheck) {
  const PlatformKeys platform = keys();
  const Processor processor(platform.fuse_secret, random_);
  const QuotingEnclave quoter(platform, processor, random_);
  const Bytes good = report_for(processor, quoter);
  // Another report data, another MAC, another key id.
  for (const std::size_t at : {std::size_t{320}, std::size_t{384}, std::size_t{431}}) {
    Bytes changed = good;
    changed[at] ^= 1;
    EXPECT_FALSE(quoter.quote(changed).has_value()) << at;
  }
  // The same platform after a restart, and another platform.
  const Processor restarted(platform.fuse_secret, random_);
  EXPECT_FALSE(quoter.quote(report_for(restarted, quoter)).has_value());
  const Processor other(keys().fuse_secret, random_);
  EXPECT_FALSE(quoter.quote(report_for(other, quoter)).has_value());
  EXPECT_FALSE(quoter.quote(ByteView(good).first(431)).has_value());
}

TEST_F(QuotingEnclaveTest, RefusesReportsForAnotherTarget) {
  const PlatformKeys platform = keys();
  const Processor processor(platform.fuse_secret, random_);
  const QuotingEnclave quoter(platform, processor, random_);
  auto target = parse_target_info(quoter.target_info());
  ASSERT_TRUE(target.has_value());
  target->measurement.bytes[0] ^= 1;
  const auto report = processor.ereport({}, *target, {});
  EXPECT_FALSE(quoter.quote(evidence::encode_report(report)).has_value());
}

}  // namespace
}  // namespace brume::tee

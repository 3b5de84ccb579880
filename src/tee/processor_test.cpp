#include "tee/processor.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "crypto/random.h"

namespace brume::tee {
namespace {

class ProcessorTest : public ::testing::Test {
 protected:
  ProcessorTest() {
    secs_.cpu_svn = evidence::protections_to_cpu_svn(evidence::kAllProtections);
    secs_.attributes = {measure::kFlagInit | measure::kFlagMode64 | measure::kFlagKss, 0xE7};
    secs_.measurement.bytes.fill(1);
    secs_.signer.bytes.fill(2);
    secs_.config_id.fill(3);
    secs_.config_svn = 1;
    secs_.isv_prod_id = 4;
    secs_.isv_svn = 5;
    secs_.isv_ext_prod_id.fill(6);
    secs_.isv_family_id.fill(7);
    target_.measurement.bytes.fill(9);
    data_.bytes.fill(8);
    seal_.name = static_cast<std::uint16_t>(KeyName::kSeal);
    seal_.policy = kPolicyMrEnclave;
    seal_.isv_svn = 5;
  }

  crypto::Key32 fuses(std::uint8_t fill) { return *crypto::Key32::from(Bytes(32, fill)); }
  Key16 seal_key(const Secs& secs, const KeyRequest& request) { return *processor_.egetkey(secs, request); }

  crypto::SystemRandom random_;
  Processor processor_{fuses(1), random_};
  Secs secs_;
  TargetInfo target_;
  ReportData data_;
  KeyRequest seal_;
};

TEST_F(ProcessorTest, ReportsAreForTheirTargetOnly) {
  const auto report = processor_.ereport(secs_, target_, data_);
  EXPECT_TRUE(processor_.verify_report(target_, report));
  TargetInfo other = target_;
  other.measurement.bytes[0] ^= 1;
  EXPECT_FALSE(processor_.verify_report(other, report));
  other = target_;
  other.attributes.flags ^= measure::kFlagDebug;
  EXPECT_FALSE(processor_.verify_report(other, report));
}

TEST_F(ProcessorTest, ReportsOfAnotherPlatformOrBootAreRefused) {
  const auto report = processor_.ereport(secs_, target_, data_);
  EXPECT_FALSE(Processor(fuses(2), random_).verify_report(target_, report));
  EXPECT_FALSE(Processor(fuses(1), random_).verify_report(target_, report)) << "the same platform, started again";
}

TEST_F(ProcessorTest, AnyChangeOfAReportIsSeen) {
  const auto good = evidence::encode_report(processor_.ereport(secs_, target_, data_));
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] ^= 1;
    auto parsed = evidence::parse_report(bad);
    EXPECT_FALSE(parsed && processor_.verify_report(target_, *parsed)) << at;
  }
}

TEST_F(ProcessorTest, TheTargetsReportKeyChecksTheMac) {
  const auto report = processor_.ereport(secs_, target_info_of(secs_), data_);
  KeyRequest request;
  request.name = static_cast<std::uint16_t>(KeyName::kReport);
  request.key_id = report.key_id;
  auto key = processor_.egetkey(secs_, request);
  ASSERT_TRUE(key);
  EXPECT_EQ(crypto::aes128_cmac(key->reveal(), evidence::encode_report_body(report.body)), report.mac);
}

TEST_F(ProcessorTest, SealingKeysDependOnWhatTheyShould) {
  const Key16 key = seal_key(secs_, seal_);
  EXPECT_TRUE(seal_key(secs_, seal_) == key);
  EXPECT_FALSE(*Processor(fuses(2), random_).egetkey(secs_, seal_) == key) << "platform";
  EXPECT_TRUE(*Processor(fuses(1), random_).egetkey(secs_, seal_) == key) << "survives a restart";
  Secs other = secs_;
  other.measurement.bytes[5] ^= 1;
  EXPECT_FALSE(seal_key(other, seal_) == key) << "program";
  other = secs_;
  other.attributes.flags |= measure::kFlagDebug;
  EXPECT_FALSE(seal_key(other, seal_) == key) << "debug";
  KeyRequest request = seal_;
  request.key_id[0] = 1;
  EXPECT_FALSE(seal_key(secs_, request) == key) << "key id";
  request = seal_;
  request.isv_svn = 4;
  EXPECT_FALSE(seal_key(secs_, request) == key) << "an earlier version's key";
}

TEST_F(ProcessorTest, PolicyBitsChooseTheDependencies) {
  Secs other = secs_;
  other.measurement.bytes[5] ^= 1;
  seal_.policy = kPolicyMrSigner;
  EXPECT_TRUE(seal_key(other, seal_) == seal_key(secs_, seal_)) << "signer only";
  other = secs_;
  other.isv_prod_id = 99;
  EXPECT_FALSE(seal_key(other, seal_) == seal_key(secs_, seal_));
  seal_.policy = kPolicyMrSigner | kPolicyNoProductId;
  EXPECT_TRUE(seal_key(other, seal_) == seal_key(secs_, seal_));
  other = secs_;
  other.config_id[0] ^= 1;
  EXPECT_TRUE(seal_key(other, seal_) == seal_key(secs_, seal_));
  seal_.policy = kPolicyMrSigner | kPolicyConfigId;
  EXPECT_FALSE(seal_key(other, seal_) == seal_key(secs_, seal_)) << "image digest";
}

TEST_F(ProcessorTest, RefusesKeysAheadOfTheEnclave) {
  KeyRequest request = seal_;
  request.isv_svn = 6;
  EXPECT_EQ(processor_.egetkey(secs_, request).error(), KeyError::kInvalidIsvSvn);
  request = seal_;
  request.config_svn = 2;
  EXPECT_EQ(processor_.egetkey(secs_, request).error(), KeyError::kInvalidIsvSvn);
  request = seal_;
  request.cpu_svn = secs_.cpu_svn;
  EXPECT_TRUE(processor_.egetkey(secs_, request));
  Secs weaker = secs_;
  weaker.cpu_svn[1] = 0;
  EXPECT_EQ(processor_.egetkey(weaker, request).error(), KeyError::kInvalidCpuSvn)
      << "a host that lost a protection does not open what was sealed with it";
}

TEST_F(ProcessorTest, RefusesNamesAndPoliciesItDoesNotKnow) {
  KeyRequest request = seal_;
  for (int name : {0, 1, 2, 5, 0xFFFF}) {
    request.name = static_cast<std::uint16_t>(name);
    EXPECT_EQ(processor_.egetkey(secs_, request).error(), KeyError::kInvalidKeyName) << name;
  }
  request = seal_;
  request.policy |= 0x40;
  EXPECT_EQ(processor_.egetkey(secs_, request).error(), KeyError::kInvalidAttribute);
}

template <typename Value>
void refuses_other_bytes(const Bytes& good, Result<Value> (*parse)(ByteView), std::size_t reserved_at) {
  ASSERT_EQ(good.size(), 512u);
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse(ByteView(good).first(size)));
  Bytes bad = good;
  bad.push_back(0);
  EXPECT_FALSE(parse(bad));
  for (std::size_t at = reserved_at; at < good.size(); ++at) {
    bad = good;
    bad[at] = 1;
    EXPECT_FALSE(parse(bad)) << at;
  }
}

TEST_F(ProcessorTest, TargetInfoComesBack) {
  const TargetInfo target = target_info_of(secs_);
  const Bytes bytes = encode_target_info(target);
  EXPECT_EQ(*parse_target_info(bytes), target);
  refuses_other_bytes(bytes, parse_target_info, 128);
}

TEST_F(ProcessorTest, KeyRequestComesBack) {
  KeyRequest request = seal_;
  request.attribute_mask = {0x1234, 0x5678};
  request.misc_mask = 7;
  const Bytes bytes = encode_key_request(request);
  EXPECT_EQ(*parse_key_request(bytes), request);
  refuses_other_bytes(bytes, parse_key_request, 78);
}

}  // namespace
}  // namespace brume::tee

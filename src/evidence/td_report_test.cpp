#include "evidence/td_report.h"

#include <gtest/gtest.h>

namespace brume::evidence {
namespace {

// Every byte another value than its neighbours', so that fields that swap places are noticed.
Bytes counted(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i % 251);
  return out;
}

TEST(TdReport, RoundTripsInEveryVersion) {
  for (std::size_t size : {kTdReport10Size, kTdReport15Size, kTdReport15ExSize}) {
    const Bytes bytes = counted(size);
    auto report = parse_td_report(bytes);
    ASSERT_TRUE(report.has_value()) << size;
    EXPECT_EQ(report->size(), size);
    EXPECT_EQ(encode_td_report(*report), bytes);
  }
}

TEST(TdReport, RefusesEveryOtherSize) {
  for (std::size_t size = 0; size < 1000; ++size) {
    const bool known = size == kTdReport10Size || size == kTdReport15Size || size == kTdReport15ExSize;
    EXPECT_EQ(parse_td_report(counted(size)).has_value(), known) << size;
  }
}

// The offsets of the specification, one by one.
TEST(TdReport, ReadsFieldsWhereTheyStand) {
  const Bytes bytes = counted(kTdReport15ExSize);
  const auto at = [](std::size_t offset) { return static_cast<std::uint8_t>(offset % 251); };
  const TdReport report = *parse_td_report(bytes);
  EXPECT_EQ(report.tee_tcb_svn[0], at(0));
  EXPECT_EQ(report.mr_seam.bytes[0], at(16));
  EXPECT_EQ(report.mr_signer_seam.bytes[0], at(64));
  EXPECT_EQ(report.seam_attributes & 0xff, at(112));
  EXPECT_EQ(report.td_attributes & 0xff, at(120));
  EXPECT_EQ(report.xfam & 0xff, at(128));
  EXPECT_EQ(report.mr_td.bytes[0], at(136));
  EXPECT_EQ(report.mr_config_id.bytes[0], at(184));
  EXPECT_EQ(report.mr_owner.bytes[0], at(232));
  EXPECT_EQ(report.mr_owner_config.bytes[0], at(280));
  for (std::size_t i = 0; i < kRtmrCount; ++i) EXPECT_EQ(report.rtmr[i].bytes[0], at(328 + 48 * i));
  EXPECT_EQ(report.report_data.bytes[0], at(520));
  EXPECT_EQ(report.v15->tee_tcb_svn2[0], at(584));
  EXPECT_EQ(report.v15->mr_service_td.bytes[0], at(600));
  EXPECT_EQ(report.v15_ex->vm_id, at(648));
  EXPECT_EQ(report.v15_ex->td_id[0], at(649));
  EXPECT_EQ(report.v15_ex->init_service_td_hash.bytes[0], at(729));
  EXPECT_EQ(report.v15_ex->current_service_td_attributes & 0xff, at(877));
}

TEST(TdReport, AnyBitUnderDebugIsDebug) {
  TdReport report;
  report.td_attributes = kTdAttributeSeptVeDisable | kTdAttributePerfmon;
  EXPECT_FALSE(report.debug());
  for (int bit = 0; bit < 8; ++bit) {
    report.td_attributes = 1ull << bit;
    EXPECT_TRUE(report.debug()) << bit;
  }
}

}  // namespace
}  // namespace brume::evidence

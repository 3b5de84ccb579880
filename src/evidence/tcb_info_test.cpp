#include "evidence/tcb_info.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "evidence/time.h"

namespace brume::evidence {
namespace {

std::string components(int first) {
  std::string out;
  for (int i = 0; i < 16; ++i)
    out += std::string(i == 0 ? "" : ",") + "{\"svn\":" + std::to_string(i == 0 ? first : 0) + "}";
  return "[" + out + "]";
}

std::string level(int first, int pce, const std::string& status) {
  return "{\"tcb\":{\"sgxtcbcomponents\":" + components(first) + ",\"pcesvn\":" + std::to_string(pce) +
         "},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"" + status + "\",\"advisoryIDs\":[\"A-1\",\"A-2\"]}";
}

std::string body(const std::string& levels) {
  return "{\"id\":\"SGX\",\"version\":3,\"issueDate\":\"2025-01-01T00:00:00Z\",\"nextUpdate\":\"2025-02-01T00:00:00Z\","
         "\"fmspc\":\"00606a000000\",\"pceId\":\"0001\",\"tcbType\":0,\"tcbEvaluationDataNumber\":17,\"tcbLevels\":[" +
         levels + "]}";
}

std::string document(const std::string& body) {
  return "{\"tcbInfo\":" + body + ",\"signature\":\"" + std::string(128, 'a') + "\"}";
}

const std::string kGood = body(level(2, 5, "UpToDate") + "," + level(1, 5, "OutOfDate"));

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(TcbInfo, ReadsAllFieldsAndKeepsSignedBytes) {
  auto parsed = parse_tcb_info(document(kGood));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().what;
  EXPECT_EQ(as_chars(parsed->signed_bytes), kGood);
  EXPECT_EQ(parsed->signature[0], 0xaa);
  const TcbInfo& info = parsed->info_unverified;
  EXPECT_EQ(info.id, TcbInfoId::kSgx);
  EXPECT_EQ(info.issue_date_ms, parse_time("2025-01-01T00:00:00Z"));
  EXPECT_EQ(info.next_update_ms, parse_time("2025-02-01T00:00:00Z"));
  EXPECT_EQ(info.fmspc, (Fmspc{0x00, 0x60, 0x6a, 0, 0, 0}));
  EXPECT_EQ(info.pce_id, (PceId{0, 1}));
  EXPECT_EQ(info.evaluation_data_number, 17u);
  ASSERT_EQ(info.levels.size(), 2u);
  EXPECT_EQ(info.levels[0].sgx_component_svns[0], 2);
  EXPECT_EQ(info.levels[0].pce_svn, 5);
  EXPECT_EQ(info.levels[0].status, TcbStatus::kUpToDate);
  EXPECT_EQ(info.levels[1].advisories, (std::vector<std::string>{"A-1", "A-2"}));
}

// Signatures are over the bytes as received: white space inside belongs to them, outside does not.
TEST(TcbInfo, KeepsInnerWhiteSpaceAndDropsOuter) {
  std::string spaced = replaced(kGood, "\"version\":3", "\"version\" : 3");
  auto parsed = parse_tcb_info(" {\n\"tcbInfo\" :\t" + spaced + " ,\"signature\":\"" + std::string(128, 'a') + "\"}\n");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().what;
  EXPECT_EQ(as_chars(parsed->signed_bytes), spaced);
}

TEST(TcbInfo, ReadsVersion2) {
  std::string tcb;
  for (int i = 1; i <= 16; ++i)
    tcb += "\"sgxtcbcomp" + std::string(i < 10 ? "0" : "") + std::to_string(i) + "svn\":" + std::to_string(i) + ",";
  std::string text = replaced(replaced(kGood, "\"id\":\"SGX\",\"version\":3", "\"version\":2"),
                              "\"sgxtcbcomponents\":" + components(2) + ",", tcb);
  EXPECT_FALSE(parse_tcb_info(document(text)));  // the second level is still of version 3
  text = replaced(text, "\"sgxtcbcomponents\":" + components(1) + ",", tcb);
  auto parsed = parse_tcb_info(document(text));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().what;
  EXPECT_EQ(parsed->info_unverified.version, 2u);
  EXPECT_EQ(parsed->info_unverified.levels[0].sgx_component_svns[15], 16);
}

TEST(TcbInfo, SortsLevelsDescending) {
  auto parsed = parse_tcb_info(
      document(body(level(1, 5, "OutOfDate") + "," + level(2, 4, "OutOfDate") + "," + level(2, 5, "UpToDate"))));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->info_unverified.levels[0].status, TcbStatus::kUpToDate);
  EXPECT_EQ(parsed->info_unverified.levels[2].sgx_component_svns[0], 1);
}

TEST(TcbInfo, MatchesFirstLevelAtMostThePlatforms) {
  auto info = parse_tcb_info(document(kGood))->info_unverified;
  PckExtension platform;
  platform.component_svns[0] = 2;
  platform.pce_svn = 5;
  EXPECT_EQ(matching_sgx_level(info, platform)->status, TcbStatus::kUpToDate);
  platform.component_svns[0] = 1;
  EXPECT_EQ(matching_sgx_level(info, platform)->status, TcbStatus::kOutOfDate);
  platform.component_svns[0] = 255;
  platform.pce_svn = 4;
  EXPECT_EQ(matching_sgx_level(info, platform), nullptr);
}

struct Replacement {
  const char* name;
  const char* from;
  const char* to;
};
class TcbInfoField : public testing::TestWithParam<Replacement> {};

TEST_P(TcbInfoField, IsRefused) {
  EXPECT_FALSE(parse_tcb_info(replaced(document(kGood), GetParam().from, GetParam().to)));
}

const Replacement kReplacements[] = {
    {"version_1", "\"version\":3", "\"version\":1"},
    {"version_4", "\"version\":3", "\"version\":4"},
    {"version_2_with_id", "\"version\":3", "\"version\":2"},
    {"no_id", "\"id\":\"SGX\",", ""},
    {"unknown_id", "\"id\":\"SGX\"", "\"id\":\"SGX2\""},
    {"tdx_without_tdx", "\"id\":\"SGX\"", "\"id\":\"TDX\""},
    {"unknown_status", "UpToDate", "UpToDate2"},
    {"unknown_field", "\"tcbType\":0", "\"tcbType\":0,\"more\":0"},
    {"duplicate_field", "\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0"},
    {"missing_field", "\"tcbType\":0,", ""},
    {"unknown_type", "\"tcbType\":0", "\"tcbType\":1"},
    {"number_as_text", "\"tcbType\":0", "\"tcbType\":\"0\""},
    {"negative_number", "\"pcesvn\":5", "\"pcesvn\":-5"},
    {"fraction", "\"pcesvn\":5", "\"pcesvn\":5.0"},
    {"leading_zero", "\"pcesvn\":5", "\"pcesvn\":05"},
    {"svn_too_large", "{\"svn\":2}", "{\"svn\":256}"},
    {"pcesvn_too_large", "\"pcesvn\":5", "\"pcesvn\":65536"},
    {"component_missing", "{\"svn\":2},", ""},
    {"component_too_many", "{\"svn\":2},", "{\"svn\":2},{\"svn\":2},"},
    {"date_without_zone", "2024-03-13T00:00:00Z", "2024-03-13T00:00:00"},
    {"date_that_is_none", "2024-03-13", "2024-02-30"},
    {"fmspc_short", "00606a000000", "00606a0000"},
    {"fmspc_not_hex", "00606a000000", "00606g000000"},
    {"escape", "A-1", "A\\u002d1"},
    {"control_character", "A-1", "A\n1"},
    {"not_ascii", "A-1", "A\xc3\xa4"},
    {"trailing_comma", "\"A-2\"]", "\"A-2\",]"},
    {"short_signature", "\"signature\":\"aa", "\"signature\":\"a"},
    {"second_document", "\"signature\"", "\"tcbInfo\":{},\"signature\""},
    {"null", "\"pcesvn\":5", "\"pcesvn\":null"},
};
INSTANTIATE_TEST_SUITE_P(Each, TcbInfoField, testing::ValuesIn(kReplacements),
                         [](const auto& info) { return info.param.name; });

TEST(TcbInfo, RefusesTruncationTrailingBytesAndNoLevels) {
  std::string text = document(kGood);
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_tcb_info(text.substr(0, size)));
  EXPECT_FALSE(parse_tcb_info(text + "}"));
  EXPECT_FALSE(parse_tcb_info(text + std::string(1, '\0')));
  EXPECT_FALSE(parse_tcb_info(document(body(""))));
}

TEST(TcbInfo, RefusesWhatIsOverALimit) {
  EXPECT_FALSE(parse_tcb_info(std::string(kTcbInfoSizeLimit + 1, ' ')));
  EXPECT_FALSE(parse_tcb_info(std::string(kTcbInfoSizeLimit, '[')));
  EXPECT_FALSE(parse_tcb_info("{\"tcbInfo\":" + std::string(100000, '{')));
  std::string many;
  for (std::size_t i = 0; i <= kTcbLevelsLimit; ++i) many += (i == 0 ? "" : ",") + level(1, 1, "UpToDate");
  EXPECT_FALSE(parse_tcb_info(document(body(many))));
}

TEST(TcbStatus, ConvergesByTheTable) {
  using enum TcbStatus;
  EXPECT_EQ(converge(kUpToDate, kUpToDate), kUpToDate);
  EXPECT_EQ(converge(kUpToDate, kOutOfDate), kOutOfDate);
  EXPECT_EQ(converge(kSwHardeningNeeded, kOutOfDate), kOutOfDate);
  EXPECT_EQ(converge(kConfigurationNeeded, kOutOfDate), kOutOfDateConfigurationNeeded);
  EXPECT_EQ(converge(kConfigurationAndSwHardeningNeeded, kOutOfDate), kOutOfDateConfigurationNeeded);
  EXPECT_EQ(converge(kOutOfDateConfigurationNeeded, kOutOfDate), kOutOfDateConfigurationNeeded);
  EXPECT_EQ(converge(kSwHardeningNeeded, kUpToDate), kSwHardeningNeeded);
  EXPECT_EQ(converge(kUpToDate, kRevoked), kRevoked);
  EXPECT_EQ(converge(kRevoked, kUpToDate), kRevoked);
  EXPECT_EQ(converge(kRevoked, kOutOfDate), kRevoked);
}

// Intel QVL, TDRelaunchCheck (2026): every pair of launch and current.
TEST(TcbStatus, AdvisesRelaunchOnlyFromOldToCurrent) {
  using enum TcbStatus;
  const TcbStatus current[] = {kUpToDate, kSwHardeningNeeded, kConfigurationNeeded, kConfigurationAndSwHardeningNeeded};
  for (int i = 0; i < 7; ++i) {
    for (int j = 0; j < 7; ++j) {
      const auto launch = static_cast<TcbStatus>(i);
      const auto now = static_cast<TcbStatus>(j);
      const bool old = launch == kOutOfDate || launch == kOutOfDateConfigurationNeeded;
      TcbStatus expected = launch;
      if (old && std::ranges::find(current, now) != std::end(current)) {
        const bool plain = launch == kOutOfDate && (now == kUpToDate || now == kSwHardeningNeeded);
        expected = plain ? kTdRelaunchAdvised : kTdRelaunchAdvisedConfigurationNeeded;
      }
      EXPECT_EQ(relaunch_status(launch, now), expected) << i << " " << j;
    }
  }
}

TEST(TcbStatus, NamesRoundTripAndOthersAreUnknown) {
  for (int i = 0; i < 9; ++i) {
    auto status = static_cast<TcbStatus>(i);
    EXPECT_EQ(tcb_verdict_from(tcb_status_name(status)), status);
    // TCB info does not know the verdicts on TDs.
    EXPECT_EQ(tcb_status_from(tcb_status_name(status)).has_value(), i < 7);
  }
  EXPECT_EQ(tcb_status_from(""), std::nullopt);
  EXPECT_EQ(tcb_status_from("uptodate"), std::nullopt);
}

TEST(Time, ReadsExactFormAndRealDates) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_time("2024-02-29T23:59:59Z"), 1709251199000);
  EXPECT_EQ(format_time(1709251199000), "2024-02-29T23:59:59Z");
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00Z");
  for (const char* bad :
       {"", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:60Z", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00z", "1969-12-31T23:59:59Z",
        "2024-1-01T00:00:00ZZ", "+024-01-01T00:00:00Z"}) {
    EXPECT_EQ(parse_time(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace brume::evidence

// TCB info of TDX: its own fields, and the levels that a TD and its module reach.
#include <gtest/gtest.h>

#include "evidence/tcb_info.h"

namespace brume::evidence {
namespace {

std::string components(std::vector<int> first) {
  std::string out;
  for (std::size_t i = 0; i < 16; ++i) {
    out += std::string(i == 0 ? "" : ",") + "{\"svn\":" + std::to_string(i < first.size() ? first[i] : 0) + "}";
  }
  return "[" + out + "]";
}

std::string level(int sgx, std::vector<int> tdx, const std::string& status) {
  return "{\"tcb\":{\"sgxtcbcomponents\":" + components({sgx}) +
         ",\"pcesvn\":5,\"tdxtcbcomponents\":" + components(std::move(tdx)) +
         "},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"" + status + "\"}";
}

const std::string kZeros(96, '0');
const std::string kAttributes = "\"attributes\":\"0000000000000000\",\"attributesMask\":\"FFFFFFFFFFFFFFFF\"";

std::string module_level(int svn, const std::string& status) {
  return "{\"tcb\":{\"isvsvn\":" + std::to_string(svn) + "},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"" +
         status + "\"}";
}

std::string document() {
  return "{\"tcbInfo\":{\"id\":\"TDX\",\"version\":3,\"issueDate\":\"2025-01-01T00:00:00Z\","
         "\"nextUpdate\":\"2025-02-01T00:00:00Z\",\"fmspc\":\"00606a000000\",\"pceId\":\"0001\",\"tcbType\":0,"
         "\"tcbEvaluationDataNumber\":17,\"tdxModule\":{\"mrsigner\":\"" +
         kZeros + "\"," + kAttributes + "},\"tdxModuleIdentities\":[{\"id\":\"TDX_0a\",\"mrsigner\":\"" + kZeros +
         "\"," + kAttributes + ",\"tcbLevels\":[" + module_level(2, "OutOfDate") + "," + module_level(4, "UpToDate") +
         "]}],\"tcbLevels\":[" + level(2, {5, 0, 7}, "UpToDate") + "," + level(2, {3, 0, 6}, "SWHardeningNeeded") +
         "," + level(1, {3, 0, 6}, "OutOfDate") + "]},\"signature\":\"" + std::string(128, 'a') + "\"}";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TcbInfo info() {
  auto parsed = parse_tcb_info(document());
  EXPECT_TRUE(parsed.has_value()) << parsed.error().what;
  return parsed->info_unverified;
}

PckExtension platform(std::uint8_t component) {
  PckExtension out;
  out.component_svns[0] = component;
  out.pce_svn = 5;
  return out;
}

TEST(TcbInfoTdx, MatchesAllComponentsWhereTheModulesVersionIsZero) {
  const TcbInfo tdx = info();
  EXPECT_EQ(matching_tdx_level(tdx, platform(2), {5, 0, 7})->status, TcbStatus::kUpToDate);
  EXPECT_EQ(matching_tdx_level(tdx, platform(2), {4, 0, 7})->status, TcbStatus::kSwHardeningNeeded);
  EXPECT_EQ(matching_tdx_level(tdx, platform(1), {5, 0, 7})->status, TcbStatus::kOutOfDate);
  EXPECT_EQ(matching_tdx_level(tdx, platform(2), {2, 0, 7}), nullptr);
  EXPECT_EQ(matching_tdx_level(tdx, platform(2), {5, 0, 5}), nullptr);
  PckExtension old_pce = platform(2);
  old_pce.pce_svn = 4;
  EXPECT_EQ(matching_tdx_level(tdx, old_pce, {5, 0, 7}), nullptr);
}

// Components 0 and 1 are the module's, which has levels of its own from version 1 on.
TEST(TcbInfoTdx, LeavesOutTheModulesComponentsFromVersionOneOn) {
  const TcbInfo tdx = info();
  EXPECT_EQ(matching_tdx_level(tdx, platform(2), {0, 1, 7})->status, TcbStatus::kUpToDate);
  EXPECT_EQ(matching_tdx_level(tdx, platform(2), {0, 1, 6})->status, TcbStatus::kSwHardeningNeeded);
  EXPECT_EQ(matching_tdx_level(tdx, platform(2), {9, 1, 5}), nullptr);
}

TEST(TcbInfoTdx, FindsModulesByVersionInEitherCase) {
  const TcbInfo tdx = info();
  const TdxModuleIdentity* identity = find_module_identity(tdx, 0x0a);
  ASSERT_NE(identity, nullptr);
  EXPECT_EQ(find_module_identity(tdx, 1), nullptr);
  EXPECT_EQ(find_module_identity(tdx, 0xa0), nullptr);
  EXPECT_EQ(matching_module_level(*identity, 5)->status, TcbStatus::kUpToDate);
  EXPECT_EQ(matching_module_level(*identity, 4)->status, TcbStatus::kUpToDate);
  EXPECT_EQ(matching_module_level(*identity, 3)->status, TcbStatus::kOutOfDate);
  EXPECT_EQ(matching_module_level(*identity, 1), nullptr);
}

TEST(TcbInfoTdx, RefusesWhatDoesNotBelongTogether) {
  const char* const cases[][2] = {
      {"\"id\":\"TDX\"", "\"id\":\"SGX\""},
      {"\"version\":3", "\"version\":2"},
      {",\"tdxtcbcomponents\":", ",\"tdxcomponents\":"},
      {"{\"isvsvn\":2},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"OutOfDate\"",
       "{\"isvsvn\":2},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"ConfigurationNeeded\""},
      {"{\"isvsvn\":2}", "{\"isvsvn\":256}"},
      {"\"tdxModule\":", "\"tdxModul\":"},
      {"\"attributes\":\"0000000000000000\"", "\"attributes\":\"00000000000000\""},
  };
  EXPECT_TRUE(parse_tcb_info(document()).has_value());
  for (const auto& [from, to] : cases) EXPECT_FALSE(parse_tcb_info(replaced(document(), from, to))) << to;
  const std::string levels = module_level(2, "OutOfDate") + "," + module_level(4, "UpToDate");
  EXPECT_FALSE(parse_tcb_info(replaced(document(), levels, "")));
}

}  // namespace
}  // namespace brume::evidence

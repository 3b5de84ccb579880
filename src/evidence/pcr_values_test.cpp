#include "evidence/pcr_values.h"

#include <gtest/gtest.h>

#include "base/writer.h"

namespace brume::evidence {
namespace {

constexpr std::string_view kJson = R"({"sha1": {"0": "00112233445566778899aabbccddeeff00112233"},
 "sha256": {"10": "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", "7":
"1111111111111111111111111111111111111111111111111111111111111111"}})";
constexpr std::string_view kText = R"(  sha1:
    0 : 0x00112233445566778899AABBCCDDEEFF00112233
  sha256:
    10: 0x00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF
    7 : 0x1111111111111111111111111111111111111111111111111111111111111111
  sha384:
)";

// As tpm2-tools 5 on a little-endian machine.
Bytes tool_file(const std::vector<PcrSelection>& selections, const std::vector<Bytes>& digests) {
  Writer out;
  out.u32le(static_cast<std::uint32_t>(selections.size()));
  for (std::size_t i = 0; i < 16; ++i) {
    const PcrSelection selection = i < selections.size() ? selections[i] : PcrSelection{TpmAlgorithm{}, 0, 0};
    out.u16le(static_cast<std::uint16_t>(selection.hash)).u8(selection.map_size).u32le(selection.mask).u8(0);
  }
  out.u32le(static_cast<std::uint32_t>((digests.size() + 7) / 8));
  for (std::size_t list = 0; list < digests.size(); list += 8) {
    out.u32le(static_cast<std::uint32_t>(std::min<std::size_t>(8, digests.size() - list)));
    for (std::size_t i = list; i < list + 8; ++i) {
      const Bytes digest = i < digests.size() ? digests[i] : Bytes{};
      out.u16le(static_cast<std::uint16_t>(digest.size())).raw(digest).zeros(64 - digest.size());
    }
  }
  return out.take();
}

TEST(PcrValues, ReadsJsonAndTextAlike) {
  auto json = read_pcr_values(as_bytes(kJson));
  auto text = read_pcr_values(as_bytes(kText));
  ASSERT_TRUE(json.has_value());
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(*json, *text);
  ASSERT_EQ(json->size(), 3u);
  EXPECT_EQ(find_pcr(*json, TpmAlgorithm::kSha256, 7)->value, Bytes(32, 0x11));
  EXPECT_EQ(find_pcr(*json, TpmAlgorithm::kSha1, 7), nullptr);
}

TEST(PcrValues, ReadsWhatTpm2ToolsWrites) {
  std::vector<Bytes> digests;
  for (std::uint8_t i = 0; i < 10; ++i) digests.push_back(Bytes(32, i));
  const Bytes file = tool_file({{TpmAlgorithm::kSha256, 3, 0x3ff}}, digests);
  auto values = read_pcr_values(file);
  ASSERT_TRUE(values.has_value());
  ASSERT_EQ(values->size(), 10u);
  EXPECT_EQ(find_pcr(*values, TpmAlgorithm::kSha256, 9)->value, Bytes(32, 9));
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(parse_pcr_tpm2_tools(ByteView(file).first(size)));
  }
  Bytes longer = file;
  longer.push_back(0);
  EXPECT_FALSE(parse_pcr_tpm2_tools(longer));
}

TEST(PcrValues, RefusesWhatDoesNotFitItsBank) {
  for (const std::string_view text : {
           R"({"sha256": {"0": "11"}})",
           R"({"sha256": {"24": "1111111111111111111111111111111111111111111111111111111111111111"}})",
           R"({"md5": {"0": "11111111111111111111111111111111"}})",
           R"({"sha256": {"0": "zz"}})",
           "sha256:\n 0 : 0x11\n",
           "0 : 0x1111111111111111111111111111111111111111\nsha1:\n",
           "sha1:\n 24 : 0x1111111111111111111111111111111111111111\n",
           "sha1:\n x : 0x1111111111111111111111111111111111111111\n",
           "sha1:\n 0 : 0x1111111111111111111111111111111111111111\n 0 : 0x1111111111111111111111111111111111111111\n",
           "sha1\n",
           "",
       }) {
    EXPECT_FALSE(read_pcr_values(as_bytes(text))) << text;
  }
}

TEST(PcrValues, ConcatenatesInTheOrderOfTheSelection) {
  const auto values = *read_pcr_values(as_bytes(kJson));
  const std::vector<PcrSelection> order = {
      {TpmAlgorithm::kSha256, 3, 1u << 10 | 1u << 7}, {TpmAlgorithm::kSha1, 0, 0}, {TpmAlgorithm::kSha1, 3, 1}};
  auto joined = concatenate_pcrs(order, values);
  ASSERT_TRUE(joined.has_value());
  Bytes expected = find_pcr(values, TpmAlgorithm::kSha256, 7)->value;
  append(expected, find_pcr(values, TpmAlgorithm::kSha256, 10)->value);
  append(expected, find_pcr(values, TpmAlgorithm::kSha1, 0)->value);
  EXPECT_EQ(*joined, expected);
  EXPECT_EQ(pcr_values_in_order(order, *joined)->size(), 3u);
  EXPECT_FALSE(pcr_values_in_order(order, ByteView(*joined).first(joined->size() - 1)));
  joined->push_back(0);
  EXPECT_FALSE(pcr_values_in_order(order, *joined));
  auto missing = concatenate_pcrs(std::vector<PcrSelection>{{TpmAlgorithm::kSha384, 3, 1}}, values);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST(PcrValues, ABankThatIsQuotedTwiceComesTwice) {
  const auto values = *read_pcr_values(as_bytes(kJson));
  const std::vector<PcrSelection> twice(2, {TpmAlgorithm::kSha1, 3, 1});
  auto joined = concatenate_pcrs(twice, values);
  ASSERT_TRUE(joined.has_value());
  EXPECT_EQ(joined->size(), 40u);
  EXPECT_EQ(pcr_values_in_order(twice, *joined)->size(), 1u);
  joined->back() ^= 1;
  EXPECT_FALSE(pcr_values_in_order(twice, *joined));
}

}  // namespace
}  // namespace brume::evidence

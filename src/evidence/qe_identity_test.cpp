#include "evidence/qe_identity.h"

#include <gtest/gtest.h>

namespace brume::evidence {
namespace {

const std::string kBody =
    "{\"id\":\"QE\",\"version\":2,\"issueDate\":\"2025-01-01T00:00:00Z\",\"nextUpdate\":\"2025-02-01T00:00:00Z\","
    "\"tcbEvaluationDataNumber\":17,\"miscselect\":\"01020000\",\"miscselectMask\":\"FFFFFFFF\","
    "\"attributes\":\"11000000000000000000000000000000\",\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","
    "\"mrsigner\":\"8C4F5775D796503E96137F77C68A829A0056AC8DED70140B081B094490C57BFF\",\"isvprodid\":1,\"tcbLevels\":["
    "{\"tcb\":{\"isvsvn\":8},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"UpToDate\"},"
    "{\"tcb\":{\"isvsvn\":6},\"tcbDate\":\"2021-11-10T00:00:00Z\",\"tcbStatus\":\"OutOfDate\",\"advisoryIDs\":[\"A-1\"]"
    "}]}";

std::string document(const std::string& body) {
  return "{\"enclaveIdentity\":" + body + ",\"signature\":\"" + std::string(128, '0') + "\"}";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(QeIdentity, ReadsAllFields) {
  auto parsed = parse_qe_identity(document(kBody));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().what;
  EXPECT_EQ(as_chars(parsed->signed_bytes), kBody);
  const QeIdentity& identity = parsed->identity_unverified;
  EXPECT_EQ(identity.id, QeIdentityId::kQe);
  EXPECT_EQ(identity.misc_select, 0x0201u);
  EXPECT_EQ(identity.misc_select_mask, 0xffffffffu);
  EXPECT_EQ(identity.attributes[0], 0x11);
  EXPECT_EQ(identity.attributes_mask[0], 0xfb);
  EXPECT_EQ(identity.mr_signer.bytes[0], 0x8c);
  EXPECT_EQ(identity.isv_prod_id, 1);
  ASSERT_EQ(identity.levels.size(), 2u);
  EXPECT_EQ(identity.levels[1].advisories, std::vector<std::string>{"A-1"});
}

TEST(QeIdentity, MatchesFirstLevelAtMostTheGiven) {
  auto identity = parse_qe_identity(document(kBody))->identity_unverified;
  EXPECT_EQ(matching_qe_level(identity, 9)->status, TcbStatus::kUpToDate);
  EXPECT_EQ(matching_qe_level(identity, 8)->status, TcbStatus::kUpToDate);
  EXPECT_EQ(matching_qe_level(identity, 7)->status, TcbStatus::kOutOfDate);
  EXPECT_EQ(matching_qe_level(identity, 5), nullptr);
}

TEST(QeIdentity, RefusesWhatItDoesNotKnow) {
  const char* const cases[][2] = {
      {"\"version\":2", "\"version\":1"},
      {"\"version\":2", "\"version\":3"},
      {"\"id\":\"QE\"", "\"id\":\"AE\""},
      {"UpToDate", "Fine"},
      {"\"isvprodid\":1", "\"isvprodid\":1,\"isvprodid\":1"},
      {"\"isvprodid\":1,", ""},
      {"\"isvprodid\":1", "\"isvprodid\":65536"},
      {"\"isvprodid\":1", "\"isvprodid\":1,\"isvext\":1"},
      {"\"01020000\"", "\"0102000\""},
      {"\"8C4F", "\"8C"},
      {"\"isvsvn\":8", "\"isvsvn\":65536"},
      {"\"isvsvn\":8", ""},
  };
  for (const auto& [from, to] : cases) EXPECT_FALSE(parse_qe_identity(document(replaced(kBody, from, to)))) << to;
}

TEST(QeIdentity, MissesEveryFieldThatIsNotThere) {
  for (const char* name : {"id", "version", "issueDate", "nextUpdate", "tcbEvaluationDataNumber", "miscselect",
                           "miscselectMask", "attributes", "attributesMask", "mrsigner", "isvprodid", "tcbLevels",
                           "tcb", "tcbDate", "tcbStatus", "isvsvn"}) {
    const std::string quoted = "\"" + std::string(name) + "\":";
    auto at = kBody.find(quoted);
    ASSERT_NE(at, std::string::npos) << name;
    // To the end of the value: the comma behind it, or the one before it where it is the last.
    int depth = 0;
    std::size_t end = at + quoted.size();
    while (depth > 0 || (kBody[end] != ',' && kBody[end] != '}' && kBody[end] != ']')) {
      depth += kBody[end] == '{' || kBody[end] == '[' ? 1 : kBody[end] == '}' || kBody[end] == ']' ? -1 : 0;
      ++end;
    }
    std::string without = kBody;
    if (kBody[end] == ',') {
      without.erase(at, end + 1 - at);
    } else {
      const std::size_t begin = kBody[at - 1] == ',' ? at - 1 : at;
      without.erase(begin, end - begin);
    }
    auto parsed = parse_qe_identity(document(without));
    ASSERT_FALSE(parsed.has_value()) << name;
    EXPECT_NE(parsed.error().what.find("missing"), std::string::npos) << name << ": " << parsed.error().what;
  }
}

TEST(QeIdentity, RefusesTruncationAndLimits) {
  std::string text = document(kBody);
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_qe_identity(text.substr(0, size)));
  EXPECT_FALSE(parse_qe_identity(text + "x"));
  EXPECT_FALSE(parse_qe_identity(std::string(kQeIdentitySizeLimit + 1, ' ')));
}

}  // namespace
}  // namespace brume::evidence

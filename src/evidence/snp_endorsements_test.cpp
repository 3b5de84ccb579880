#include "evidence/snp_endorsements.h"

#include <gtest/gtest.h>

#include "crypto/testing/test_issuer.h"
#include "evidence/test_snp_table.h"

namespace brume::evidence {
namespace {

crypto::Certificate certificate(const std::string& name) {
  static const auto kKey = crypto::testing::TestKey::rsa(2048);
  return issue_test_certificate({.subject = name, .issuer = name, .not_after = 1'900'000'000'000}, kKey.public_key(),
                                kKey);
}

std::string text(const Bytes& bytes) { return std::string(as_chars(bytes)); }

constexpr auto table = test_snp_table;

TEST(SnpEndorsements, LoadsDerPemAndTables) {
  const crypto::Certificate ask = certificate("SEV-Milan");
  const crypto::Certificate ark = certificate("ARK-Milan");
  EXPECT_EQ(load_snp_certificates(text(ask.der()))->front().der(), ask.der());
  const auto chain = load_snp_certificates(ask.pem() + ark.pem());
  ASSERT_EQ(chain->size(), 2u);
  EXPECT_EQ(chain->back().der(), ark.der());
  const auto of_table = load_snp_certificates(text(table({ark.der(), Bytes{8, 0, 0, 0}, ask.der()})));
  ASSERT_TRUE(of_table.has_value()) << of_table.error().what;
  ASSERT_EQ(of_table->size(), 2u);
  EXPECT_EQ(of_table->front().der(), ark.der());
  EXPECT_FALSE(load_snp_certificates("").has_value());
  EXPECT_FALSE(load_snp_certificates("certificate").has_value());
  EXPECT_FALSE(load_snp_certificates(text(table({Bytes{8, 0, 0, 0}}))).has_value());
  EXPECT_FALSE(load_snp_certificates(std::string(kSnpEndorsementSizeLimit + 1, '0')).has_value());
}

TEST(SnpTable, RefusesEveryTruncationAndEntriesThatPointElsewhere) {
  const Bytes good = table({Bytes(10, 0x30), Bytes(20, 0x31)});
  EXPECT_EQ(parse_snp_table(good)->at(1), Bytes(20, 0x31));
  Bytes page = good;
  page.resize(4096);
  EXPECT_TRUE(parse_snp_table(page).has_value()) << "hosts fill pages up";
  page.back() = 1;
  EXPECT_FALSE(parse_snp_table(page).has_value()) << "with zeros only";
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_snp_table(ByteView(good).first(size)).has_value()) << size;
  }
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes changed = good;
    changed[at] = value;
    return parse_snp_table(changed).has_value();
  };
  EXPECT_FALSE(with(16, 71));    // into the head
  EXPECT_FALSE(with(17, 1));     // beyond the end
  EXPECT_FALSE(with(20, 200));   // longer than what is left
  EXPECT_FALSE(with(19, 0xff));  // offset and size overflow together
  EXPECT_FALSE(with(47, 0xff));
  EXPECT_EQ(parse_snp_table(Bytes(24))->size(), 0u);
  EXPECT_FALSE(parse_snp_table(Bytes(24 * 66, 1)).has_value());
  EXPECT_FALSE(looks_like_snp_table(Bytes(24)));
  EXPECT_FALSE(looks_like_snp_table(good));
  EXPECT_TRUE(looks_like_snp_table(table({certificate("SEV-VCEK").der()})));
}

}  // namespace
}  // namespace brume::evidence

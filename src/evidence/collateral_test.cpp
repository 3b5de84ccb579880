#include "evidence/collateral.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "crypto/random.h"
#include "crypto/text.h"
#include "evidence/time.h"

namespace brume::evidence {
namespace {

struct Loaders : testing::Test {
  crypto::SystemRandom random;
  crypto::EcKey key = crypto::EcKey::generate();
  UnixMs now = parse_time("2026-06-15T12:00:00Z").value();
  crypto::Certificate root = crypto::issue_certificate(
      {.common_name = "Root", .not_before = now - 1000, .not_after = now + 1000000, .ca = true}, key.public_key(),
      nullptr, key, random);
  Bytes der = crypto::issue_crl(root, key, now, now + 1000, {root}).der();
};

TEST_F(Loaders, TakeCrlsInEveryFormThatPcsAndPccsUse) {
  std::string raw(as_chars(der));
  std::string hex = to_hex(der);
  for (const std::string& form : {raw, hex, hex + '\0', hex + "\n", crypto::to_pem("X509 CRL", der)}) {
    auto crl = load_crl(form);
    ASSERT_TRUE(crl.has_value()) << form.substr(0, 20);
    EXPECT_TRUE(crl->revokes(root));
    EXPECT_EQ(crl->next_update(), now + 1000);
  }
}

TEST_F(Loaders, RefuseOtherCrls) {
  std::string raw(as_chars(der));
  std::string pem = crypto::to_pem("X509 CRL", der);
  for (const std::string& form : {std::string(), raw + "x", to_hex(der) + "0", to_hex(der) + "00", pem + pem,
                                  std::string("hello"), std::string(kCollateralPartSizeLimit + 1, '0')}) {
    EXPECT_FALSE(load_crl(form)) << form.size();
  }
  for (std::size_t size = 0; size < raw.size(); ++size) EXPECT_FALSE(load_crl(raw.substr(0, size)));
}

TEST_F(Loaders, TakePlainAndUrlEncodedChains) {
  std::string pem = root.pem() + root.pem();
  std::string encoded;
  for (char c : pem) {
    std::uint8_t byte = static_cast<std::uint8_t>(c);
    encoded += std::isalnum(byte) ? std::string(1, c) : "%" + to_hex(ByteView(&byte, 1));
  }
  EXPECT_EQ(load_chain(pem)->size(), 2u);
  EXPECT_EQ(load_chain(pem + '\0')->size(), 2u);
  EXPECT_EQ(load_chain(encoded)->size(), 2u);
  EXPECT_FALSE(load_chain(encoded + "%2"));
  EXPECT_FALSE(load_chain(encoded + "%zz"));
  EXPECT_FALSE(load_chain(pem + pem + root.pem()));
}

TEST(CollateralBundle, RoundTripsAnyBytes) {
  Collateral in{std::string("\0\xff\"\\", 4), "b", "c", "{\"d\": 1}", "e", "f", "g", ""};
  std::string text = encode_collateral(in);
  auto out = parse_collateral(text);
  ASSERT_TRUE(out.has_value()) << out.error().what;
  EXPECT_EQ(*out, in);
  for (std::size_t size = 0; size + 1 < text.size(); ++size) EXPECT_FALSE(parse_collateral(text.substr(0, size)));
}

TEST(CollateralBundle, RefusesOtherVersionsAndFields) {
  std::string text = encode_collateral({});
  EXPECT_TRUE(parse_collateral(text));
  auto replaced = [&](const std::string& from, const std::string& to) {
    std::string out = text;
    return out.replace(out.find(from), from.size(), to);
  };
  EXPECT_FALSE(parse_collateral(replaced("\"version\":1", "\"version\":0")));
  EXPECT_FALSE(parse_collateral(replaced("\"pck_crl\":\"\",", "")));
  EXPECT_FALSE(parse_collateral(replaced("\"pck_crl\":\"\"", "\"pck_crl\":\"?\"")));
  EXPECT_FALSE(parse_collateral(replaced("\"pck_crl\":\"\"", "\"pck_crl\":\"\",\"pck_crl\":\"\"")));
  EXPECT_FALSE(parse_collateral(replaced("\"pck_crl\":\"\"", "\"pck_crl\":\"\",\"more\":\"\"")));
}

}  // namespace
}  // namespace brume::evidence

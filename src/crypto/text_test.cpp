#include "crypto/text.h"

#include <gtest/gtest.h>

namespace brume::crypto {
namespace {

// RFC 4648, section 10.
TEST(Base64, MatchesRfc4648) {
  const std::pair<const char*, const char*> kVectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (auto [plain, text] : kVectors) {
    EXPECT_EQ(base64(as_bytes(plain)), text);
    EXPECT_EQ(as_chars(from_base64(text).value()), plain);
    std::string unpadded = std::string(text).substr(0, std::string_view(text).find('='));
    EXPECT_EQ(base64_unpadded(as_bytes(plain)), unpadded);
    EXPECT_EQ(as_chars(from_base64_unpadded(unpadded).value()), plain);
  }
}

TEST(Base64, RoundTripsEveryByte) {
  Bytes all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(from_base64(base64(all)).value(), all);
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (std::string_view text :
       {"Z", "Zg", "Zg=", "Zg===", "====", "Z===", "Zh==", "Zm9=", "Zm9v\n", "Zm 9", "Zm-_", "Zg==Zg=="}) {
    EXPECT_FALSE(from_base64(text).has_value()) << text;
  }
  for (std::string_view text : {"Z", "Zg==", "Zh", "Zm9", "Zm9v\n", "Zm9vZ"}) {
    EXPECT_FALSE(from_base64_unpadded(text).has_value()) << text;
  }
}

TEST(Pem, RoundTripsAndBreaksLines) {
  for (std::size_t size : {1u, 47u, 48u, 49u, 500u}) {
    Bytes der(size, 0x5a);
    std::string pem = to_pem("CERTIFICATE", der);
    for (std::size_t at = 0, end; (end = pem.find('\n', at)) != std::string::npos; at = end + 1)
      EXPECT_LE(end - at, 64u);
    EXPECT_EQ(from_pem("CERTIFICATE", pem, 1).value(), std::vector<Bytes>{der});
  }
}

TEST(Pem, TakesSeveralBlocksLineEndsAndTrailingNuls) {
  std::string one = "-----BEGIN X-----\r\nZm9v\r\nYmFy\r\n-----END X-----\r\n";
  auto blocks = from_pem("X", " \n" + one + "\n" + one + std::string(3, '\0'), 2).value();
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(as_chars(blocks[1]), "foobar");
  EXPECT_TRUE(from_pem("X", "", 2).value().empty());
}

TEST(Pem, RefusesOtherText) {
  const std::string one = "-----BEGIN X-----\nZm9v\n-----END X-----\n";
  EXPECT_FALSE(from_pem("X", one + one, 1).has_value()) << "over the limit";
  EXPECT_FALSE(from_pem("Y", one, 1).has_value()) << "another label";
  EXPECT_FALSE(from_pem("X", "hello " + one, 1).has_value()) << "text before";
  EXPECT_FALSE(from_pem("X", one + "hello", 2).has_value()) << "text after";
  EXPECT_FALSE(from_pem("X", std::string(1, '\0') + one, 1).has_value()) << "NUL before";
  EXPECT_FALSE(from_pem("X", "-----BEGIN X-----\nZm9\n-----END X-----\n", 1).has_value()) << "bad base64";
  EXPECT_FALSE(from_pem("X", "-----BEGIN X-----\nZm9v\n-----END Y-----\n", 1).has_value()) << "ends as another";
  for (std::size_t size = 1; size + 1 < one.size(); ++size) {
    EXPECT_FALSE(from_pem("X", std::string_view(one).substr(0, size), 1).has_value()) << size;
  }
}

}  // namespace
}  // namespace brume::crypto

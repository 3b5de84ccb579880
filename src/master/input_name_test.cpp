#include "master/input_name.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace brume::master {
namespace {

using Kind = InputName::Kind;

TEST(InputName, KnowsPlacesByTheirWords) {
  const auto kind = [](std::string_view word) { return InputName::parse(word).value().kind; };
  EXPECT_EQ(kind("text.age"), Kind::kFile);
  EXPECT_EQ(kind("/a/b"), Kind::kFile);
  EXPECT_EQ(kind("./shared:x"), Kind::kFile);
  EXPECT_EQ(kind("s3.age"), Kind::kFile);
  EXPECT_EQ(kind("shared:/mnt/a.age"), Kind::kShared);
  EXPECT_EQ(kind("http://h/x"), Kind::kHttp);
  EXPECT_EQ(kind("https://h:8443/x?y"), Kind::kHttp);
  EXPECT_EQ(kind("s3://bucket/k"), Kind::kS3);
  EXPECT_EQ(InputName::parse("shared:/mnt/a.age")->text, "/mnt/a.age");
}

TEST(InputName, RefusesWhatLooksLikeAPlaceAndIsNone) {
  for (const char* bad : {"", "shared:", "shared:a", "shared:/a/../b", "shared:/a/", "shared://a", "s3://",
                          "s3://bucket", "s3://bucket/", "https://", "https://u:p@h/x", "http://h/a b", "ftp://h/x",
                          "gs://bucket/k", "HTTPS://h/x", "file:///etc/passwd"})
    EXPECT_EQ(InputName::parse(bad).error().code, ErrorCode::kUsage) << bad;
  EXPECT_FALSE(InputName::parse(std::string_view("a\0b", 3)));
}

TEST(InputName, ShowsNoSecrets) {
  EXPECT_EQ(InputName::parse("https://h/x?sig=abc")->shown(), "https://h/x");
  EXPECT_EQ(InputName::parse("shared:/mnt/a")->shown(), "shared:/mnt/a");
  EXPECT_EQ(InputName::parse("s3://bucket/a?b")->shown(), "s3://bucket/a?b");  // a key may hold anything
}

InputAccess some_access() {
  InputAccess out;
  out.ca_pem = "PEM";
  out.s3_endpoint = "http://h";
  out.s3_region = "r";
  out.s3_style = "path";
  out.s3.access_key = "a";
  out.s3.secret_key = "s";
  out.s3.session_token = "t";
  out.s3_expiry_s = 60;
  return out;
}

TEST(InputAccess, RoundTrip) {
  const nlohmann::json json = encode_access(some_access());
  EXPECT_EQ(encode_access(parse_access(json).value()), json);
  EXPECT_EQ(parse_access(nlohmann::json::object())->s3_expiry_s, kS3ExpiryDefault_s);
}

TEST(InputAccess, RefusesUnknownFieldsAndValuesOverTheirLimits) {
  const auto with = [](const char* name, const nlohmann::json& value) {
    nlohmann::json json = encode_access(some_access());
    json[name] = value;
    return parse_access(json).has_value();
  };
  EXPECT_TRUE(with("s3_region", "x"));
  EXPECT_FALSE(with("other", 1));
  EXPECT_FALSE(with("s3_region", 1));
  EXPECT_FALSE(with("ca", std::string(kInputCaSizeLimit + 1, 'x')));
  EXPECT_FALSE(with("s3_secret_key", std::string(10'000, 'x')));
  for (const nlohmann::json& expiry :
       {nlohmann::json(9), nlohmann::json(604'801), nlohmann::json(-60), nlohmann::json("60")})
    EXPECT_FALSE(with("s3_expiry_s", expiry)) << expiry;
  EXPECT_FALSE(parse_access("text"));
}

}  // namespace
}  // namespace brume::master

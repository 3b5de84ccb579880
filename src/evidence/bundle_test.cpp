#include "evidence/bundle.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "evidence/recognise.h"

namespace brume::evidence {
namespace {

Bundle some_bundle() {
  return {{{PartKind::kTpmCertificates, "tpm", ""},
           {PartKind::kTcbInfo, "{\"tcbInfo\": 1}", "chain"},
           {PartKind::kTcbInfo, std::string("\0\xff\"\\", 4), ""},
           {PartKind::kSgxRootCrl, "root", ""}}};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  EXPECT_NE(text.find(from), text.npos) << from;
  return text.replace(text.find(from), from.size(), to);
}

TEST(Bundle, RoundTripsInOrderAndWithoutDoubles) {
  Bundle in = some_bundle();
  in.parts.push_back(in.parts.front());
  const std::string text = encode_bundle(in);
  auto out = parse_bundle(text);
  ASSERT_TRUE(out.has_value()) << out.error().what;
  EXPECT_EQ(out->parts.size(), 4u);
  EXPECT_EQ(out->parts.front().kind, PartKind::kSgxRootCrl);
  EXPECT_EQ(encode_bundle(*out), text);
  EXPECT_EQ(bundle_digest(*out), crypto::sha256(as_bytes(text)));
  EXPECT_EQ(bundle_digest(some_bundle()), bundle_digest(in));
  EXPECT_TRUE(parse_bundle(encode_bundle({})).has_value());
}

TEST(Bundle, RefusesEveryTruncationAndChange) {
  const std::string text = encode_bundle(some_bundle());
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_bundle(text.substr(0, size))) << size;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(parse_bundle(other)) << i << " " << other;
  }
  EXPECT_FALSE(parse_bundle(text + "\n"));
  EXPECT_EQ(recognise(as_bytes(text + "\n")).kind, FileKind::kCollateralBundle);
  EXPECT_TRUE(parse_bundle(as_chars(recognise(as_bytes(text + "\n")).content)));
}

TEST(Bundle, RefusesOtherOrdersKindsAndFields) {
  const std::string text = encode_bundle(some_bundle());
  const std::string digest = crypto::sha256(as_bytes("root")).hex();
  EXPECT_FALSE(parse_bundle(replaced(text, "sgx-root-crl", "sgx-root")));
  EXPECT_FALSE(parse_bundle(replaced(text, "\"data\"", " \"data\"")));
  EXPECT_FALSE(parse_bundle(replaced(text, "\"version\":2", "\"version\":3")));
  EXPECT_FALSE(parse_bundle(replaced(text, "\"kind\":\"sgx-root-crl\",", "")));
  EXPECT_FALSE(parse_bundle(replaced(text, ",\"data\":", ",\"more\":\"\",\"data\":")));
  EXPECT_FALSE(parse_bundle(replaced(text, "\"sha256\":\"" + digest + "\",", "")));
  // The right digest of the wrong kind of part.
  const Bundle chained{{{PartKind::kSgxRootCrl, "root", "chain"}}};
  EXPECT_FALSE(parse_bundle(encode_bundle(chained)));
  EXPECT_FALSE(parse_bundle(encode_bundle({{{PartKind::kSgxRootCrl, "", ""}}})));
}

TEST(Bundle, ReadsVersion1) {
  const Collateral one{"a", "b", "c", "d", "e", "f", "g", ""};
  auto out = parse_bundle(encode_collateral(one));
  ASSERT_TRUE(out.has_value()) << out.error().what;
  EXPECT_EQ(out->parts, parts_of(one));
  EXPECT_EQ(out->parts.size(), 4u);
}

TEST(Bundle, HoldsToItsLimits) {
  Bundle many;
  for (std::size_t i = 0; i < kPartCountLimit; ++i) {
    many.parts.push_back({PartKind::kSnpCertificates, std::to_string(i), ""});
  }
  EXPECT_TRUE(parse_bundle(encode_bundle(many)));
  many.parts.push_back({PartKind::kSnpCertificates, "one more", ""});
  EXPECT_FALSE(parse_bundle(encode_bundle(many)));
  EXPECT_FALSE(
      parse_bundle(encode_bundle({{{PartKind::kSnpCrl, std::string(kCollateralPartSizeLimit + 1, 'x'), ""}}})));
  EXPECT_EQ(parse_bundle(std::string(kBundleSizeLimit + 1, ' ')).error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace brume::evidence

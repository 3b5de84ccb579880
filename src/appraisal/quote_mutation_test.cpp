// A quote is all or nothing: cut or changed anywhere, it is refused.
#include <gtest/gtest.h>

#include "appraisal/test_platform.h"

namespace brume::appraisal {
namespace {

struct QuoteMutation : testing::Test {
  TestPlatform platform;
  Bytes quote = platform.issue().quote();
  Verifier verifier;
  Policy policy = platform.policy();

  void SetUp() override { verifier.add_collateral(platform.collateral()); }
  Verdict verdict(const Bytes& bytes) {
    return verifier.appraise(evidence::encode_cmw(evidence::kTypeSgxQuote, bytes), policy, platform.expected());
  }
};

TEST_F(QuoteMutation, AcceptsWhole) { EXPECT_TRUE(verdict(quote).has_value()); }

TEST_F(QuoteMutation, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < quote.size(); ++size) {
    EXPECT_FALSE(verdict(Bytes(quote.begin(), quote.begin() + static_cast<long>(size))).has_value()) << size;
  }
}

TEST_F(QuoteMutation, RefusesTrailingBytesButZeros) {
  Bytes longer = quote;
  longer.push_back(1);
  EXPECT_FALSE(verdict(longer).has_value());
  Bytes padded = quote;
  padded.resize(padded.size() + 100);
  Findings findings =
      verifier.examine(evidence::encode_cmw(evidence::kTypeSgxQuote, padded), policy, platform.expected());
  EXPECT_TRUE(findings.refusals.empty());
  EXPECT_EQ(findings.padding_size, 100u);
}

// qe_svn and pce_svn are signed too. What no signature covers: the framing of PEM text.
TEST_F(QuoteMutation, RefusesFlippedBits) {
  std::size_t chain_at = quote.size() - platform.pck_chain().size();
  for (std::size_t at = 0; at < quote.size(); at += at < chain_at ? 1 : 37) {
    for (int bit = 0; bit < 8; bit += at < 1100 ? 3 : 1) {
      Bytes changed = quote;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1 << bit));
      EXPECT_FALSE(verdict(changed).has_value()) << "byte " << at << " bit " << bit;
    }
  }
}

TEST(EvidenceType, RefusesUnknownTypesAndBrokenRecords) {
  TestPlatform platform;
  platform.issue();
  auto rule = [&](const Bytes& evidence) {
    Verdict verdict = appraise(evidence, platform.collateral(), platform.policy(), platform.expected());
    return verdict.has_value() ? std::string() : verdict.error().front().rule;
  };
  EXPECT_EQ(rule(evidence::encode_cmw("application/vnd.other", platform.quote())), "evidence.type");
  EXPECT_EQ(rule(platform.quote()), "evidence.format");
  EXPECT_EQ(rule({}), "evidence.format");
}

}  // namespace
}  // namespace brume::appraisal

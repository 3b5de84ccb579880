// A quote is all or nothing: cut or changed anywhere, it is refused.
#include <gtest/gtest.h>

#include "appraisal/test_td_platform.h"

namespace brume::appraisal {
namespace {

// What is quoted, and in which version.
struct Form {
  const char* name;
  std::string_view type;
  void (*shape)(TestTdPlatform&);
};

void make_enclave(TestTdPlatform& platform, std::uint16_t version) {
  platform.td.reset();
  platform.header.tee_type = evidence::TeeType::kSgx;
  platform.header.version = version;
  platform.tcb_id = "SGX";
  platform.qe_id = "QE";
}

const Form kForms[] = {
    {"sgx_3", evidence::kTypeSgxQuote, [](TestTdPlatform& platform) { make_enclave(platform, 3); }},
    {"sgx_4", evidence::kTypeSgxQuote, [](TestTdPlatform& platform) { make_enclave(platform, 4); }},
    {"tdx_4", evidence::kTypeTdxQuote, [](TestTdPlatform& platform) { platform.version_4(); }},
    {"tdx_5", evidence::kTypeTdxQuote, [](TestTdPlatform&) {}},
};

struct QuoteMutation : testing::TestWithParam<Form> {
  TestTdPlatform platform;
  Bytes quote;
  Verifier verifier;
  Policy policy;

  void SetUp() override {
    GetParam().shape(platform);
    quote = platform.issue().quote();
    policy = platform.policy();
    verifier.add_collateral(platform.collateral());
  }
  Findings findings(const Bytes& bytes) {
    return verifier.examine(evidence::encode_cmw(GetParam().type, bytes), policy, platform.expected());
  }
  bool accepted(const Bytes& bytes) { return findings(bytes).refusals.empty(); }
};

TEST_P(QuoteMutation, AcceptsWhole) { EXPECT_TRUE(accepted(quote)); }

TEST_P(QuoteMutation, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < quote.size(); ++size) {
    Findings cut = findings(Bytes(quote.begin(), quote.begin() + static_cast<long>(size)));
    ASSERT_EQ(cut.refusals.size(), 1u) << size;
    EXPECT_EQ(cut.refusals.front().rule, "sgx.quote.format");
  }
}

TEST_P(QuoteMutation, RefusesTrailingBytesButZeros) {
  Bytes longer = quote;
  longer.push_back(1);
  EXPECT_FALSE(accepted(longer));
  Bytes padded = quote;
  padded.resize(padded.size() + 100);
  Findings told = findings(padded);
  EXPECT_TRUE(told.refusals.empty());
  EXPECT_EQ(told.padding_size, 100u);
}

// Every bit of the header and most of the rest. What no signature covers: the framing of PEM text.
TEST_P(QuoteMutation, RefusesFlippedBits) {
  std::size_t chain_at = quote.size() - platform.pck_chain().size();
  for (std::size_t at = 0; at < quote.size(); at += at < chain_at ? 1 : 37) {
    for (int bit = static_cast<int>(at % 3); bit < 8; bit += at < 54 ? 1 : 3) {
      Bytes changed = quote;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1 << bit));
      EXPECT_FALSE(accepted(changed)) << "byte " << at << " bit " << bit;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Each, QuoteMutation, testing::ValuesIn(kForms),
                         [](const auto& info) { return info.param.name; });

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

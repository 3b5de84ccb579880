// A report is all or nothing: cut or changed anywhere, it is refused. And what a verifier keeps between reports is
// never what depends on time, revocation or policy.
#include <gtest/gtest.h>

#include <algorithm>

#include "appraisal/test_snp_platform.h"

namespace brume::appraisal {
namespace {

using P = TestSnpPlatform;

struct SnpMutation : testing::Test {
  P platform;
  Bytes good = platform.issue().report_bytes;
  Verifier verifier;
  Policy policy = P::policy();

  void SetUp() override { verifier.add_snp_endorsements(platform.endorsements()); }
  Findings examine(const Bytes& bytes) {
    return verifier.examine(evidence::encode_cmw(evidence::kTypeSnpReport, bytes), policy, platform.expected());
  }
  bool accepts(const Bytes& bytes) { return examine(bytes).refusals.empty(); }
};

TEST_F(SnpMutation, RefusesEveryTruncationAndWhatFollowsButZeros) {
  EXPECT_TRUE(accepts(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(accepts(Bytes(good.begin(), good.begin() + static_cast<long>(size)))) << size;
  }
  Bytes padded = good;
  padded.resize(4000);
  const Findings findings = examine(padded);
  EXPECT_TRUE(findings.refusals.empty());
  EXPECT_EQ(findings.padding_size, 4000u - good.size());
  padded.back() = 1;
  EXPECT_FALSE(accepts(padded));
}

TEST_F(SnpMutation, RefusesEveryChangedByte) {
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {1, 0x80, 0xff}) {
      Bytes changed = good;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ flip);
      EXPECT_FALSE(accepts(changed)) << "byte " << at << " by " << flip;
    }
  }
}

// Every field, changed as the firmware never did: the signature says so, if nothing else.
TEST_F(SnpMutation, SignatureCoversEveryField) {
  using evidence::SnpReport;
  void (*const kChanges[])(SnpReport&) = {
      [](SnpReport& r) { ++r.guest_svn; },
      [](SnpReport& r) { r.policy.bits ^= 1; },
      [](SnpReport& r) { r.family_id.bytes[3] ^= 1; },
      [](SnpReport& r) { r.image_id.bytes[3] ^= 1; },
      [](SnpReport& r) { r.vmpl = 3; },
      [](SnpReport& r) { ++r.current_tcb[7]; },
      [](SnpReport& r) { r.platform_info.bits ^= 4; },
      [](SnpReport& r) { r.key_info.author_key = false; },
      [](SnpReport& r) { r.key_info.mask_chip_key = true; },
      [](SnpReport& r) { r.report_data.bytes[0] ^= 1; },
      [](SnpReport& r) { r.measurement.bytes[47] ^= 1; },
      [](SnpReport& r) { r.host_data.bytes[31] ^= 1; },
      [](SnpReport& r) { r.id_key_digest.bytes[0] ^= 1; },
      [](SnpReport& r) { r.author_key_digest.bytes[0] ^= 1; },
      [](SnpReport& r) { r.report_id.bytes[0] ^= 1; },
      [](SnpReport& r) { r.report_id_ma.bytes[0] ^= 1; },
      [](SnpReport& r) { --r.reported_tcb[7]; },
      [](SnpReport& r) { r.cpuid->stepping = 0; },
      [](SnpReport& r) { r.chip_id = {}; },
      [](SnpReport& r) { --r.committed_tcb[7]; },
      [](SnpReport& r) { ++r.current_firmware.build; },
      [](SnpReport& r) { --r.committed_firmware.build; },
      [](SnpReport& r) { ++r.launch_tcb[7]; },
      [](SnpReport& r) { r.signature_r[47] ^= 1; },
      [](SnpReport& r) { r.signature_s[47] ^= 1; },
  };
  for (std::size_t i = 0; i < std::size(kChanges); ++i) {
    SnpReport report = platform.report;
    kChanges[i](report);
    const Findings findings = examine(evidence::encode_snp_report(report));
    const bool named =
        std::ranges::any_of(findings.refusals, [](const Refusal& r) { return r.rule == "snp.signature"; });
    EXPECT_TRUE(named) << "change " << i;
  }
}

TEST_F(SnpMutation, ZeroSignatureIsNone) {
  std::fill(good.begin() + 0x2a0, good.end(), std::uint8_t{0});
  EXPECT_FALSE(accepts(good));
}

TEST(SnpCertificates, EveryTruncationAndFlippedByteIsRefused) {
  P platform;
  platform.issue();
  const evidence::SnpEndorsements good = platform.endorsements();
  const auto accepts = [&](std::size_t part, const std::string& bytes) {
    evidence::SnpEndorsements changed = good;
    (part < good.certificates.size() ? changed.certificates[part] : changed.crls.front()) = bytes;
    Verifier verifier;
    verifier.add_snp_endorsements(changed);
    return verifier.examine(platform.evidence(), P::policy(), platform.expected()).refusals.empty();
  };
  for (const std::size_t part : {0u, 2u, 3u}) {  // those in DER; base64 has forms that mean the same
    const std::string& bytes = part < 3 ? good.certificates[part] : good.crls.front();
    EXPECT_TRUE(accepts(part, bytes));
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      EXPECT_FALSE(accepts(part, changed)) << "part " << part << " byte " << at;
      EXPECT_FALSE(accepts(part, bytes.substr(0, at))) << "part " << part << " cut at " << at;
    }
  }
}

struct SnpCache : testing::Test {
  P platform;
  Verifier verifier;
  Policy policy = P::policy();
  void SetUp() override {
    platform.issue();
    verifier.add_snp_endorsements(platform.endorsements());
  }
  std::string first_rule(UnixMs now) {
    Expected expected = platform.expected();
    expected.now_ms = now;
    const Findings findings = verifier.examine(platform.evidence(), policy, expected);
    return findings.refusals.empty() ? "" : findings.refusals.front().rule;
  }
};

TEST_F(SnpCache, HitsDoNotSkipExpiry) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(first_rule(platform.now), "");
  EXPECT_EQ(first_rule(platform.crl.next_update), "");
  EXPECT_EQ(first_rule(platform.crl.next_update + 1000), "snp.crl.expired");
  EXPECT_EQ(first_rule(platform.ek.not_after), "snp.crl.expired");
  EXPECT_EQ(first_rule(platform.ek.not_after + 1000), "snp.ek.expired");
  EXPECT_EQ(first_rule(platform.now), "");
}

TEST_F(SnpCache, NewerCrlsRevoke) {
  EXPECT_EQ(first_rule(platform.now), "");
  P later = platform;
  later.crl.this_update += 1000;
  later.crl.revoked = {0x10001};
  verifier.add_snp_endorsements({{}, later.endorsements().crls});
  EXPECT_EQ(first_rule(platform.now), "snp.ask.revoked");
}

TEST_F(SnpCache, PolicyIsAskedEveryTime) {
  EXPECT_EQ(first_rule(platform.now), "");
  policy = Policy{};
  EXPECT_EQ(first_rule(platform.now), "snp.root.unknown");
}

TEST_F(SnpCache, ClearedEndorsementsAreGone) {
  EXPECT_EQ(first_rule(platform.now), "");
  verifier.clear_snp_endorsements();
  EXPECT_EQ(first_rule(platform.now), "snp.ek.missing");
}

// A chip has a certificate for each TCB that it reports, and others have chips, too.
TEST_F(SnpCache, FindsTheCertificateOfChipAndTcb) {
  for (std::uint8_t other = 1; other < 20; ++other) {
    P more;
    if (other % 2 == 0) more.extensions.hw_id = Bytes(64, other);
    if (other % 2 == 1) more.extensions.spl[7] = other;
    more.ek_key = &P::keys().strange_ek;
    more.left_out = {"ark", "ask", "crl"};
    verifier.add_snp_endorsements(more.endorsements());
  }
  EXPECT_EQ(first_rule(platform.now), "");
}

// Real Genoa has two ASKs of one name, of which one is revoked: the key's issuer counts.
TEST_F(SnpCache, FindsTheSignerOfTwoWithOneName) {
  P other;
  other.ask_key = &P::keys().stranger;
  other.ask.serial = 0x10002;
  other.left_out = {"ark", "ek", "crl"};
  verifier.add_snp_endorsements(other.endorsements());
  EXPECT_EQ(first_rule(platform.now), "");
}

TEST_F(SnpCache, FindsTheRootOfTwoWithOneName) {
  P other;
  other.ark_key = other.ark_signer = &P::keys().stranger;
  other.left_out = {"ask", "ek", "crl"};
  verifier.add_snp_endorsements(other.endorsements());
  EXPECT_EQ(first_rule(platform.now), "");
}

TEST_F(SnpCache, TheStoreIsBounded) {
  P more;
  more.left_out = {"ark", "ask", "crl"};
  evidence::SnpEndorsements many;
  for (int i = 0; i < 1100; ++i) {
    more.extensions.hw_id = Bytes(64, 0);
    std::memcpy(more.extensions.hw_id->data(), &i, sizeof i);
    more.extensions.hw_id->back() = 1;
    many.certificates.push_back(more.endorsements().certificates.front());
  }
  verifier.add_snp_endorsements(many);
  EXPECT_NE(first_rule(platform.now), "");  // this platform's was the oldest
  verifier.add_snp_endorsements(platform.endorsements());
  EXPECT_EQ(first_rule(platform.now), "");
}

}  // namespace
}  // namespace brume::appraisal

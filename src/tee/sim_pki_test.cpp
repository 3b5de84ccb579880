#include "tee/sim_pki.h"

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "evidence/qe_identity.h"
#include "evidence/tcb_info.h"
#include "evidence/time.h"

namespace brume::tee {
namespace {

struct SimPki : testing::Test {
  crypto::SystemRandom random;
  UnixMs now = evidence::parse_time("2026-06-15T12:00:00Z").value();
  SimRoot root = SimRoot::create(random, now);
  PlatformKeys keys = root.issue_platform(random, {.now_ms = now}).value();
};

TEST_F(SimPki, IssuesAChainUnderItsRoot) {
  auto chain = crypto::Certificate::chain_from_pem(keys.pck_chain_pem, 3);
  ASSERT_TRUE(chain.has_value());
  ASSERT_EQ(chain->size(), 3u);
  EXPECT_TRUE((*chain)[0].signed_by(*(*chain)[1].public_key()));
  EXPECT_TRUE((*chain)[1].signed_by(*(*chain)[2].public_key()));
  EXPECT_TRUE((*chain)[2].signed_by(*(*chain)[2].public_key()));
  EXPECT_EQ((*chain)[2].public_key()->spki_hash(), root.root_spki());
  EXPECT_EQ((*chain)[0].public_key()->spki_hash(), keys.pck_key.public_key().spki_hash());
  auto extension = (*chain)[0].extension(evidence::kPckExtensionOid);
  ASSERT_TRUE(extension.has_value());
  EXPECT_EQ(evidence::parse_pck_extension(extension->value), keys.platform);
}

TEST_F(SimPki, PlatformsDifferInKeysAndIdentity) {
  auto other = root.issue_platform(random, {.now_ms = now}).value();
  EXPECT_NE(other.platform.ppid, keys.platform.ppid);
  EXPECT_NE(other.fuse_secret, keys.fuse_secret);
  EXPECT_NE(other.pck_certificate().serial(), keys.pck_certificate().serial());
  EXPECT_NE(SimRoot::create(random, now).root_spki(), root.root_spki());
}

TEST_F(SimPki, SignsWhatParsesAndMatches) {
  auto collateral = root.collateral({.now_ms = now});
  auto tcb = evidence::parse_tcb_info(collateral.tcb_info);
  ASSERT_TRUE(tcb.has_value()) << tcb.error().what;
  auto signer = evidence::load_chain(collateral.tcb_info_issuer_chain)->front().public_key().value();
  EXPECT_TRUE(signer.verify_raw(tcb->signed_bytes, tcb->signature));
  EXPECT_EQ(evidence::matching_sgx_level(tcb->info_unverified, keys.platform)->status, evidence::TcbStatus::kUpToDate);
  auto old = root.issue_platform(random, {.now_ms = now, .svn = 1}).value();
  EXPECT_EQ(evidence::matching_sgx_level(tcb->info_unverified, old.platform)->status, evidence::TcbStatus::kOutOfDate);
  auto qe = evidence::parse_qe_identity(collateral.qe_identity);
  ASSERT_TRUE(qe.has_value()) << qe.error().what;
  EXPECT_TRUE(signer.verify_raw(qe->signed_bytes, qe->signature));
  auto body = sim_qe_report_body({});
  EXPECT_EQ(qe->identity_unverified.mr_signer, body.mr_signer);
  EXPECT_EQ(evidence::matching_qe_level(qe->identity_unverified, body.isv_svn)->status, evidence::TcbStatus::kUpToDate);
}

TEST_F(SimPki, ListsWhatIsRevoked) {
  auto revoked = [&] {
    return evidence::load_crl(root.collateral({.now_ms = now}).pck_crl)->revokes(keys.pck_certificate());
  };
  EXPECT_FALSE(revoked());
  root.revoke(keys.pck_certificate());
  EXPECT_TRUE(revoked());
  auto loaded = SimRoot::load(root.save());
  ASSERT_TRUE(loaded.has_value());
  EXPECT_TRUE(evidence::load_crl(loaded->collateral({.now_ms = now}).pck_crl)->revokes(keys.pck_certificate()));
}

TEST_F(SimPki, SurvivesSavingAndLoading) {
  auto again = SimRoot::load(root.save());
  ASSERT_TRUE(again.has_value()) << again.error().what;
  EXPECT_EQ(again->root_spki(), root.root_spki());
  EXPECT_EQ(again->save(), root.save());
  auto loaded = PlatformKeys::load(keys.save());
  ASSERT_TRUE(loaded.has_value()) << loaded.error().what;
  EXPECT_EQ(loaded->save(), keys.save());
  EXPECT_EQ(loaded->platform, keys.platform);
}

TEST_F(SimPki, RefusesBrokenStores) {
  std::string saved = keys.save();
  for (std::size_t size = 0; size + 1 < saved.size(); size += 7)
    EXPECT_FALSE(PlatformKeys::load(saved.substr(0, size)));
  std::string root_saved = root.save();
  for (std::size_t size = 0; size + 1 < root_saved.size(); size += 97)
    EXPECT_FALSE(SimRoot::load(root_saved.substr(0, size)));
  auto other = root.issue_platform(random, {.now_ms = now}).value();
  PlatformKeys mixed{other.pck_key, keys.pck_chain_pem, keys.platform, keys.fuse_secret};
  EXPECT_FALSE(PlatformKeys::load(mixed.save()));
}

TEST_F(SimPki, RefusesValidityThatEndsBeforeItBegins) {
  EXPECT_FALSE(root.issue_platform(random, {.now_ms = now, .not_before_ms = now, .not_after_ms = now - 1000}));
}

}  // namespace
}  // namespace brume::tee

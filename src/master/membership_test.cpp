// Membership with real joins and simulated evidence: what changes while nodes are in the cluster.
#include "master/membership.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "crypto/random.h"
#include "evidence/cmw.h"
#include "evidence/protections.h"
#include "join/attester.h"
#include "master/collateral_file.h"
#include "master/default_policy.h"
#include "tee/quoting_enclave.h"

namespace brume::master {
namespace {

struct HandClock final : Clock {
  UnixMs now = 1'790'000'000'000;
  UnixMs now_ms() const override { return now; }
};

struct Heard final : MembershipListener {
  std::vector<std::string> events;
  std::vector<std::string> rules;
  void node_admitted(const NodeRecord&) override { events.push_back("admitted"); }
  void node_renewed(const NodeRecord&) override { events.push_back("renewed"); }
  void node_refused(const NodeRecord& node) override {
    events.push_back("refused");
    for (const auto& refusal : node.refusals) rules.push_back(refusal.rule);
  }
  void node_lost(const NodeRecord& node) override {
    events.push_back(node.owed_evidence ? "escaped" : node.ended ? "ended" : "lost");
  }
  void node_message(NodeId, std::uint8_t, ByteView) override {}
};
using Events = std::vector<std::string>;

struct MembershipTest : testing::Test {
  static constexpr ConnectionId kConnection = 1;
  HandClock clock;
  crypto::SystemRandom random;
  crypto::EcKey master_key = crypto::EcKey::generate();
  crypto::EcKey enclave_key = crypto::EcKey::generate();
  tee::SimRoot root = tee::SimRoot::create(random, clock.now);
  tee::PlatformKeys keys = root.issue_platform(random, {.now_ms = clock.now}).value();
  tee::Processor processor{keys.fuse_secret, random};
  tee::QuotingEnclave quoter{keys, processor, random};
  tee::Secs secs;
  Heard heard;
  std::unique_ptr<Membership> membership;
  std::optional<join::AttesterSession> enclave;

  void SetUp() override {
    secs.cpu_svn = evidence::protections_to_cpu_svn(evidence::kAllProtections);
    secs.attributes.flags = evidence::kAttributeInit | evidence::kAttributeMode64 | evidence::kAttributeKss;
    secs.measurement.bytes.fill(0xe1);
    secs.signer.bytes.fill(0x51);
    std::fill_n(secs.config_id.begin(), 32, 0x1d);
    DefaultPolicy allowed;
    allowed.measurement = secs.measurement;
    allowed.signer = secs.signer;
    allowed.image.bytes.fill(0x1d);
    allowed.root = root.root_spki();
    auto policy = appraisal::parse_policy_toml(default_policy_toml(allowed));
    ASSERT_TRUE(policy.has_value()) << policy.error().what;
    membership = std::make_unique<Membership>(master_key, *policy, bundle(clock.now), Membership::Config{}, clock,
                                              random, heard);
    enclave = *join::AttesterSession::create(enclave_key, {{join::Role::kWorker, "node-1"}, std::nullopt});
  }

  evidence::Bundle bundle(UnixMs issued_ms) {
    return {evidence::parts_of(root.collateral({.now_ms = clock.now, .issued_ms = issued_ms - 3'600'000}))};
  }

  Bytes quote(const ReportData& report_data) {
    auto target = tee::parse_target_info(quoter.target_info());
    auto made = quoter.quote(evidence::encode_report(processor.ereport(secs, *target, report_data)));
    EXPECT_TRUE(made.has_value());
    return evidence::encode_cmw(evidence::kTypeSgxQuote, *made);
  }

  // Bytes and evidence both ways until nothing moves.
  void talk() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& event : enclave->take_events()) {
        const auto* wanted = std::get_if<join::EvidenceWanted>(&event);
        if (wanted == nullptr) continue;
        EXPECT_TRUE(enclave->provide_evidence(quote(wanted->report_data)));
      }
      if (Bytes bytes = enclave->take_outgoing(); !bytes.empty()) {
        moved = true;
        membership->receive(kConnection, bytes);
      }
      for (auto& outgoing : membership->take_outgoing()) {
        if (outgoing.bytes.empty() || enclave->ended()) continue;
        moved = true;
        EXPECT_TRUE(enclave->receive(outgoing.bytes));
      }
    }
  }

  void join_cluster() {
    membership->connect(kConnection, "10.0.0.1");
    ASSERT_TRUE(enclave->start());
    talk();
    ASSERT_EQ(heard.events, Events{"admitted"});
  }
};

TEST_F(MembershipTest, AHostIsItsPlatformWhateverItsAddress) {
  join_cluster();
  NodeRecord node = membership->records().at(kConnection);
  const std::string host = host_of(node);
  node.address = "10.0.0.2";
  EXPECT_EQ(host_of(node), host);
  node.facts->platform.bytes[0] ^= 1;
  EXPECT_NE(host_of(node), host);
}

TEST_F(MembershipTest, AHostWithoutAPlatformIsItsAddress) {
  NodeRecord node;
  node.address = "2001:db8::1";
  const std::string host = host_of(node);
  node.address = "2001:db8::2";
  EXPECT_EQ(host_of(node), host);
  node.address = "2001:db8:0:1::1";
  EXPECT_NE(host_of(node), host);
}

TEST_F(MembershipTest, FreshCollateralRenewsWhoStillHolds) {
  join_cluster();
  membership->set_collateral(bundle(clock.now + 1000));
  EXPECT_EQ(membership->admitted_count(), 1u);
  talk();
  EXPECT_EQ(heard.events, (Events{"admitted", "renewed"}));
}

TEST_F(MembershipTest, FreshCollateralPutsOutWhomItRevokes) {
  join_cluster();
  root.revoke(keys.pck_certificate());
  membership->set_collateral(bundle(clock.now + 1000));
  talk();
  EXPECT_EQ(heard.rules, Events{"sgx.pck.revoked"});
  EXPECT_EQ(membership->admitted_count(), 0u);
  EXPECT_TRUE(enclave->ended());
}

TEST_F(MembershipTest, OlderCollateralDoesNotBringBackWhoWasRevoked) {
  const evidence::Bundle before = bundle(clock.now);
  root.revoke(keys.pck_certificate());
  membership->set_collateral(bundle(clock.now + 1000));
  membership->set_collateral(before);
  membership->connect(kConnection, "10.0.0.1");
  ASSERT_TRUE(enclave->start());
  talk();
  EXPECT_EQ(heard.rules, Events{"sgx.pck.revoked"});
}

TEST_F(MembershipTest, WithoutRevocationListsNobodyHolds) {
  join_cluster();
  membership->set_collateral({});
  talk();
  EXPECT_EQ(heard.rules, Events{"sgx.collateral.missing"});
}

TEST_F(MembershipTest, WhoHangsUpInPlaceOfAnAnswerIsKnown) {
  join_cluster();
  EXPECT_TRUE(membership->holds(kConnection));
  membership->set_collateral(bundle(clock.now + 1000));
  membership->disconnect(kConnection, "connection reset");
  EXPECT_EQ(heard.events, (Events{"admitted", "escaped"}));
}

TEST_F(MembershipTest, ALostNodeThatOwedNothingIsOnlyLost) {
  join_cluster();
  membership->set_collateral(bundle(clock.now + 1000));
  talk();
  membership->disconnect(kConnection, "connection reset");
  EXPECT_EQ(heard.events, (Events{"admitted", "renewed", "lost"}));
}

TEST_F(MembershipTest, ANodeThatEndedByItselfIsNotOneThatIsOnlyLost) {
  join_cluster();
  membership->host_failed(kConnection, "the enclave ended");
  membership->disconnect(kConnection, "connection reset");
  EXPECT_EQ(heard.events, (Events{"admitted", "ended"}));
  EXPECT_EQ(membership->records().at(kConnection).why_gone, "its host gave up: the enclave ended");
}

TEST_F(MembershipTest, ASuspendedNodeDoesNotHoldUntilItHasAnswered) {
  join_cluster();
  appraisal::Policy next = membership->policy();
  ++next.epoch;
  ASSERT_TRUE(membership->set_policy(next));
  EXPECT_FALSE(membership->holds(kConnection));
  talk();
  EXPECT_TRUE(membership->holds(kConnection));
}

TEST_F(MembershipTest, OnlyAdmittedNodesFillTheLogAndOnlySoFar) {
  membership->connect(kConnection, "10.0.0.1");
  EXPECT_FALSE(membership->takes_log_line(kConnection));
  ASSERT_TRUE(enclave->start());
  talk();
  std::uint32_t taken = 0;
  for (std::uint32_t i = 0; i < 2 * kNodeLogLimit; ++i) taken += membership->takes_log_line(kConnection) ? 1 : 0;
  EXPECT_EQ(taken, kNodeLogLimit);
  EXPECT_FALSE(membership->takes_log_line(kConnection + 1));
}

TEST_F(MembershipTest, ASecondHelloEndsTheConnection) {
  join_cluster();
  membership->hello(kConnection, "node-1", "worker", 4000);
  EXPECT_EQ(heard.events, Events{"admitted"});
  membership->hello(kConnection, "node-1", "worker", 4001);
  EXPECT_EQ(heard.events, (Events{"admitted", "lost"}));
}

TEST(CollateralFile, IsReadAgainWhenItChanges) {
  std::string folder = "/tmp/brume-collateral-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::filesystem::path path = std::filesystem::path(folder) / "bundle.json";
  auto write = [&](const std::string& text) {
    std::ofstream(path.string() + ".new") << text;
    std::filesystem::rename(path.string() + ".new", path);
  };
  CollateralFile file(path);
  EXPECT_EQ(file.read_if_changed().error().code, ErrorCode::kNotFound);
  EXPECT_EQ(file.read_if_changed().value(), std::nullopt);  // told once
  const evidence::Bundle one{{{evidence::PartKind::kSnpCrl, "one", ""}}};
  write(evidence::encode_bundle(one));
  EXPECT_EQ(file.read_if_changed().value(), one);
  EXPECT_EQ(file.read_if_changed().value(), std::nullopt);
  write("{\"version\":2,");
  EXPECT_FALSE(file.read_if_changed());
  EXPECT_EQ(file.read_if_changed().value(), std::nullopt);
  write(evidence::encode_bundle({}));
  EXPECT_EQ(file.read_if_changed().value(), evidence::Bundle{});
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace brume::master

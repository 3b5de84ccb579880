// The join as it should go, and its lifetime: renewal, policy epochs, expiry, limits, order.
#include "join/join_test_peers.h"

namespace brume::join {
namespace {

struct JoinTest : testing::Test {
  Master master;
  VerifierSession verifier = master.session();
  Enclave enclave{master.key.public_key().spki_hash()};

  // Answers the challenge that stands.
  void answer() {
    ASSERT_TRUE(pump(enclave.session, verifier));
    auto events = enclave.session.take_events();
    const auto* wanted = find<EvidenceWanted>(events);
    ASSERT_NE(wanted, nullptr);
    ASSERT_TRUE(enclave.session.provide_evidence(none_evidence(wanted->report_data)));
    ASSERT_TRUE(pump(enclave.session, verifier));
  }
};

TEST_F(JoinTest, AdmitsAnHonestPeerAndCarriesMessages) {
  join(enclave, verifier, NodeId{42});
  auto events = enclave.session.take_events();
  const auto* admitted = find<Admitted>(events);
  ASSERT_NE(admitted, nullptr);
  EXPECT_EQ(admitted->node, NodeId{42});
  EXPECT_EQ(admitted->epoch, 5u);
  EXPECT_EQ(admitted->cluster, some_cluster());
  EXPECT_EQ(verifier.peer()->node(), NodeId{42});
  EXPECT_EQ(verifier.peer()->claims().node_name, "node-1");
  EXPECT_EQ(verifier.peer()->key(), enclave.key.public_key().spki_hash());

  Bytes large(3u << 20, 9);
  ASSERT_TRUE(verifier.send(0x40, large));
  ASSERT_TRUE(verifier.send(0x41, {}));
  ASSERT_TRUE(enclave.session.send(0x50, as_bytes("done")));
  ASSERT_TRUE(pump(enclave.session, verifier, 10007));
  auto received = enclave.session.take_events();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(std::get<MessageReceived>(received[0]).body, large);
  EXPECT_EQ(std::get<MessageReceived>(received[1]).type, 0x41);
  auto back = verifier.take_events();
  ASSERT_NE(find<PeerMessage>(back), nullptr);
  EXPECT_EQ(as_chars(find<PeerMessage>(back)->body), "done");
}

TEST_F(JoinTest, GoesThroughByteByByte) {
  ASSERT_TRUE(pump(enclave.session, verifier, 1));
  auto events = enclave.session.take_events();
  ASSERT_NE(find<EvidenceWanted>(events), nullptr);
  ASSERT_TRUE(enclave.session.provide_evidence(none_evidence(find<EvidenceWanted>(events)->report_data)));
  ASSERT_TRUE(pump(enclave.session, verifier, 1));
  EXPECT_NE(find<PeerAttested>(verifier.take_events()), nullptr);
}

TEST_F(JoinTest, NothingIsSentOrAdmittedBeforeItsTime) {
  EXPECT_FALSE(verifier.send(0x40, {}));
  EXPECT_FALSE(verifier.admit(NodeId{1}));
  EXPECT_FALSE(enclave.session.send(0x40, {}));
  EXPECT_FALSE(enclave.session.provide_evidence({}));
  ASSERT_TRUE(pump(enclave.session, verifier));
  EXPECT_FALSE(verifier.send(0x40, {}));
  EXPECT_FALSE(verifier.admit(NodeId{1}));
  answer();
  EXPECT_EQ(verifier.peer(), nullptr);  // attested is not admitted
  EXPECT_FALSE(verifier.send(0x40, {}));
  EXPECT_FALSE(enclave.session.send(0x40, {}));
}

TEST_F(JoinTest, OwnTypesCannotBeSentAsMessages) {
  join(enclave, verifier);
  EXPECT_FALSE(verifier.send(0x03, {}));
  EXPECT_FALSE(enclave.session.send(0x02, {}));
}

TEST_F(JoinTest, RenewsBeforeAnAdmissionEnds) {
  join(enclave, verifier);
  UnixMs first = verifier.peer()->until_ms();
  master.clock.now = first - master.config.renew_before_ms;
  verifier.tick();
  ASSERT_TRUE(verifier.send(0x40, as_bytes("work goes on")));
  answer();
  EXPECT_NE(find<PeerRenewed>(verifier.take_events()), nullptr);
  EXPECT_GT(verifier.peer()->until_ms(), first);
  EXPECT_EQ(verifier.peer()->node(), NodeId{7});
  auto events = enclave.session.take_events();
  ASSERT_NE(find<Admitted>(events), nullptr);
  EXPECT_TRUE(find<Admitted>(events)->renewal);
}

TEST_F(JoinTest, AsksAgainAtOnceWhereTheGroundsChange) {
  ASSERT_TRUE(verifier.ask_again());  // nobody is admitted yet: nothing to ask
  join(enclave, verifier);
  ASSERT_TRUE(verifier.ask_again());
  ASSERT_TRUE(verifier.ask_again());  // asked already
  ASSERT_TRUE(verifier.send(0x40, as_bytes("work goes on")));
  answer();
  EXPECT_NE(find<PeerRenewed>(verifier.take_events()), nullptr);
  verifier.close();
  EXPECT_FALSE(verifier.ask_again());
}

TEST_F(JoinTest, AnAdmissionThatIsNotRenewedEnds) {
  join(enclave, verifier);
  master.clock.now = verifier.peer()->until_ms();
  EXPECT_EQ(verifier.peer(), nullptr);
  EXPECT_FALSE(verifier.send(0x40, {}));
  verifier.tick();
  auto events = verifier.take_events();
  ASSERT_NE(find<PeerRefused>(events), nullptr);
  EXPECT_EQ(find<PeerRefused>(events)->refusals[0].rule, "join.expired");
  ASSERT_TRUE(pump(enclave.session, verifier));
  auto told = enclave.session.take_events();
  ASSERT_NE(find<Refused>(told), nullptr);
  EXPECT_EQ(find<Refused>(told)->rules, "join.expired");
  EXPECT_FALSE(enclave.session.admitted());
}

TEST_F(JoinTest, ANewEpochSuspendsUntilEvidenceComesAgain) {
  join(enclave, verifier);
  ASSERT_TRUE(enclave.session.send(0x50, as_bytes("in flight")));
  ASSERT_TRUE(verifier.set_epoch(6));
  EXPECT_EQ(verifier.peer(), nullptr);
  EXPECT_FALSE(verifier.send(0x40, {}));
  EXPECT_NE(find<AdmissionSuspended>(verifier.take_events()), nullptr);
  ASSERT_TRUE(pump(enclave.session, verifier));
  EXPECT_FALSE(enclave.session.admitted());
  EXPECT_FALSE(enclave.session.send(0x50, {}));
  EXPECT_EQ(find<PeerMessage>(verifier.take_events()), nullptr);  // of the epoch before: void

  auto events = enclave.session.take_events();
  EXPECT_NE(find<EpochChanged>(events), nullptr);
  ASSERT_NE(find<EvidenceWanted>(events), nullptr);
  ASSERT_TRUE(enclave.session.provide_evidence(none_evidence(find<EvidenceWanted>(events)->report_data)));
  ASSERT_TRUE(pump(enclave.session, verifier));
  EXPECT_NE(find<PeerRenewed>(verifier.take_events()), nullptr);
  EXPECT_EQ(verifier.peer()->epoch(), 6u);
  EXPECT_TRUE(enclave.session.admitted());
  EXPECT_FALSE(verifier.set_epoch(6));
}

TEST_F(JoinTest, AnEpochThatChangesWhileEvidenceIsMadeAsksAgain) {
  ASSERT_TRUE(pump(enclave.session, verifier));
  ASSERT_TRUE(verifier.set_epoch(6));
  answer();  // for epoch 5
  EXPECT_EQ(find<PeerAttested>(verifier.take_events()), nullptr);
  answer();  // for epoch 6
  EXPECT_NE(find<PeerAttested>(verifier.take_events()), nullptr);
  ASSERT_TRUE(verifier.set_epoch(7));  // before admit()
  EXPECT_FALSE(verifier.admit(NodeId{1}));
  answer();
  EXPECT_NE(find<PeerAttested>(verifier.take_events()), nullptr);
  ASSERT_TRUE(verifier.admit(NodeId{1}));
  ASSERT_TRUE(pump(enclave.session, verifier));
  EXPECT_EQ(verifier.peer()->epoch(), 7u);
}

TEST_F(JoinTest, EvidenceThatComesTooLateIsRefused) {
  ASSERT_TRUE(pump(enclave.session, verifier));
  auto events = enclave.session.take_events();
  ASSERT_TRUE(enclave.session.provide_evidence(none_evidence(find<EvidenceWanted>(events)->report_data)));
  master.clock.now += master.config.evidence_limit_ms;
  ASSERT_TRUE(pump(enclave.session, verifier));
  auto verdict = verifier.take_events();
  ASSERT_NE(find<PeerRefused>(verdict), nullptr);
  EXPECT_EQ(find<PeerRefused>(verdict)->refusals[0].rule, "join.nonce-stale");
}

TEST_F(JoinTest, AHandshakeThatTakesTooLongIsRefused) {
  master.clock.now += master.config.handshake_limit_ms;
  verifier.tick();
  auto verdict = verifier.take_events();
  ASSERT_NE(find<PeerRefused>(verdict), nullptr);
  EXPECT_EQ(find<PeerRefused>(verdict)->refusals[0].rule, "join.timeout");
}

TEST_F(JoinTest, TheOwnerMayRefuseAnAttestedPeer) {
  ASSERT_TRUE(pump(enclave.session, verifier));
  answer();
  appraisal::Refusals refusals;
  appraisal::refuse(refusals, "cluster.full", "10 nodes", "11", "none");
  verifier.refuse(refusals);
  ASSERT_TRUE(pump(enclave.session, verifier));
  auto events = enclave.session.take_events();
  ASSERT_NE(find<Refused>(events), nullptr);
  EXPECT_EQ(find<Refused>(events)->rules, "cluster.full");
  EXPECT_TRUE(enclave.session.ended());
}

TEST_F(JoinTest, ClosingIsSeenAtTheOtherEnd) {
  join(enclave, verifier);
  enclave.session.close();
  ASSERT_TRUE(pump(enclave.session, verifier));
  EXPECT_NE(find<PeerGone>(verifier.take_events()), nullptr);
  EXPECT_EQ(verifier.peer(), nullptr);
}

TEST(JoinConfig, RefusesNamesAndRolesThatCannotBe) {
  crypto::EcKey key = crypto::EcKey::generate();
  for (std::string name : {std::string(), std::string("a b"), std::string("x\n"), std::string(256, 'a')}) {
    EXPECT_FALSE(AttesterSession::create(key, {{Role::kWorker, name}, std::nullopt}));
  }
  HandClock clock;
  EXPECT_FALSE(VerifierSession::create(key, {}, none_appraiser(), clock, g_random));
}

TEST(JoinMessages, RoundTripAndRefuseEveryTruncation) {
  Challenge challenge{true, g_random.make<Nonce>(), some_cluster(), 9, {Role::kMapper, Role::kVerifier}};
  EXPECT_EQ(*parse_challenge(encode_challenge(challenge)), challenge);
  Claims claims{Role::kReducer, "node.9_a-b"};
  EXPECT_EQ(*parse_claims(encode_claims(claims)), claims);
  AdmittedMessage admitted{NodeId{3}, 9, 1000};
  EXPECT_EQ(*parse_admitted(encode_admitted(admitted)), admitted);
  RefusedMessage refused{"policy.image, policy.debug"};
  EXPECT_EQ(*parse_refused(encode_refused(refused)), refused);
  EvidenceMessage evidence{{1, 2}, {3}};
  EXPECT_EQ(*parse_evidence_message(encode_evidence_message(evidence.claims, evidence.evidence)), evidence);

  auto strict = [](const Bytes& whole, auto parse) {
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(ByteView(whole).first(size))) << size;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(parse(longer));
  };
  strict(encode_challenge(challenge), parse_challenge);
  strict(encode_claims(claims), parse_claims);
  strict(encode_admitted(admitted), parse_admitted);
  strict(encode_refused(refused), parse_refused);
  strict(encode_evidence_message(evidence.claims, evidence.evidence), parse_evidence_message);
}

TEST(JoinMessages, RefuseWhatTheyDoNotKnow) {
  Bytes challenge = encode_challenge({false, {}, {}, 1, {Role::kWorker}});
  Bytes version = challenge;
  version[0] = 2;
  EXPECT_EQ(parse_challenge(version).error().code, ErrorCode::kUnsupported);
  Bytes renewal = challenge;
  renewal[2] = 2;
  EXPECT_FALSE(parse_challenge(renewal));
  Bytes role = challenge;
  role.back() = 5;
  EXPECT_FALSE(parse_challenge(role));
  EXPECT_FALSE(parse_challenge(encode_challenge({false, {}, {}, 1, {Role::kMapper, Role::kMapper}})));
  EXPECT_FALSE(parse_challenge(encode_challenge({false, {}, {}, 1, {}})));
  EXPECT_FALSE(parse_claims(encode_claims({Role::kWorker, "a b"})));
  EXPECT_FALSE(parse_claims(encode_claims({Role::kWorker, ""})));
  EXPECT_FALSE(parse_admitted(encode_admitted({NodeId{0}, 1, 1})));
  EXPECT_FALSE(parse_refused(encode_refused({"\x1b[31m"})));
  EXPECT_FALSE(parse_refused(encode_refused({std::string(2000, 'x')})));
}

TEST(JoinBinding, EveryFieldCounts) {
  Binding binding;
  ReportData base = report_data_of(binding);
  auto differs = [&](auto change) {
    Binding other = binding;
    change(other);
    EXPECT_NE(report_data_of(other), base);
  };
  differs([](Binding& b) { b.role = Role::kMapper; });
  differs([](Binding& b) { b.nonce.bytes[0] = 1; });
  differs([](Binding& b) { b.attester_key.bytes[0] = 1; });
  differs([](Binding& b) { b.verifier_key.bytes[0] = 1; });
  differs([](Binding& b) { b.exporter[0] = 1; });
  differs([](Binding& b) { b.cluster.bytes[0] = 1; });
  differs([](Binding& b) { b.epoch = 1; });
  differs([](Binding& b) { b.claims_hash.bytes[0] = 1; });
}

}  // namespace
}  // namespace brume::join

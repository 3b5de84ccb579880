// The attacks on attested channels, each played with real messages against a real appraiser.
#include "join/join_test_peers.h"

namespace brume::join {
namespace {

struct JoinAttack : testing::Test {
  Master master;
  VerifierSession verifier = master.session();
  Attacker attacker{crypto::TlsRole::kClient};
  Claims worker{Role::kWorker, "evil"};

  Challenge connect() {
    EXPECT_TRUE(pump(attacker.channel, verifier));
    return attacker.challenge();
  }
  std::string refused_by() {
    EXPECT_TRUE(pump(attacker.channel, verifier));
    auto events = verifier.take_events();
    const auto* refused = find<PeerRefused>(events);
    EXPECT_EQ(find<PeerAttested>(events), nullptr);
    EXPECT_EQ(verifier.peer(), nullptr);
    EXPECT_TRUE(verifier.ended() || refused == nullptr);
    return refused == nullptr ? "" : refused->refusals[0].rule;
  }
  // Sends evidence whose binding has one wrong field.
  template <typename Change>
  std::string refused_with(Change change) {
    Binding binding = attacker.binding(connect(), worker);
    change(binding);
    EXPECT_TRUE(attacker.send_evidence(worker, none_evidence(report_data_of(binding))));
    return refused_by();
  }
};

TEST_F(JoinAttack, TheSamePathAdmitsWhatIsHonest) {
  Binding binding = attacker.binding(connect(), worker);
  ASSERT_TRUE(attacker.send_evidence(worker, none_evidence(report_data_of(binding))));
  ASSERT_TRUE(pump(attacker.channel, verifier));
  EXPECT_NE(find<PeerAttested>(verifier.take_events()), nullptr);
}

TEST_F(JoinAttack, RefusesEvidenceRelayedOverAnotherSession) {
  // The attacker hands the master's nonce to an honest enclave, over a TLS session of his own, and
  // presents what it answers in his session with the master.
  Challenge challenge = connect();
  Attacker false_master(crypto::TlsRole::kServer);
  Enclave victim(std::nullopt);
  ASSERT_TRUE(pump(victim.session, false_master.channel));
  ASSERT_TRUE(false_master.channel.send(MessageType::kChallenge, encode_challenge(challenge)));
  ASSERT_TRUE(pump(victim.session, false_master.channel));
  auto events = victim.session.take_events();
  ASSERT_NE(find<EvidenceWanted>(events), nullptr);
  Bytes evidence = none_evidence(find<EvidenceWanted>(events)->report_data);
  ASSERT_TRUE(attacker.send_evidence({Role::kWorker, "node-1"}, evidence));
  EXPECT_EQ(refused_by(), "join.report-data");
}

TEST_F(JoinAttack, APinnedEnclaveDoesNotEvenSpeakToAnotherVerifier) {
  Attacker false_master(crypto::TlsRole::kServer);
  Enclave victim(master.key.public_key().spki_hash());
  EXPECT_FALSE(pump(victim.session, false_master.channel));
  EXPECT_TRUE(victim.session.ended());
  EXPECT_EQ(find<EvidenceWanted>(victim.session.take_events()), nullptr);
}

TEST_F(JoinAttack, RefusesReflectedEvidence) {
  // Made for the other direction: as the verifier would prove itself to the attacker.
  EXPECT_EQ(refused_with([](Binding& binding) { std::swap(binding.attester_key, binding.verifier_key); }),
            "join.report-data");
}

TEST_F(JoinAttack, RefusesReflectedBytes) {
  EXPECT_TRUE(pump(attacker.channel, verifier));
  Enclave enclave(std::nullopt);
  Bytes hello = enclave.session.take_outgoing();
  EXPECT_FALSE(enclave.session.receive(hello));
}

TEST_F(JoinAttack, RefusesARoleThatIsNotAdmittedHere) {
  for (Role role : {Role::kVerifier, Role::kReducer}) {
    VerifierSession session = master.session();
    Attacker other(crypto::TlsRole::kClient);
    ASSERT_TRUE(pump(other.channel, session));
    Claims claims{role, "evil"};
    Binding binding = other.binding(other.challenge(), claims);
    ASSERT_TRUE(other.send_evidence(claims, none_evidence(report_data_of(binding))));
    ASSERT_TRUE(pump(other.channel, session));
    auto events = session.take_events();
    ASSERT_NE(find<PeerRefused>(events), nullptr);
    EXPECT_EQ(find<PeerRefused>(events)->refusals[0].rule, "join.role");
  }
}

TEST_F(JoinAttack, RefusesEvidenceOfAnotherRole) {
  EXPECT_EQ(refused_with([](Binding& binding) { binding.role = Role::kMapper; }), "join.report-data");
}

TEST_F(JoinAttack, RefusesEvidenceOfAnEarlierEpoch) {
  EXPECT_EQ(refused_with([](Binding& binding) { --binding.epoch; }), "join.report-data");
}

TEST_F(JoinAttack, RefusesEvidenceForAnotherCluster) {
  EXPECT_EQ(refused_with([](Binding& binding) { binding.cluster.bytes[0] ^= 1; }), "join.report-data");
}

TEST_F(JoinAttack, RefusesEvidenceOfAnotherKey) {
  EXPECT_EQ(refused_with([](Binding& binding) { binding.attester_key.bytes[0] ^= 1; }), "join.report-data");
}

TEST_F(JoinAttack, RefusesEvidenceDivertedFromAnotherVerifier) {
  EXPECT_EQ(refused_with([](Binding& binding) { binding.verifier_key.bytes[0] ^= 1; }), "join.report-data");
}

TEST_F(JoinAttack, RefusesEvidenceOfAnotherExporter) {
  EXPECT_EQ(refused_with([](Binding& binding) { binding.exporter[31] ^= 1; }), "join.report-data");
}

TEST_F(JoinAttack, RefusesEvidenceWithAnotherNonce) {
  EXPECT_EQ(refused_with([](Binding& binding) { binding.nonce.bytes[0] ^= 1; }), "join.report-data");
}

TEST_F(JoinAttack, RefusesClaimsThatTheEvidenceDoesNotBind) {
  Binding binding = attacker.binding(connect(), worker);
  ASSERT_TRUE(attacker.send_evidence({Role::kWorker, "other-name"}, none_evidence(report_data_of(binding))));
  EXPECT_EQ(refused_by(), "join.report-data");
}

TEST_F(JoinAttack, RefusesClaimsThatAreNone) {
  connect();
  ASSERT_TRUE(attacker.channel.send(MessageType::kEvidence, encode_evidence_message(Bytes{9, 9}, none_evidence({}))));
  EXPECT_EQ(refused_by(), "join.claims");
}

TEST_F(JoinAttack, RefusesEvidenceReplayedAtTheRenewal) {
  Binding binding = attacker.binding(connect(), worker);
  Bytes evidence = none_evidence(report_data_of(binding));
  ASSERT_TRUE(attacker.send_evidence(worker, evidence));
  ASSERT_TRUE(pump(attacker.channel, verifier));
  ASSERT_TRUE(verifier.admit(NodeId{1}));
  master.clock.now += master.config.admission_ms - master.config.renew_before_ms;
  verifier.tick();
  ASSERT_TRUE(pump(attacker.channel, verifier));
  verifier.take_events();
  ASSERT_TRUE(attacker.send_evidence(worker, evidence));
  EXPECT_EQ(refused_by(), "join.report-data");
}

TEST_F(JoinAttack, RefusesOtherClaimsAtTheRenewal) {
  Binding binding = attacker.binding(connect(), worker);
  ASSERT_TRUE(attacker.send_evidence(worker, none_evidence(report_data_of(binding))));
  ASSERT_TRUE(pump(attacker.channel, verifier));
  ASSERT_TRUE(verifier.admit(NodeId{1}));
  ASSERT_TRUE(verifier.set_epoch(6));
  ASSERT_TRUE(pump(attacker.channel, verifier));
  verifier.take_events();
  EXPECT_EQ(attacker.next()->type, 0x03);
  Claims mapper{Role::kMapper, "evil"};
  Binding again = attacker.binding(attacker.challenge(), mapper);
  ASSERT_TRUE(attacker.send_evidence(mapper, none_evidence(report_data_of(again))));
  EXPECT_EQ(refused_by(), "join.claims-changed");
}

TEST_F(JoinAttack, ANonceIsUsedOnce) {
  Binding binding = attacker.binding(connect(), worker);
  Bytes evidence = none_evidence(report_data_of(binding));
  ASSERT_TRUE(attacker.send_evidence(worker, evidence));
  ASSERT_TRUE(attacker.send_evidence(worker, evidence));
  EXPECT_FALSE(pump(attacker.channel, verifier));
  EXPECT_TRUE(verifier.ended());
  EXPECT_FALSE(verifier.admit(NodeId{1}));
}

TEST_F(JoinAttack, EveryChallengeHasAFreshNonce) {
  Challenge first = connect();
  VerifierSession second_session = master.session();
  Attacker second(crypto::TlsRole::kClient);
  ASSERT_TRUE(pump(second.channel, second_session));
  EXPECT_NE(second.challenge().nonce, first.nonce);
}

TEST_F(JoinAttack, TheVerifierRefusesMessagesAtTheWrongMoment) {
  for (std::uint8_t type : Bytes{0x01, 0x03, 0x04, 0x05, 0x3f, 0x40, 0xff}) {
    VerifierSession session = master.session();
    Attacker other(crypto::TlsRole::kClient);
    ASSERT_TRUE(pump(other.channel, session));
    ASSERT_TRUE(other.channel.send(type, Bytes(8)));
    EXPECT_FALSE(pump(other.channel, session)) << int{type};
    EXPECT_TRUE(session.ended());
    EXPECT_FALSE(session.receive(Bytes(1)));
  }
}

TEST_F(JoinAttack, TheEnclaveRefusesMessagesAtTheWrongMoment) {
  auto refuses = [](std::vector<std::pair<std::uint8_t, Bytes>> messages) {
    Attacker server(crypto::TlsRole::kServer);
    Enclave enclave(std::nullopt);
    EXPECT_TRUE(pump(enclave.session, server.channel));
    for (auto& [type, body] : messages) EXPECT_TRUE(server.channel.send(type, body));
    bool refused = !pump(enclave.session, server.channel).has_value();
    EXPECT_EQ(enclave.session.ended(), refused);
    return refused;
  };
  Challenge challenge{false, g_random.make<Nonce>(), some_cluster(), 5, {Role::kWorker}};
  Bytes first = encode_challenge(challenge);
  EXPECT_FALSE(refuses({{0x01, first}}));
  EXPECT_TRUE(refuses({{0x40, {}}}));                                                 // before admission
  EXPECT_TRUE(refuses({{0x03, encode_admitted({NodeId{1}, 5, 1})}}));                 // without a challenge
  EXPECT_TRUE(refuses({{0x01, first}, {0x03, encode_admitted({NodeId{1}, 5, 1})}}));  // without evidence
  EXPECT_TRUE(refuses({{0x01, first}, {0x01, first}}));                               // while one stands
  EXPECT_TRUE(refuses({{0x02, {}}}));                                                 // the attester's own
  EXPECT_TRUE(refuses({{0x22, {}}}));                                                 // unknown
  challenge.renewal = true;
  EXPECT_TRUE(refuses({{0x01, encode_challenge(challenge)}}));  // of no admission
  challenge.renewal = false;
  challenge.roles = {Role::kReducer};
  EXPECT_TRUE(refuses({{0x01, encode_challenge(challenge)}}));  // for another role
}

TEST_F(JoinAttack, TheEnclaveRefusesAnEarlierEpochAndAnotherCluster) {
  for (int variant = 0; variant < 4; ++variant) {
    Attacker server(crypto::TlsRole::kServer);
    Enclave enclave(std::nullopt);
    ASSERT_TRUE(pump(enclave.session, server.channel));
    Challenge challenge{false, g_random.make<Nonce>(), some_cluster(), 5, {Role::kWorker}};
    ASSERT_TRUE(server.channel.send(MessageType::kChallenge, encode_challenge(challenge)));
    ASSERT_TRUE(pump(enclave.session, server.channel));
    ASSERT_TRUE(enclave.session.provide_evidence(none_evidence({})));
    ASSERT_TRUE(server.channel.send(MessageType::kAdmitted, encode_admitted({NodeId{1}, 5, 1})));
    ASSERT_TRUE(pump(enclave.session, server.channel));
    challenge.renewal = true;
    if (variant != 3) challenge.nonce = g_random.make<Nonce>();
    if (variant == 1) challenge.epoch = 4;
    if (variant == 2) challenge.cluster.bytes[0] ^= 1;
    ASSERT_TRUE(server.channel.send(MessageType::kChallenge, encode_challenge(challenge)));
    EXPECT_EQ(pump(enclave.session, server.channel).has_value(), variant == 0);
  }
}

TEST_F(JoinAttack, FramesOverTheLimitAreRefusedByTheirLengthAlone) {
  connect();
  ASSERT_TRUE(attacker.channel.tls().send(Bytes{0xff, 0xff, 0xff, 0x7f}));
  auto refused = pump(attacker.channel, verifier);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);

  Attacker server(crypto::TlsRole::kServer);
  Enclave enclave(std::nullopt);
  ASSERT_TRUE(pump(enclave.session, server.channel));
  ASSERT_TRUE(server.channel.tls().send(Bytes{0xff, 0xff, 0x0f, 0x00}));
  EXPECT_FALSE(pump(enclave.session, server.channel));
}

TEST_F(JoinAttack, EmptyFramesAreRefused) {
  connect();
  ASSERT_TRUE(attacker.channel.tls().send(Bytes{0, 0, 0, 0}));
  EXPECT_FALSE(pump(attacker.channel, verifier));
}

TEST_F(JoinAttack, EveryFlippedByteOfTheHandshakeEndsTheSession) {
  Bytes hello = outgoing(attacker.channel);
  for (std::size_t i = 0; i < hello.size(); i += 13) {
    VerifierSession session = master.session();
    Enclave enclave(master.key.public_key().spki_hash());
    Bytes bytes = enclave.session.take_outgoing();
    bytes[i % bytes.size()] ^= 1;
    Status status = session.receive(bytes);
    if (status) status = pump(enclave.session, session);
    EXPECT_EQ(find<EvidenceWanted>(enclave.session.take_events()), nullptr);
  }
}

}  // namespace
}  // namespace brume::join

// Ends of a join for tests: a clock that is set by hand, evidence of tee none, which a real appraiser
// compares with the report data, and an attacker who speaks TLS and frames but does not keep the rules.
#pragma once

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "evidence/cmw.h"
#include "evidence/none.h"
#include "join/attester.h"
#include "join/verifier.h"

namespace brume::join {

struct HandClock final : Clock {
  UnixMs now = 1'000'000;
  UnixMs now_ms() const override { return now; }
};

inline crypto::SystemRandom g_random;

inline ClusterId some_cluster() {
  ClusterId cluster;
  cluster.bytes.fill(0xc1);
  return cluster;
}

inline Bytes none_evidence(const ReportData& report_data) {
  evidence::NoneEvidence claims;
  claims.report_data = report_data;
  return evidence::encode_cmw(evidence::kTypeNone, evidence::encode_none_evidence(claims));
}

// Admits tee none in the roles worker, mapper and reducer, and compares the report data.
inline Appraise none_appraiser() {
  appraisal::AllowEntry entry;
  entry.tee = appraisal::Tee::kNone;
  entry.any_measurement = entry.any_image = entry.any_signer = true;
  entry.roles = {"worker", "mapper", "reducer", "verifier"};
  appraisal::Policy policy;
  policy.allow.push_back(entry);
  return [policy](ByteView evidence, const appraisal::Expected& expected, const Claims&) {
    return appraisal::appraise(evidence, {}, policy, expected);
  };
}

template <typename Event, typename Events>
const Event* find(const Events& events) {
  for (const auto& event : events) {
    if (const Event* found = std::get_if<Event>(&event)) return found;
  }
  return nullptr;
}

struct Master {
  HandClock clock;
  crypto::EcKey key = crypto::EcKey::generate();
  VerifierConfig config{.cluster = some_cluster(), .epoch = 5, .roles = {Role::kWorker, Role::kMapper}};

  VerifierSession session() { return *VerifierSession::create(key, config, none_appraiser(), clock, g_random); }
};

struct Enclave {
  crypto::EcKey key = crypto::EcKey::generate();
  AttesterSession session;

  explicit Enclave(std::optional<SpkiHash> verifier_key, Role role = Role::kWorker)
      : session(*AttesterSession::create(key, {{role, "node-1"}, verifier_key})) {
    EXPECT_TRUE(session.start());
  }
};

// Whoever owns the network and a copy of the program's source: TLS of his own, any frames he likes.
struct Attacker {
  crypto::EcKey key = crypto::EcKey::generate();
  Channel channel;

  explicit Attacker(crypto::TlsRole role) : channel(*crypto::TlsSession::create(role, key, std::nullopt)) {
    if (role == crypto::TlsRole::kClient) started(channel.receive({}));
  }
  static void started(const Status& status) { EXPECT_TRUE(status); }
  std::optional<Frame> next() {
    auto frame = channel.next(1u << 20);
    EXPECT_TRUE(frame);
    return frame ? *frame : std::nullopt;
  }
  Challenge challenge() {
    auto frame = next();
    EXPECT_TRUE(frame);
    return frame ? *parse_challenge(frame->body) : Challenge();
  }
  // What an honest attester would bind here; tests change one field.
  Binding binding(const Challenge& challenge, const Claims& claims) {
    return {.role = claims.role,
            .nonce = challenge.nonce,
            .attester_key = channel.tls().own_spki(),
            .verifier_key = channel.tls().peer_spki(),
            .exporter = channel.tls().exporter(),
            .cluster = challenge.cluster,
            .epoch = challenge.epoch,
            .claims_hash = crypto::sha256(encode_claims(claims))};
  }
  Status send_evidence(const Claims& claims, ByteView cmw) {
    return channel.send(MessageType::kEvidence, encode_evidence_message(encode_claims(claims), cmw));
  }
};

inline Bytes outgoing(AttesterSession& session) { return session.take_outgoing(); }
inline Bytes outgoing(VerifierSession& session) { return session.take_outgoing(); }
inline Bytes outgoing(Channel& channel) { return channel.tls().take_outgoing(); }

// Carries bytes both ways until nothing moves, in pieces of `piece` bytes. The first error ends it.
template <typename A, typename B>
Status pump(A& a, B& b, std::size_t piece = SIZE_MAX) {
  auto carry = [&](auto& from, auto& to, bool& moved) -> Status {
    Bytes bytes = outgoing(from);
    for (ByteView rest = bytes; !rest.empty();) {
      std::size_t size = std::min(piece, rest.size());
      BRUME_TRY(to.receive(rest.first(size)));
      rest = rest.subspan(size);
      moved = true;
    }
    return {};
  };
  for (bool moved = true; moved;) {
    moved = false;
    BRUME_TRY(carry(a, b, moved));
    BRUME_TRY(carry(b, a, moved));
  }
  return {};
}

// Honest join to the end.
inline void join(Enclave& enclave, VerifierSession& verifier, NodeId node = {7}) {
  ASSERT_TRUE(pump(enclave.session, verifier));
  auto wanted_events = enclave.session.take_events();
  const auto* wanted = find<EvidenceWanted>(wanted_events);
  ASSERT_NE(wanted, nullptr);
  ASSERT_TRUE(enclave.session.provide_evidence(none_evidence(wanted->report_data)));
  ASSERT_TRUE(pump(enclave.session, verifier));
  ASSERT_NE(find<PeerAttested>(verifier.take_events()), nullptr);
  ASSERT_TRUE(verifier.admit(node));
  ASSERT_TRUE(pump(enclave.session, verifier));
  ASSERT_TRUE(enclave.session.admitted());
  ASSERT_NE(verifier.peer(), nullptr);
}

}  // namespace brume::join

// The master's end of a join: TLS server, challenges the peer, has its evidence appraised, and carries
// messages once it is admitted. Bytes in, bytes out; time and randomness are given.
//
// The peer gets nothing of the cluster's before PeerAttested and admit(). An admission ends when its time
// is over or the policy epoch changes; before its time is over the session asks for evidence again by itself.
#pragma once

#include <functional>
#include <variant>

#include "appraisal/appraise.h"
#include "base/outside.h"
#include "join/channel.h"

namespace brume::join {

// Judges a CMW record. Called with the report data that this very session and challenge demand.
using Appraise =
    std::function<appraisal::Verdict(ByteView evidence, const appraisal::Expected& expected, const Claims& claims)>;

struct VerifierConfig {
  ClusterId cluster;
  std::uint64_t epoch = 0;
  std::vector<Role> roles;             // that are admitted here; at least one
  UnixMs handshake_limit_ms = 30'000;  // from creation to established TLS
  UnixMs evidence_limit_ms = 60'000;   // from challenge to evidence: an older nonce is stale
  UnixMs admission_ms = 3'600'000;     // how long an admission holds
  UnixMs renew_before_ms = 600'000;    // how long before its end evidence is asked for again
};

// Made by a VerifierSession alone, from an appraisal.
class AdmittedPeer {
 public:
  NodeId node() const { return node_; }
  const Claims& claims() const { return claims_; }
  const appraisal::AttestedPeer& attested() const { return attested_; }
  const SpkiHash& key() const { return key_; }
  std::uint64_t epoch() const { return epoch_; }
  UnixMs until_ms() const { return until_ms_; }

 private:
  friend class VerifierSession;
  AdmittedPeer(NodeId node, Claims claims, appraisal::AttestedPeer attested, const SpkiHash& key, std::uint64_t epoch,
               UnixMs until_ms)
      : node_(node),
        claims_(std::move(claims)),
        attested_(std::move(attested)),
        key_(key),
        epoch_(epoch),
        until_ms_(until_ms) {}

  NodeId node_;
  Claims claims_;
  appraisal::AttestedPeer attested_;
  SpkiHash key_;
  std::uint64_t epoch_;
  UnixMs until_ms_;
};

// The evidence holds; admit() or refuse() decides.
struct PeerAttested {
  Claims claims;
};
// An admission was renewed under the same id.
struct PeerRenewed {
  std::uint64_t epoch = 0;
};
// The epoch changed: until PeerRenewed or PeerRefused, nothing is sent to and nothing taken from the peer.
struct AdmissionSuspended {
  std::uint64_t epoch = 0;  // the new one
};
// The session is over; the peer was told the rules' names.
struct PeerRefused {
  appraisal::Refusals refusals;
  std::optional<Claims> claimed;  // where it came so far: not verified
};
struct PeerMessage {
  std::uint8_t type = 0;
  Bytes body;
};
struct PeerGone {};

using VerifierEvent = std::variant<PeerAttested, PeerRenewed, AdmissionSuspended, PeerRefused, PeerMessage, PeerGone>;

class VerifierSession {
 public:
  // clock and random outlive the session.
  static Result<VerifierSession> create(const crypto::TlsIdentity& own, VerifierConfig config, Appraise appraise,
                                        const Clock& clock, Random& random);

  // An error (malformed, over a limit, at the wrong moment) ends the session. Of a session that ended in
  // order nothing more is looked at.
  Status receive(ByteView from_peer);
  // Time passes: limits are enforced and renewals asked for. Call it about once a second.
  void tick();

  // After PeerAttested. node: not 0, and nobody else's.
  Status admit(NodeId node);
  // At any time: tells the peer and ends the session.
  void refuse(appraisal::Refusals refusals);
  // The grounds changed on which evidence is judged: of an admitted peer evidence is asked for anew, now. Its admission
  // stands until the answer is judged.
  Status ask_again();
  // A later policy epoch: the admission is suspended and evidence asked for anew.
  Status set_epoch(std::uint64_t epoch);
  // Only while admitted.
  Status send(std::uint8_t type, ByteView body);
  void close();

  Bytes take_outgoing() { return channel_.tls().take_outgoing(); }
  std::vector<VerifierEvent> take_events() { return std::exchange(events_, {}); }
  // Nothing unless the peer is admitted right now, in the present epoch.
  const AdmittedPeer* peer() const { return holds() ? &*admitted_ : nullptr; }
  bool ended() const { return ended_; }
  // A challenge stands that the peer has not answered.
  bool awaits_evidence() const { return round_ == Round::kEvidenceAwaited; }

 private:
  enum class Round { kHandshake, kEvidenceAwaited, kAttested, kIdle };

  VerifierSession(crypto::TlsSession tls, VerifierConfig config, Appraise appraise, const Clock& clock, Random& random);
  bool holds() const;
  Status end(Status status);
  Status process();
  Status handle(Frame frame);
  Status challenge();
  Status handle_evidence(ByteView body);
  Status check_and_appraise(const EvidenceMessage& message, const Challenge& challenge);
  Status conclude(Claims claims, appraisal::AttestedPeer attested);
  Status send_admission(NodeId node, Claims claims, appraisal::AttestedPeer attested);
  void refuse_one(std::string_view rule, std::string expected, std::string got, std::string_view fix);

  Channel channel_;
  VerifierConfig config_;
  Appraise appraise_;
  const Clock* clock_;
  Random* random_;
  Round round_ = Round::kHandshake;
  UnixMs round_until_ms_;
  std::optional<Challenge> challenge_;  // stands; its nonce is used once
  std::optional<Claims> claimed_;
  Bytes claims_bytes_;  // of the first admission: renewals say the same
  std::optional<appraisal::AttestedPeer> attested_;
  std::optional<AdmittedPeer> admitted_;
  bool suspended_ = false;
  bool ended_ = false;
  std::optional<Error> failure_;
  std::vector<VerifierEvent> events_;
};

}  // namespace brume::join

// The enclave's end of a join: TLS client, answers challenges with evidence, and then carries
// messages. Bytes in, bytes out; it needs no clock. Who the verifier is, it knows by the pinned key.
#pragma once

#include <variant>

#include "join/channel.h"

namespace brume::join {

struct AttesterConfig {
  Claims claims;
  // The verifier's key (measured with the program). Without one, any verifier can ask for evidence, and
  // what it sends afterwards is as good as that verifier.
  std::optional<SpkiHash> verifier_key;
};

// Evidence over these 64 bytes is asked for: answer with provide_evidence(), at any time.
struct EvidenceWanted {
  ReportData report_data;
  bool renewal = false;
};
struct Admitted {
  NodeId node;
  ClusterId cluster;
  std::uint64_t epoch = 0;
  std::uint64_t valid_for_ms = 0;
  bool renewal = false;
};
// The policy changed: nothing may be sent until Admitted comes again, and work that is not
// committed is void.
struct EpochChanged {
  std::uint64_t epoch = 0;
};
struct Refused {
  std::string rules;
};
struct MessageReceived {
  std::uint8_t type = 0;  // kFirstApplicationType or above
  Bytes body;             // may hold keys: the receiver wipes it
};
struct PeerClosed {};

using AttesterEvent = std::variant<EvidenceWanted, Admitted, EpochChanged, Refused, MessageReceived, PeerClosed>;

class AttesterSession {
 public:
  // key: fresh for this session. Refuses a node name that is none.
  static Result<AttesterSession> create(const crypto::EcKey& key, AttesterConfig config);

  // Makes the first bytes.
  Status start();
  // An error (malformed, over a limit, at the wrong moment, not the pinned verifier) ends the session.
  // Of a session that ended in order nothing more is looked at.
  Status receive(ByteView from_peer);
  // For the challenge that stands; a CMW record. kState where none stands.
  Status provide_evidence(ByteView cmw);
  // Only while admitted; type from kFirstApplicationType on.
  Status send(std::uint8_t type, ByteView body);
  void close();

  Bytes take_outgoing() { return channel_.tls().take_outgoing(); }
  std::vector<AttesterEvent> take_events() { return std::exchange(events_, {}); }
  bool admitted() const { return admitted_; }
  bool ended() const { return ended_; }

 private:
  enum class Round { kIdle, kEvidenceWanted, kVerdictAwaited };

  AttesterSession(crypto::TlsSession tls, AttesterConfig config);
  Status end(Status status);
  Status process();
  Status handle(Frame frame);
  Status handle_challenge(ByteView body);
  Status handle_admitted(ByteView body);
  Status handle_refused(ByteView body);

  Channel channel_;
  AttesterConfig config_;
  Bytes encoded_claims_;
  Round round_ = Round::kIdle;
  std::optional<Challenge> challenge_;  // the latest
  NodeId node_;
  bool admitted_ = false;
  bool ended_ = false;
  std::optional<Error> failure_;
  std::vector<AttesterEvent> events_;
};

}  // namespace brume::join

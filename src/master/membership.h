// Who is in the cluster: one join session a connection, from first byte to refusal or loss. Pure:
// bytes, time and randomness come in, bytes and events go out; sockets belong to the daemon.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "appraisal/appraise.h"
#include "evidence/bundle.h"
#include "join/verifier.h"

namespace brume::master {

using ConnectionId = std::uint64_t;

enum class NodeState { kJoining, kAdmitted, kRefused, kGone };
const char* node_state_name(NodeState state);

// All that is known of one connection; kept after its end, so that `brume nodes` can say why.
struct NodeRecord {
  ConnectionId connection = 0;
  NodeId id;  // 0 until admitted
  NodeState state = NodeState::kJoining;
  std::string claimed_name;  // of the host; of the enclave's claims once admitted
  std::string claimed_role;
  std::string address;  // where the connection came from
  std::uint16_t fetch_port = 0;
  std::optional<join::Role> role;
  std::optional<appraisal::PeerFacts> facts;
  appraisal::Refusals refusals;
  std::string why_gone;
  bool ended = false;          // by itself, as its host said
  bool owed_evidence = false;  // of one that was admitted: it ended with a challenge unanswered
  std::uint32_t log_lines = 0;
  UnixMs since_ms = 0;
};

// Whose machine it is on, by its evidence's platform or, where there is none, by where its connection came from: the
// same for all nodes that one host can start on it.
std::string host_of(const NodeRecord& node);

// What the owner of the membership does about it. Called from within receive, tick and disconnect.
class MembershipListener {
 public:
  virtual ~MembershipListener() = default;
  virtual void node_admitted(const NodeRecord& node) = 0;
  // It proved itself again, for its admission's time or for a new policy epoch.
  virtual void node_renewed(const NodeRecord& node) = 0;
  virtual void node_refused(const NodeRecord& node) = 0;  // never admitted, or not any more
  // Was admitted. Whether it was refused, its state says; whether it escaped that, `owed_evidence`.
  virtual void node_lost(const NodeRecord& node) = 0;
  virtual void node_message(NodeId node, std::uint8_t type, ByteView body) = 0;
};

inline constexpr std::size_t kNodeLimit = 4096;         // connections at once
inline constexpr std::uint32_t kNodeLogLimit = 1'000;   // lines
inline constexpr std::size_t kEndedRecordLimit = 1024;  // refused and gone ones that are remembered

class Membership {
 public:
  struct Config {
    ClusterId cluster;
    std::vector<join::Role> roles{join::Role::kWorker, join::Role::kMapper, join::Role::kReducer};
    UnixMs admission_ms = 3'600'000;
  };
  // clock, random and listener outlive it.
  Membership(const crypto::EcKey& key, appraisal::Policy policy, evidence::Bundle collateral, Config config,
             const Clock& clock, Random& random, MembershipListener& listener);

  void connect(ConnectionId connection, const std::string& address);
  // What the untrusted host says of itself. Once: a second time ends the connection.
  void hello(ConnectionId connection, const std::string& name, const std::string& role, std::uint16_t fetch_port);
  // Whether a line that a node's host says is worth keeping: strangers fill no disk.
  bool takes_log_line(ConnectionId connection);
  void receive(ConnectionId connection, ByteView bytes);
  // The host says why its node ended, before the connection does.
  void host_failed(ConnectionId connection, const std::string& claimed_why);
  void disconnect(ConnectionId connection, const std::string& why);
  void tick();

  // A later epoch: every admitted node must prove itself again.
  Status set_policy(appraisal::Policy policy);
  // In place of what was known, and never behind it: an older revocation list or TCB info does not replace a later one
  // (evidence::refreshed). Every admitted node is asked for evidence anew.
  void set_collateral(evidence::Bundle collateral);
  const appraisal::Policy& policy() const { return policy_; }

  // Error: the node is not admitted (any more).
  Status send(NodeId node, std::uint8_t type, ByteView body);
  // Ends the session of a node, telling it.
  void drop(NodeId node, const std::string& why);

  struct Outgoing {
    ConnectionId connection = 0;
    Bytes bytes;         // for the enclave's TLS session
    bool close = false;  // after these bytes
  };
  std::vector<Outgoing> take_outgoing();

  // By connection, ended ones included.
  const std::map<ConnectionId, NodeRecord>& records() const { return records_; }
  const NodeRecord* find(NodeId node) const;
  std::size_t admitted_count() const { return by_id_.size(); }
  // Admitted, and has proved itself as the present policy epoch asks.
  bool holds(ConnectionId connection) const;

 private:
  void use_collateral();
  void handle_events(ConnectionId connection);
  void handle(NodeRecord& record, join::VerifierEvent event);
  void admit(NodeRecord& record, const join::Claims& claims);
  void end(ConnectionId connection, const std::string& why);
  void forget_old_records();
  join::VerifierSession* session(ConnectionId connection);

  const crypto::TlsIdentity identity_;
  appraisal::Policy policy_;
  evidence::Bundle collateral_;
  appraisal::Verifier verifier_;
  Config config_;
  const Clock& clock_;
  Random& random_;
  MembershipListener& listener_;
  std::map<ConnectionId, NodeRecord> records_;
  std::map<ConnectionId, join::VerifierSession> sessions_;
  std::map<NodeId, ConnectionId> by_id_;
  std::vector<Outgoing> outgoing_;
  std::uint32_t next_node_ = 1;
};

}  // namespace brume::master

#include "master/membership.h"

#include "base/hex.h"
#include "transport/ip_address.h"

namespace brume::master {

const char* node_state_name(NodeState state) {
  switch (state) {
    case NodeState::kJoining:
      return "joining";
    case NodeState::kAdmitted:
      return "admitted";
    case NodeState::kRefused:
      return "refused";
    case NodeState::kGone:
      return "gone";
  }
  return "?";
}

std::string host_of(const NodeRecord& node) {
  if (node.facts && node.facts->platform != appraisal::PlatformId{}) return "platform " + node.facts->platform.hex();
  return "address " + to_hex(transport::source_of(node.address));
}

Membership::Membership(const crypto::EcKey& key, appraisal::Policy policy, evidence::Bundle collateral, Config config,
                       const Clock& clock, Random& random, MembershipListener& listener)
    : identity_(key),
      policy_(std::move(policy)),
      collateral_(std::move(collateral)),
      config_(std::move(config)),
      clock_(clock),
      random_(random),
      listener_(listener) {
  use_collateral();
}

void Membership::use_collateral() {
  verifier_.clear_collateral();
  verifier_.clear_snp_endorsements();
  verifier_.clear_tpm();
  for (auto& one : evidence::collateral_of(collateral_)) verifier_.add_collateral(std::move(one));
  verifier_.add_snp_endorsements(evidence::snp_endorsements_of(collateral_));
  verifier_.add_tpm_endorsements({evidence::data_of(collateral_, evidence::PartKind::kTpmCertificates),
                                  evidence::data_of(collateral_, evidence::PartKind::kTpmCrl)});
}

void Membership::connect(ConnectionId connection, const std::string& address) {
  NodeRecord& record = records_[connection];
  record.connection = connection;
  record.address = address;
  record.since_ms = clock_.now_ms();
  if (sessions_.size() >= kNodeLimit) return end(connection, "the cluster has its limit of connections");
  join::VerifierConfig config;
  config.cluster = config_.cluster;
  config.epoch = policy_.epoch;
  config.roles = config_.roles;
  config.admission_ms = config_.admission_ms;
  auto appraise = [this](ByteView evidence, const appraisal::Expected& expected, const join::Claims&) {
    return verifier_.appraise(evidence, policy_, expected);
  };
  auto session = join::VerifierSession::create(identity_, std::move(config), appraise, clock_, random_);
  if (!session) return end(connection, session.error().what);
  sessions_.emplace(connection, std::move(*session));
  handle_events(connection);
}

void Membership::hello(ConnectionId connection, const std::string& name, const std::string& role,
                       std::uint16_t fetch_port) {
  auto found = records_.find(connection);
  if (found == records_.end()) return;
  if (found->second.fetch_port != 0) return end(connection, "its host said hello twice");
  found->second.fetch_port = fetch_port;
  if (found->second.state != NodeState::kJoining) return;
  found->second.claimed_name = name;
  found->second.claimed_role = role;
}

bool Membership::takes_log_line(ConnectionId connection) {
  const auto found = records_.find(connection);
  return found != records_.end() && found->second.state == NodeState::kAdmitted &&
         ++found->second.log_lines <= kNodeLogLimit;
}

bool Membership::holds(ConnectionId connection) const {
  const auto found = sessions_.find(connection);
  return found != sessions_.end() && found->second.peer() != nullptr;
}

void Membership::receive(ConnectionId connection, ByteView bytes) {
  join::VerifierSession* found = session(connection);
  if (found == nullptr) return;
  auto status = found->receive(bytes);
  handle_events(connection);
  if (!status) end(connection, status.error().what);
}

void Membership::host_failed(ConnectionId connection, const std::string& claimed_why) {
  if (const auto found = records_.find(connection); found != records_.end()) found->second.ended = true;
  end(connection, "its host gave up: " + claimed_why);
}

void Membership::disconnect(ConnectionId connection, const std::string& why) { end(connection, why); }

void Membership::tick() {
  std::vector<ConnectionId> all;
  for (const auto& [connection, session] : sessions_) all.push_back(connection);
  for (ConnectionId connection : all) {
    if (join::VerifierSession* found = session(connection)) {
      found->tick();
      handle_events(connection);
    }
  }
}

Status Membership::set_policy(appraisal::Policy policy) {
  if (policy.epoch <= policy_.epoch)
    return fail(ErrorCode::kUsage, "policy: epoch " + std::to_string(policy.epoch) +
                                       " is not later than the present one, " + std::to_string(policy_.epoch) +
                                       "; raise it");
  policy_ = std::move(policy);
  std::vector<ConnectionId> all;
  for (const auto& [connection, session] : sessions_) all.push_back(connection);
  for (ConnectionId connection : all) {
    join::VerifierSession* found = session(connection);
    if (found == nullptr) continue;
    auto status = found->set_epoch(policy_.epoch);
    handle_events(connection);
    if (!status) end(connection, status.error().what);
  }
  return {};
}

void Membership::set_collateral(evidence::Bundle collateral) {
  collateral_ = evidence::refreshed(collateral_, std::move(collateral));
  use_collateral();
  std::vector<ConnectionId> all;
  for (const auto& [connection, session] : sessions_) all.push_back(connection);
  for (ConnectionId connection : all) {
    join::VerifierSession* found = session(connection);
    if (found == nullptr) continue;
    auto status = found->ask_again();
    handle_events(connection);
    if (!status) end(connection, status.error().what);
  }
}

Status Membership::send(NodeId node, std::uint8_t type, ByteView body) {
  auto found = by_id_.find(node);
  join::VerifierSession* to = found == by_id_.end() ? nullptr : session(found->second);
  if (to == nullptr)
    return fail(ErrorCode::kUnavailable, "node " + std::to_string(node.value) + " is not in the cluster");
  BRUME_TRY(to->send(type, body));
  outgoing_.push_back({found->second, to->take_outgoing(), false});
  return {};
}

void Membership::drop(NodeId node, const std::string& why) {
  auto found = by_id_.find(node);
  if (found == by_id_.end()) return;
  ConnectionId connection = found->second;
  if (join::VerifierSession* session_of = session(connection)) {
    session_of->close();
    outgoing_.push_back({connection, session_of->take_outgoing(), true});
  }
  end(connection, why);
}

std::vector<Membership::Outgoing> Membership::take_outgoing() { return std::exchange(outgoing_, {}); }

const NodeRecord* Membership::find(NodeId node) const {
  auto found = by_id_.find(node);
  return found == by_id_.end() ? nullptr : &records_.at(found->second);
}

join::VerifierSession* Membership::session(ConnectionId connection) {
  auto found = sessions_.find(connection);
  return found == sessions_.end() ? nullptr : &found->second;
}

void Membership::handle_events(ConnectionId connection) {
  for (;;) {
    join::VerifierSession* found = session(connection);
    if (found == nullptr) return;
    auto events = found->take_events();
    if (Bytes bytes = found->take_outgoing(); !bytes.empty())
      outgoing_.push_back({connection, std::move(bytes), false});
    if (events.empty()) {
      if (found->ended()) end(connection, "the session ended");
      return;
    }
    for (auto& event : events) {
      if (session(connection) == nullptr) return;
      handle(records_.at(connection), std::move(event));
    }
  }
}

void Membership::handle(NodeRecord& record, join::VerifierEvent event) {
  if (auto* attested = std::get_if<join::PeerAttested>(&event)) {
    admit(record, attested->claims);
  } else if (auto* message = std::get_if<join::PeerMessage>(&event)) {
    listener_.node_message(record.id, message->type, message->body);
  } else if (std::holds_alternative<join::PeerRenewed>(event)) {
    if (const auto* peer = session(record.connection)->peer()) record.facts = peer->attested().facts();
    listener_.node_renewed(record);
  } else if (auto* refused = std::get_if<join::PeerRefused>(&event)) {
    record.refusals = std::move(refused->refusals);
    if (refused->claimed && record.claimed_name.empty()) record.claimed_name = refused->claimed->node_name;
    end(record.connection, "refused");
  } else if (std::holds_alternative<join::PeerGone>(event)) {
    end(record.connection, "the enclave closed its session");
  }
}

void Membership::admit(NodeRecord& record, const join::Claims& claims) {
  join::VerifierSession* found = session(record.connection);
  NodeId id{next_node_++};
  if (auto status = found->admit(id); !status) return end(record.connection, status.error().what);
  record.id = id;
  record.state = NodeState::kAdmitted;
  record.claimed_name = claims.node_name;
  record.role = claims.role;
  if (const auto* peer = found->peer()) record.facts = peer->attested().facts();
  by_id_[id] = record.connection;
  listener_.node_admitted(record);
}

void Membership::end(ConnectionId connection, const std::string& why) {
  auto found = records_.find(connection);
  if (found == records_.end() || found->second.state == NodeState::kRefused || found->second.state == NodeState::kGone)
    return;
  NodeRecord& record = found->second;
  bool was_admitted = record.state == NodeState::kAdmitted;
  record.state = record.refusals.empty() ? NodeState::kGone : NodeState::kRefused;
  record.why_gone = why;
  record.since_ms = clock_.now_ms();
  outgoing_.push_back({connection, {}, true});
  if (join::VerifierSession* session_of = session(connection)) {
    record.owed_evidence = was_admitted && session_of->awaits_evidence();
    outgoing_.back().bytes = session_of->take_outgoing();
  }
  sessions_.erase(connection);
  if (was_admitted) by_id_.erase(record.id);
  if (!record.refusals.empty()) listener_.node_refused(record);
  if (was_admitted) listener_.node_lost(record);
  forget_old_records();
}

void Membership::forget_old_records() {
  std::size_t ended = records_.size() - sessions_.size();
  for (auto it = records_.begin(); ended > kEndedRecordLimit && it != records_.end();) {
    if (sessions_.contains(it->first)) {
      ++it;
    } else {
      it = records_.erase(it);
      --ended;
    }
  }
}

}  // namespace brume::master

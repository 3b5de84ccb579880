#include "join/attester.h"

#include <algorithm>

#include "crypto/hash.h"

namespace brume::join {

Result<AttesterSession> AttesterSession::create(const crypto::EcKey& key, AttesterConfig config) {
  if (!is_node_name(config.claims.node_name)) {
    return fail(ErrorCode::kUsage, "node name: expected 1 to 255 of [A-Za-z0-9._-]");
  }
  BRUME_ASSIGN(crypto::TlsSession tls, crypto::TlsSession::create(crypto::TlsRole::kClient, key, config.verifier_key));
  return AttesterSession(std::move(tls), std::move(config));
}

AttesterSession::AttesterSession(crypto::TlsSession tls, AttesterConfig config)
    : channel_(std::move(tls)), config_(std::move(config)), encoded_claims_(encode_claims(config_.claims)) {}

Status AttesterSession::end(Status status) {
  if (!status) {
    ended_ = true;
    admitted_ = false;
    failure_ = status.error();
  }
  return status;
}

Status AttesterSession::start() { return end(channel_.receive({})); }

Status AttesterSession::receive(ByteView from_peer) {
  if (failure_) return std::unexpected(*failure_);
  if (ended_) return {};
  BRUME_TRY(end(channel_.receive(from_peer)));
  return end(process());
}

Status AttesterSession::process() {
  while (!ended_) {
    BRUME_ASSIGN(std::optional<Frame> frame, channel_.next(admitted_ ? kApplicationBodySizeLimit : kJoinBodySizeLimit));
    if (!frame) break;
    BRUME_TRY(handle(std::move(*frame)));
  }
  if (!ended_ && channel_.tls().closed()) {
    admitted_ = false;
    ended_ = true;
    events_.push_back(PeerClosed{});
  }
  return {};
}

Status AttesterSession::handle(Frame frame) {
  if (frame.type >= kFirstApplicationType) {
    if (!admitted_) return fail(ErrorCode::kState, "join: an application message before admission");
    events_.push_back(MessageReceived{frame.type, std::move(frame.body)});
    return {};
  }
  switch (MessageType{frame.type}) {
    case MessageType::kChallenge:
      return handle_challenge(frame.body);
    case MessageType::kAdmitted:
      return handle_admitted(frame.body);
    case MessageType::kRefused:
      return handle_refused(frame.body);
    case MessageType::kEvidence:
      return fail(ErrorCode::kState, "join: a verifier sent evidence");
  }
  return fail(ErrorCode::kUnsupported, "join: message type " + std::to_string(frame.type) + " is not known");
}

Status AttesterSession::handle_challenge(ByteView body) {
  // While a verdict is awaited the verifier may ask again: the policy changed meanwhile.
  if (round_ == Round::kEvidenceWanted) return fail(ErrorCode::kState, "join: a challenge while another stands");
  BRUME_ASSIGN(Challenge challenge, parse_challenge(body));
  if (!std::ranges::count(challenge.roles, config_.claims.role)) {
    return fail(ErrorCode::kState,
                "join: the verifier does not admit the role " + std::string(role_name(config_.claims.role)) + " here");
  }
  if (challenge.renewal != (node_ != NodeId{})) return fail(ErrorCode::kState, "join: renewal of no admission");
  if (challenge_) {
    if (challenge.cluster != challenge_->cluster) return fail(ErrorCode::kState, "join: another cluster's challenge");
    if (challenge.epoch < challenge_->epoch) return fail(ErrorCode::kState, "join: an earlier policy epoch");
    if (challenge.nonce == challenge_->nonce) return fail(ErrorCode::kState, "join: a nonce was used before");
    if (challenge.epoch > challenge_->epoch && admitted_) {
      admitted_ = false;
      events_.push_back(EpochChanged{challenge.epoch});
    }
  }
  round_ = Round::kEvidenceWanted;
  ReportData report_data = report_data_of({.role = config_.claims.role,
                                           .nonce = challenge.nonce,
                                           .attester_key = channel_.tls().own_spki(),
                                           .verifier_key = channel_.tls().peer_spki(),
                                           .exporter = channel_.tls().exporter(),
                                           .cluster = challenge.cluster,
                                           .epoch = challenge.epoch,
                                           .claims_hash = crypto::sha256(encoded_claims_)});
  events_.push_back(EvidenceWanted{report_data, challenge.renewal});
  challenge_ = std::move(challenge);
  return {};
}

Status AttesterSession::handle_admitted(ByteView body) {
  if (round_ != Round::kVerdictAwaited) return fail(ErrorCode::kState, "join: an admission nobody asked for");
  BRUME_ASSIGN(AdmittedMessage message, parse_admitted(body));
  if (message.epoch != challenge_->epoch) return fail(ErrorCode::kState, "join: admission in another policy epoch");
  if (challenge_->renewal && message.node != node_) return fail(ErrorCode::kState, "join: renewal under another id");
  round_ = Round::kIdle;
  node_ = message.node;
  admitted_ = true;
  events_.push_back(
      Admitted{message.node, challenge_->cluster, message.epoch, message.valid_for_ms, challenge_->renewal});
  return {};
}

Status AttesterSession::handle_refused(ByteView body) {
  BRUME_ASSIGN(RefusedMessage message, parse_refused(body));
  admitted_ = false;
  ended_ = true;
  events_.push_back(Refused{std::move(message.rules)});
  channel_.tls().close();
  return {};
}

Status AttesterSession::provide_evidence(ByteView cmw) {
  if (ended_ || round_ != Round::kEvidenceWanted) return fail(ErrorCode::kState, "join: no challenge stands");
  if (cmw.size() > kEvidenceSizeLimit) return fail(ErrorCode::kLimit, "join: evidence is larger than 256 KiB");
  BRUME_TRY(end(channel_.send(MessageType::kEvidence, encode_evidence_message(encoded_claims_, cmw))));
  round_ = Round::kVerdictAwaited;
  return {};
}

Status AttesterSession::send(std::uint8_t type, ByteView body) {
  if (type < kFirstApplicationType) return fail(ErrorCode::kUsage, "join: a type of the join's own");
  if (!admitted_) return fail(ErrorCode::kState, "join: not admitted");
  if (body.size() > kApplicationBodySizeLimit) return fail(ErrorCode::kLimit, "join: message larger than 12 MiB");
  return end(channel_.send(type, body));
}

void AttesterSession::close() {
  ended_ = true;
  admitted_ = false;
  channel_.tls().close();
}

}  // namespace brume::join

#include "join/verifier.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"

namespace brume::join {

namespace {

// What the peer is told: the rules' names, as many as fit.
std::string rule_names(const appraisal::Refusals& refusals) {
  std::string names;
  for (const appraisal::Refusal& refusal : refusals) {
    if (names.size() + refusal.rule.size() + 2 > kReasonSizeLimit) break;
    if (!names.empty()) names += ", ";
    names += refusal.rule;
  }
  return names;
}

std::string names_of(const std::vector<Role>& roles) {
  std::string names;
  for (Role role : roles) names += (names.empty() ? "" : " or ") + std::string(role_name(role));
  return names;
}

}  // namespace

Result<VerifierSession> VerifierSession::create(const crypto::TlsIdentity& own, VerifierConfig config,
                                                Appraise appraise, const Clock& clock, Random& random) {
  std::ranges::sort(config.roles);
  auto repeated = std::ranges::unique(config.roles);
  config.roles.erase(repeated.begin(), repeated.end());
  if (config.roles.empty()) return fail(ErrorCode::kUsage, "join: no role to admit");
  BRUME_ASSIGN(crypto::TlsSession tls, crypto::TlsSession::create(crypto::TlsRole::kServer, own, std::nullopt));
  return VerifierSession(std::move(tls), std::move(config), std::move(appraise), clock, random);
}

VerifierSession::VerifierSession(crypto::TlsSession tls, VerifierConfig config, Appraise appraise, const Clock& clock,
                                 Random& random)
    : channel_(std::move(tls)),
      config_(std::move(config)),
      appraise_(std::move(appraise)),
      clock_(&clock),
      random_(&random),
      round_until_ms_(clock.now_ms() + config_.handshake_limit_ms) {}

bool VerifierSession::holds() const {
  return admitted_ && !suspended_ && !ended_ && clock_->now_ms() < admitted_->until_ms();
}

Status VerifierSession::end(Status status) {
  if (!status) {
    ended_ = true;
    failure_ = status.error();
  }
  return status;
}

Status VerifierSession::receive(ByteView from_peer) {
  tick();
  if (failure_) return std::unexpected(*failure_);
  if (ended_) return {};
  BRUME_TRY(end(channel_.receive(from_peer)));
  if (round_ == Round::kHandshake && channel_.tls().established()) BRUME_TRY(end(challenge()));
  return end(process());
}

Status VerifierSession::process() {
  while (!ended_) {
    bool known = admitted_.has_value();
    BRUME_ASSIGN(std::optional<Frame> frame, channel_.next(known ? kApplicationBodySizeLimit : kJoinBodySizeLimit));
    if (!frame) break;
    BRUME_TRY(handle(std::move(*frame)));
  }
  if (!ended_ && channel_.tls().closed()) {
    ended_ = true;
    events_.emplace_back(PeerGone{});
  }
  return {};
}

Status VerifierSession::handle(Frame frame) {
  if (frame.type == static_cast<std::uint8_t>(MessageType::kEvidence)) return handle_evidence(frame.body);
  if (frame.type < kFirstApplicationType) {
    return fail(ErrorCode::kUnsupported, "join: message type " + std::to_string(frame.type) + " is not known here");
  }
  if (!admitted_) return fail(ErrorCode::kState, "join: an application message before admission");
  // Sent before the peer heard that its admission is suspended: void, but no offence.
  if (!holds()) return {};
  events_.emplace_back(PeerMessage{frame.type, std::move(frame.body)});
  return {};
}

Status VerifierSession::challenge() {
  challenge_ = Challenge{admitted_.has_value(), random_->make<Nonce>(), config_.cluster, config_.epoch, config_.roles};
  round_ = Round::kEvidenceAwaited;
  round_until_ms_ = clock_->now_ms() + config_.evidence_limit_ms;
  return channel_.send(MessageType::kChallenge, encode_challenge(*challenge_));
}

Status VerifierSession::handle_evidence(ByteView body) {
  if (round_ != Round::kEvidenceAwaited) return fail(ErrorCode::kState, "join: evidence nobody asked for");
  BRUME_ASSIGN(EvidenceMessage message, parse_evidence_message(body));
  // Whatever comes of it, this nonce is used up.
  Challenge challenge = std::move(*challenge_);
  challenge_.reset();
  round_ = Round::kIdle;
  // The epoch changed while the evidence was made: it says nothing under the new policy.
  if (challenge.epoch != config_.epoch) return this->challenge();
  return check_and_appraise(message, challenge);
}

Status VerifierSession::check_and_appraise(const EvidenceMessage& message, const Challenge& challenge) {
  auto claims = parse_claims(message.claims);
  if (!claims) {
    refuse_one("join.claims", "a role and a node name", claims.error().what, "use matching versions");
    return {};
  }
  claimed_ = *claims;
  if (!std::ranges::count(config_.roles, claims->role)) {
    refuse_one("join.role", names_of(config_.roles), std::string(role_name(claims->role)),
               "start the node with a role that this cluster admits");
    return {};
  }
  if (admitted_ && message.claims != claims_bytes_) {
    refuse_one("join.claims-changed", "the claims of the first admission", "other claims", "join anew");
    return {};
  }
  appraisal::Expected expected;
  expected.claims_hash = crypto::sha256(message.claims);
  expected.role = role_name(claims->role);
  expected.now_ms = clock_->now_ms();
  expected.challenged_ms = round_until_ms_ - config_.evidence_limit_ms;  // when the nonce was drawn
  expected.report_data = report_data_of({.role = claims->role,
                                         .nonce = challenge.nonce,
                                         .attester_key = channel_.tls().peer_spki(),
                                         .verifier_key = channel_.tls().own_spki(),
                                         .exporter = channel_.tls().exporter(),
                                         .cluster = challenge.cluster,
                                         .epoch = challenge.epoch,
                                         .claims_hash = expected.claims_hash});
  auto verdict = appraise_(message.evidence, expected, *claims);
  if (!verdict) {
    refuse(std::move(verdict.error()));
    return {};
  }
  // An appraiser that answered another question would be our own bug.
  BRUME_CHECK(verdict->claims_hash() == expected.claims_hash && verdict->role() == expected.role);
  claims_bytes_ = message.claims;
  return conclude(std::move(*claims), std::move(*verdict));
}

Status VerifierSession::conclude(Claims claims, appraisal::AttestedPeer attested) {
  if (!admitted_) {
    attested_ = std::move(attested);
    round_ = Round::kAttested;
    events_.emplace_back(PeerAttested{std::move(claims)});
    return {};
  }
  BRUME_TRY(send_admission(admitted_->node(), std::move(claims), std::move(attested)));
  suspended_ = false;
  events_.emplace_back(PeerRenewed{config_.epoch});
  return {};
}

Status VerifierSession::admit(NodeId node) {
  if (ended_ || round_ != Round::kAttested)
    return fail(ErrorCode::kState, "join: no attested peer waits for admission");
  BRUME_CHECK(node != NodeId{} && attested_ && claimed_);
  appraisal::AttestedPeer attested = std::move(*attested_);
  attested_.reset();
  return end(send_admission(node, *claimed_, std::move(attested)));
}

Status VerifierSession::send_admission(NodeId node, Claims claims, appraisal::AttestedPeer attested) {
  round_ = Round::kIdle;
  UnixMs until = clock_->now_ms() + config_.admission_ms;
  admitted_.reset();
  admitted_ =
      AdmittedPeer(node, std::move(claims), std::move(attested), channel_.tls().peer_spki(), config_.epoch, until);
  AdmittedMessage message{node, config_.epoch, static_cast<std::uint64_t>(config_.admission_ms)};
  return channel_.send(MessageType::kAdmitted, encode_admitted(message));
}

void VerifierSession::refuse_one(std::string_view rule, std::string expected, std::string got, std::string_view fix) {
  appraisal::Refusals refusals;
  appraisal::refuse(refusals, rule, std::move(expected), std::move(got), fix);
  refuse(std::move(refusals));
}

void VerifierSession::refuse(appraisal::Refusals refusals) {
  if (ended_) return;
  ended_ = true;
  if (channel_.tls().established()) {
    // The session ends with or without it.
    static_cast<void>(channel_.send(MessageType::kRefused, encode_refused({rule_names(refusals)})));
    channel_.tls().close();
  }
  events_.emplace_back(PeerRefused{std::move(refusals), claimed_});
}

Status VerifierSession::set_epoch(std::uint64_t epoch) {
  if (epoch <= config_.epoch) return fail(ErrorCode::kUsage, "join: a policy epoch only grows");
  if (ended_) return fail(ErrorCode::kState, "join: the session is over");
  config_.epoch = epoch;
  if (admitted_ && !suspended_) {
    suspended_ = true;
    events_.emplace_back(AdmissionSuspended{epoch});
  }
  attested_.reset();
  // A challenge that stands is answered first; handle_evidence() then asks again.
  if (round_ == Round::kHandshake || round_ == Round::kEvidenceAwaited) return {};
  return end(challenge());
}

Status VerifierSession::ask_again() {
  if (ended_) return fail(ErrorCode::kState, "join: the session is over");
  // Where evidence is awaited, it will be judged on the new grounds anyway.
  if (!admitted_ || round_ != Round::kIdle) return {};
  return end(challenge());
}

void VerifierSession::tick() {
  if (ended_) return;
  UnixMs now = clock_->now_ms();
  if (round_ == Round::kHandshake && now >= round_until_ms_) {
    return refuse_one("join.timeout", "a handshake in time", "none", "check the network between node and master");
  }
  if (round_ == Round::kEvidenceAwaited && now >= round_until_ms_) {
    return refuse_one("join.nonce-stale", "evidence in time for its nonce", "none in time",
                      "check the node's platform; then join anew");
  }
  if (!admitted_) return;
  if (now >= admitted_->until_ms()) {
    return refuse_one("join.expired", "evidence renewed in time", "an admission that ran out", "join anew");
  }
  if (round_ == Round::kIdle && now >= admitted_->until_ms() - config_.renew_before_ms) {
    static_cast<void>(end(challenge()));
  }
}

Status VerifierSession::send(std::uint8_t type, ByteView body) {
  if (type < kFirstApplicationType) return fail(ErrorCode::kUsage, "join: a type of the join's own");
  if (!holds()) return fail(ErrorCode::kState, "join: the peer is not admitted");
  if (body.size() > kApplicationBodySizeLimit) return fail(ErrorCode::kLimit, "join: message larger than 12 MiB");
  return end(channel_.send(type, body));
}

void VerifierSession::close() {
  if (ended_) return;
  ended_ = true;
  channel_.tls().close();
}

}  // namespace brume::join

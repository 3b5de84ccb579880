#include "join/messages.h"

#include <algorithm>

#include "base/check.h"
#include "base/reader.h"
#include "base/writer.h"

namespace brume::join {

namespace {

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 32 && c <= 126; });
}

}  // namespace

Bytes encode_challenge(const Challenge& challenge) {
  Writer writer;
  writer.u16le(kJoinVersion)
      .u8(challenge.renewal ? 1 : 0)
      .raw(challenge.nonce.view())
      .raw(challenge.cluster.view())
      .u64le(challenge.epoch)
      .u32le(static_cast<std::uint32_t>(challenge.roles.size()));
  for (Role role : challenge.roles) writer.u8(static_cast<std::uint8_t>(role));
  return writer.take();
}

Result<Challenge> parse_challenge(ByteView body) {
  Reader reader(body);
  std::uint16_t version = reader.u16le();
  if (reader.ok() && version != kJoinVersion) {
    return fail(ErrorCode::kUnsupported, "join challenge: version " + std::to_string(version) + " is not known");
  }
  Challenge challenge;
  std::uint8_t renewal = reader.u8();
  challenge.renewal = renewal == 1;
  challenge.nonce.bytes = reader.array<32>();
  challenge.cluster.bytes = reader.array<16>();
  challenge.epoch = reader.u64le();
  std::uint32_t count = reader.count(kRoleCount, 1);
  std::uint8_t before = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint8_t number = reader.u8();
    auto role = role_from(number);
    if (!role || number <= before) return malformed("join challenge: roles are unknown or not ascending");
    challenge.roles.push_back(*role);
    before = number;
  }
  BRUME_TRY(reader.done("join challenge"));
  if (renewal > 1) return malformed("join challenge: renewal is neither 0 nor 1");
  if (challenge.roles.empty()) return malformed("join challenge: asks for no role");
  return challenge;
}

bool is_node_name(std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kNodeNameSizeLimit && std::ranges::all_of(name, allowed);
}

Bytes encode_claims(const Claims& claims) {
  return Writer().u8(static_cast<std::uint8_t>(claims.role)).text(claims.node_name).take();
}

Result<Claims> parse_claims(ByteView bytes) {
  Reader reader(bytes);
  auto role = role_from(reader.u8());
  Claims claims;
  claims.node_name = reader.text(kNodeNameSizeLimit);
  BRUME_TRY(reader.done("join claims"));
  if (!role) return malformed("join claims: the role is not known");
  if (!is_node_name(claims.node_name))
    return malformed("join claims: the node's name is not 1 to 255 of [A-Za-z0-9._-]");
  claims.role = *role;
  return claims;
}

Bytes encode_evidence_message(ByteView claims, ByteView evidence) {
  BRUME_CHECK(claims.size() <= kClaimsSizeLimit && evidence.size() <= kEvidenceSizeLimit);
  return Writer().sized(claims).sized(evidence).take();
}

Result<EvidenceMessage> parse_evidence_message(ByteView body) {
  Reader reader(body);
  EvidenceMessage message;
  message.claims = to_bytes(reader.sized(kClaimsSizeLimit));
  message.evidence = to_bytes(reader.sized(kEvidenceSizeLimit));
  BRUME_TRY(reader.done("join evidence"));
  return message;
}

Bytes encode_admitted(const AdmittedMessage& message) {
  return Writer().u32le(message.node.value).u64le(message.epoch).u64le(message.valid_for_ms).take();
}

Result<AdmittedMessage> parse_admitted(ByteView body) {
  Reader reader(body);
  AdmittedMessage message;
  message.node.value = reader.u32le();
  message.epoch = reader.u64le();
  message.valid_for_ms = reader.u64le();
  BRUME_TRY(reader.done("join admission"));
  if (message.node.value == 0) return malformed("join admission: node 0 is nobody");
  return message;
}

Bytes encode_refused(const RefusedMessage& message) { return Writer().text(message.rules).take(); }

Result<RefusedMessage> parse_refused(ByteView body) {
  Reader reader(body);
  RefusedMessage message{reader.text(kReasonSizeLimit)};
  BRUME_TRY(reader.done("join refusal"));
  if (!is_printable(message.rules)) return malformed("join refusal: characters that cannot be printed");
  return message;
}

}  // namespace brume::join

// The join's own messages, inside TLS. After admission the same frames carry messages of types
// from kFirstApplicationType on, which the join does not look into.
//
//   frame = size u32le (of what follows) | type u8 | body        all integers little-endian
// Format: docs/formats/join.md.
#pragma once

#include <vector>

#include "join/binding.h"

namespace brume::join {

inline constexpr std::uint16_t kJoinVersion = 1;
inline constexpr std::uint8_t kFirstApplicationType = 0x40;

enum class MessageType : std::uint8_t {
  kChallenge = 0x01,  // verifier to attester
  kEvidence = 0x02,   // attester to verifier
  kAdmitted = 0x03,   // verifier to attester
  kRefused = 0x04,    // verifier to attester; the last one
};

inline constexpr std::size_t kFrameHeaderSize = 5;
// A DCAP quote with its certificates takes 5 KiB; 256 KiB is what a CMW may hold.
inline constexpr std::size_t kEvidenceSizeLimit = (256u << 10) + 256;
inline constexpr std::size_t kNodeNameSizeLimit = 255;  // a host name
inline constexpr std::size_t kClaimsSizeLimit = 512;
inline constexpr std::size_t kReasonSizeLimit = 1024;
// What may come of somebody who is not admitted.
inline constexpr std::size_t kJoinBodySizeLimit = kEvidenceSizeLimit + kClaimsSizeLimit + 8;
// The largest is the order of a reduce task: 65 537 streams to read, 128 bytes each.
inline constexpr std::size_t kApplicationBodySizeLimit = 12u << 20;

// Asks for evidence. nonce: fresh, used once. roles: that the verifier admits here, ascending.
struct Challenge {
  bool renewal = false;  // of an admission; else the first
  Nonce nonce;
  ClusterId cluster;
  std::uint64_t epoch = 0;
  std::vector<Role> roles;
  friend bool operator==(const Challenge&, const Challenge&) = default;
};
// u16 version | u8 renewal | nonce 32 | cluster 16 | u64 epoch | u32 count, u8 role each
Bytes encode_challenge(const Challenge& challenge);
Result<Challenge> parse_challenge(ByteView body);

// What the attester says of itself; its hash stands in the report data.
struct Claims {
  Role role = Role::kWorker;
  std::string node_name;  // 1 to 255 of [A-Za-z0-9._-]
  friend bool operator==(const Claims&, const Claims&) = default;
};
// u8 role | sized node name
Bytes encode_claims(const Claims& claims);
Result<Claims> parse_claims(ByteView bytes);
bool is_node_name(std::string_view name);

struct EvidenceMessage {
  Bytes claims;    // encoded, as they came: what the hash covers
  Bytes evidence;  // a CMW record
  friend bool operator==(const EvidenceMessage&, const EvidenceMessage&) = default;
};
// sized claims | sized evidence
Bytes encode_evidence_message(ByteView claims, ByteView evidence);
Result<EvidenceMessage> parse_evidence_message(ByteView body);

struct AdmittedMessage {
  NodeId node;  // not 0
  std::uint64_t epoch = 0;
  std::uint64_t valid_for_ms = 0;
  friend bool operator==(const AdmittedMessage&, const AdmittedMessage&) = default;
};
// u32 node | u64 epoch | u64 valid for
Bytes encode_admitted(const AdmittedMessage& message);
Result<AdmittedMessage> parse_admitted(ByteView body);

// Names of the rules that failed, for the node's log; no more of the policy leaves the master.
struct RefusedMessage {
  std::string rules;  // printable ASCII
  friend bool operator==(const RefusedMessage&, const RefusedMessage&) = default;
};
// sized rules
Bytes encode_refused(const RefusedMessage& message);
Result<RefusedMessage> parse_refused(ByteView body);

}  // namespace brume::join

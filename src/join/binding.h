// What ties evidence to one session: the report data that both ends compute and the attester's TEE
// signs. Leaving out any field of it would let evidence be used elsewhere:
//   exporter, both keys: relayed over another TLS session (and diverted to another verifier)
//   role, own before peer: reflected, or used for another role
//   nonce: replayed; cluster, epoch: used in another cluster or after the policy changed
//   claims: everything else that the peer says of itself
// Format: docs/formats/join.md.
#pragma once

#include <optional>

#include "base/ids.h"

namespace brume::join {

// Numbers are what travels.
enum class Role : std::uint8_t { kWorker = 1, kMapper = 2, kReducer = 3, kVerifier = 4 };
inline constexpr std::size_t kRoleCount = 4;
std::string_view role_name(Role role);  // "worker", "mapper", "reducer", "verifier"
std::optional<Role> role_from(std::string_view name);
std::optional<Role> role_from(std::uint8_t number);

struct Binding {
  Role role = Role::kWorker;  // of the attester
  Nonce nonce;                // the verifier's
  SpkiHash attester_key;
  SpkiHash verifier_key;
  ByteArray<32> exporter{};  // RFC 9266
  ClusterId cluster;
  std::uint64_t epoch = 0;
  Sha256Digest claims_hash;
};

// SHA-512 over the fields, each with its length before it.
ReportData report_data_of(const Binding& binding);

}  // namespace brume::join

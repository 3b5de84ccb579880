// What a bundle holds, for people: what each part is for, from when to when it is valid, and what is stale or
// missing. A look, not a verdict: whether evidence is accepted, the appraisal decides anew.
#pragma once

#include <optional>
#include <vector>

#include "evidence/bundle.h"
#include "evidence/pck_extension.h"

namespace brume::collateral {

// One part. What does not apply is empty.
struct Item {
  evidence::PartKind kind = evidence::PartKind::kSgxRootCrl;
  std::string what;  // "TCB info, TDX, FMSPC 50806f000000, PCEID 0000, evaluation 17"
  std::string tee;   // "sgx", "tdx", "sev-snp", "tpm"
  std::optional<evidence::Fmspc> fmspc;
  std::optional<evidence::PceId> pce_id;
  std::optional<std::uint32_t> evaluation_number;
  std::string issuer;                 // of a CRL: its CA's common name
  std::string product;                // "Milan"
  std::vector<std::string> subjects;  // common names of the certificates in it and in its issuer chain
  UnixMs issued_ms = 0;               // the latest beginning of all that is in it
  UnixMs expires_ms = 0;              // the earliest end
  std::string broken;                 // why it cannot be used: it does not parse, or its signer did not sign it
  Sha256Digest digest;                // of its data
};

// In the bundle's order. Signatures are checked against the issuer chain that came along; whose root that is,
// the policy will say.
std::vector<Item> inventory(const evidence::Bundle& bundle);

enum class FindingKind { kBroken, kStale, kNotYetValid, kMissing };
const char* finding_name(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::kMissing;
  std::string what;
  std::string fix;
};

struct FirstExpiry {
  UnixMs at_ms = 0;
  std::string what;
};

struct Checkup {
  std::vector<Finding> findings;            // empty: all is there and valid at that time
  std::optional<FirstExpiry> first_expiry;  // of what is still valid
};

Checkup check(const evidence::Bundle& bundle, UnixMs now_ms);

// Of parts that are for the same (the CRL of one CA, the TCB info of one family) the newest alone; of TCB infos and
// identities the newest of each evaluation. Sorted, each once.
evidence::Bundle newest_parts(const evidence::Bundle& bundle);

}  // namespace brume::collateral

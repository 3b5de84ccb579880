// Verified facts against the owner's policy: all of one [[allow]] entry, or refusals that name what
// does not fit the entry that comes closest.
#pragma once

#include "appraisal/attested_peer.h"
#include "appraisal/policy.h"
#include "appraisal/refusal.h"

namespace brume::appraisal {

// What of the facts is known: without collateral there is no TCB status to compare.
struct KnownFacts {
  bool tee = false;
  bool tcb = false;
  bool protections = false;  // of tee sgx-sim: readable
  bool image = false;        // CONFIGID has the form of an image digest
};

// What the entry that fits, or comes closest, makes of the rest.
struct PolicyMatch {
  std::optional<UnixMs> grace_until_ms;  // the status counts only until then
  bool crl_required = true;              // else a revocation list may be missing
};

PolicyMatch match_policy(Refusals& refusals, const Policy& policy, const PeerFacts& facts, const KnownFacts& known,
                         const std::string& role, const Moment& moment);

}  // namespace brume::appraisal

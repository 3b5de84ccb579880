// What is known of a verified TPM 2.0 quote, and what a policy may ask of it.
#pragma once

#include <vector>

#include "appraisal/refusal.h"
#include "base/ids.h"

namespace brume::appraisal {

struct AllowEntry;
struct PeerFacts;

struct TpmFacts {};

struct TpmRules {};

// Adds a refusal for every rule of the entry that does not hold.
void match_tpm_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts);

}  // namespace brume::appraisal

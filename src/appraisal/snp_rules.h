// What is known of a verified SEV-SNP report, and what a policy may ask of it.
#pragma once

#include <vector>

#include "appraisal/refusal.h"
#include "base/ids.h"

namespace brume::appraisal {

struct AllowEntry;
struct PeerFacts;

struct SnpFacts {};

struct SnpRules {};

// Adds a refusal for every rule of the entry that does not hold.
void match_snp_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts);

// SHA-256 of the SubjectPublicKeyInfo of AMD's roots (ARK) for Milan, Genoa and Turin.
std::vector<SpkiHash> amd_roots();

}  // namespace brume::appraisal

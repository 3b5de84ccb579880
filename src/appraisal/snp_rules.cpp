#include "appraisal/snp_rules.h"

#include "appraisal/attested_peer.h"
#include "appraisal/policy_read.h"

namespace brume::appraisal {

Status read_snp_rules(PolicyReader&, AllowEntry&) { return bad_policy("tee \"sev-snp\" cannot be verified yet"); }

void match_snp_rules(Refusals&, const AllowEntry&, const PeerFacts&) {}
std::vector<SpkiHash> amd_roots() { return {}; }
}  // namespace brume::appraisal

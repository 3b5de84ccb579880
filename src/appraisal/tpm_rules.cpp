#include "appraisal/tpm_rules.h"

#include "appraisal/attested_peer.h"
#include "appraisal/policy_read.h"

namespace brume::appraisal {

Status read_tpm_rules(PolicyReader&, AllowEntry&) { return bad_policy("tee \"tpm\" cannot be verified yet"); }

void match_tpm_rules(Refusals&, const AllowEntry&, const PeerFacts&) {}

}  // namespace brume::appraisal

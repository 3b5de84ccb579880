#include "appraisal/tdx_rules.h"

#include "appraisal/attested_peer.h"
#include "appraisal/policy_read.h"

namespace brume::appraisal {

Status read_tdx_rules(PolicyReader&, AllowEntry&) { return bad_policy("tee \"tdx\" cannot be verified yet"); }

void match_tdx_rules(Refusals&, const AllowEntry&, const PeerFacts&) {}

}  // namespace brume::appraisal

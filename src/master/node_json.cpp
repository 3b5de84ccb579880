#include "master/node_json.h"

namespace brume::master {

using nlohmann::json;

namespace {

json refusals_json(const appraisal::Refusals& refusals) {
  json list = json::array();
  for (const auto& r : refusals)
    list.push_back({{"rule", r.rule}, {"expected", r.expected}, {"got", r.got}, {"fix", r.fix}});
  return list;
}

json facts_json(const appraisal::PeerFacts& facts) {
  return {{"tee", appraisal::tee_name(facts.tee)},
          {"measurement", facts.measurement.hex()},
          {"image", facts.image.hex()},
          {"signer", facts.signer.hex()},
          {"isv_svn", facts.isv_svn},
          {"debug", facts.debug},
          {"protections", evidence::protection_list(facts.protections)},
          {"tcb_status", evidence::tcb_status_name(facts.tcb_status)},
          {"advisories", facts.advisories},
          {"platform", facts.platform.hex()}};
}

}  // namespace

json node_json(const NodeRecord& node) {
  json out{{"id", node.id.value},
           {"name", node.claimed_name},
           {"role", node.role ? std::string(join::role_name(*node.role)) : node.claimed_role},
           {"state", node_state_name(node.state)},
           {"address", node.address},
           {"since_ms", node.since_ms},
           {"refusals", refusals_json(node.refusals)}};
  if (!node.why_gone.empty()) out["why"] = node.why_gone;
  if (node.facts) out["evidence"] = facts_json(*node.facts);
  return out;
}

}  // namespace brume::master

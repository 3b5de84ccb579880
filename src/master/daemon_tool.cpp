// What the daemon answers to the owner's tool.
#include "master/daemon.h"
#include "master/node_json.h"

namespace brume::master {

using nlohmann::json;

json Daemon::nodes_json() {
  json list = json::array();
  loop_->loop().run_sync([&] {
    for (const auto& [connection, node] : membership_->records()) list.push_back(node_json(node));
  });
  return {{"nodes", list}};
}

json Daemon::status_json() {
  json out;
  loop_->loop().run_sync([&] {
    json counts{{"joining", 0}, {"admitted", 0}, {"refused", 0}, {"gone", 0}};
    for (const auto& [connection, node] : membership_->records()) {
      auto& count = counts[node_state_name(node.state)];
      count = count.get<int>() + 1;
    }
    out = {{"cluster", cluster_.hex()},
           {"port", port()},
           {"pid", getpid()},
           {"epoch", membership_->policy().epoch},
           {"policy", membership_->policy().hash.hex()},
           {"recipient", identities_.front().recipient().text()},
           {"master", key_.public_key().spki_hash().hex()},
           {"nodes", counts},
           {"running", run_ ? run_->id().hex() : ""}};
  });
  return out;
}

Result<json> Daemon::reload_policy() {
  BRUME_ASSIGN(appraisal::Policy policy, load_policy());
  Status status;
  loop_->loop().run_sync([&] {
    if (run_ && policy.epoch > membership_->policy().epoch) run_->begin_epoch(random_);
    status = membership_->set_policy(std::move(policy));
    flush();
  });
  if (!status) return std::unexpected(status.error());
  audit(
      json{{"event", "policy"}, {"policy", membership_->policy().hash.hex()}, {"epoch", membership_->policy().epoch}});
  return status_json();
}

Result<json> Daemon::handle(const json& request, ControlPeer& peer) {
  const std::string verb = request.value("verb", "");
  if (verb == "status") return status_json();
  if (verb == "nodes") return nodes_json();
  if (verb == "run") return take_job(request, peer);
  if (verb == "policy") return reload_policy();
  if (verb == "stop") {
    stop();
    return json{{"stopping", true}};
  }
  return fail(ErrorCode::kUsage, "control: unknown verb");
}

}  // namespace brume::master

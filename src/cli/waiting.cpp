#include "cli/waiting.h"

#include <map>
#include <thread>

#include "cli/progress.h"
#include "master/control.h"

namespace brume::cli {

using nlohmann::json;

Result<Verdicts> wait_for_verdicts(const master::Home& home, const std::set<std::string>& names,
                                   std::chrono::seconds limit) {
  Progress progress("waiting for nodes");
  auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    BRUME_ASSIGN(json answer, master::control_call(home.master_socket(), {{"verb", "nodes"}}));
    std::map<std::string, json> latest;
    const json nodes = answer.value("nodes", json::array());
    for (const json& node : nodes)
      if (names.contains(node.value("name", ""))) latest[node.value("name", "")] = node;
    Verdicts verdicts;
    for (const auto& [name, node] : latest) {
      verdicts.admitted += node.value("state", "") == "admitted" ? 1 : 0;
      verdicts.refused += node.value("state", "") == "refused" ? 1 : 0;
      verdicts.gone += node.value("state", "") == "gone" ? 1 : 0;
      verdicts.nodes.push_back(node);
    }
    if (verdicts.admitted + verdicts.refused + verdicts.gone == names.size() ||
        std::chrono::steady_clock::now() > until)
      return verdicts;
    progress.show(std::to_string(verdicts.admitted) + " of " + std::to_string(names.size()) + " admitted");
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
}

}  // namespace brume::cli

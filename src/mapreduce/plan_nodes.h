// The nodes of a plan, and those that can do a stage's tasks, by what they have to do.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mapreduce/messages.h"

namespace brume::mapreduce {

struct Roles {
  bool map = false;  // stitching too
  bool reduce = false;
};

// Whose machine a node is on, by a name that says no more than whether it is the same one.
using HostName = std::string;

enum class NodeLoss {
  kCut,    // its connection ended
  kEnded,  // its host said that the node ended by itself, as it does where the enclave crashed
};

class PlanNodes {
 public:
  struct Node {
    Roles roles;
    std::uint32_t host = 0;
    std::set<Ticket> tickets;
    std::uint32_t suspicion = 0;
    bool suspended = false;
    bool can(Stage stage) const { return !suspended && (stage == Stage::kReduce ? roles.reduce : roles.map); }
  };
  using Load = std::pair<std::size_t, NodeId>;  // running and queued tasks, and whose

  // An empty host: one of its own.
  void add(NodeId id, Roles roles, HostName host) {
    if (host.empty()) host = "node " + std::to_string(id.value);
    const auto number = host_numbers_.emplace(std::move(host), static_cast<std::uint32_t>(hosts_.size())).first->second;
    if (number == hosts_.size()) hosts_.emplace_back();
    ++hosts_[number].nodes;
    nodes_[id].roles = roles;
    nodes_[id].host = number;
    if (roles.reduce) reducers_.insert(std::ranges::upper_bound(reducers_, id), id);
    enter(id);
  }
  void remove(NodeId id) {
    leave(id);
    std::erase(reducers_, id);
    Host& host = hosts_[nodes_.at(id).host];
    --host.nodes;
    ++host.lost;
    nodes_.erase(id);
  }
  bool contains(NodeId id) const { return nodes_.contains(id); }
  const Node& at(NodeId id) const { return nodes_.at(id); }

  void add_ticket(NodeId id, Ticket ticket) {
    leave(id);
    nodes_.at(id).tickets.insert(ticket);
    enter(id);
  }
  // Nothing happens where the node is gone.
  void remove_ticket(NodeId id, Ticket ticket) {
    if (!contains(id)) return;
    leave(id);
    nodes_.at(id).tickets.erase(ticket);
    enter(id);
  }
  // How often it was suspected, this time included; 0 where it is gone.
  std::uint32_t suspect(NodeId id) { return contains(id) ? ++nodes_.at(id).suspicion : 0; }
  void suspend_all() {
    for (auto& [id, node] : nodes_) node.suspended = true;
    for (auto& able : able_) able.clear();
  }
  // Hosts have numbers, which they keep.
  std::uint32_t host_of(NodeId id) const { return nodes_.at(id).host; }
  // It lost so many nodes, and more than it has.
  bool loses_nodes(std::uint32_t host, std::uint32_t limit) const {
    return hosts_[host].lost >= limit && hosts_[host].lost > hosts_[host].nodes;
  }
  bool is_suspended(NodeId id) const { return contains(id) && nodes_.at(id).suspended; }
  // False where it is gone.
  bool resume(NodeId id) {
    if (!contains(id)) return false;
    leave(id);
    nodes_.at(id).suspended = false;
    enter(id);
    return true;
  }

  // All that can reduce, ascending, suspended ones too.
  const std::vector<NodeId>& reducers() const { return reducers_; }
  // Ascending.
  const std::set<Load>& able(Stage stage) const { return able_[stage == Stage::kReduce ? 1 : 0]; }

 private:
  void enter(NodeId id) {
    const Node& node = nodes_.at(id);
    if (node.can(Stage::kMap)) able_[0].emplace(node.tickets.size(), id);
    if (node.can(Stage::kReduce)) able_[1].emplace(node.tickets.size(), id);
  }
  void leave(NodeId id) {
    for (auto& able : able_) able.erase({nodes_.at(id).tickets.size(), id});
  }

  struct Host {
    std::uint32_t nodes = 0;
    std::uint32_t lost = 0;
  };

  std::map<NodeId, Node> nodes_;
  std::map<HostName, std::uint32_t> host_numbers_;
  std::vector<Host> hosts_;
  std::vector<NodeId> reducers_;
  std::set<Load> able_[2];  // to map, to reduce
};

}  // namespace brume::mapreduce

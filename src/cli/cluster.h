// What the verbs that start, change and end a cluster share: its record in $BRUME_HOME, and its daemons.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>

#include "engine/engine.h"
#include "master/home.h"

namespace brume::cli {

// cluster.json: what `brume up` started, so that other verbs find it.
struct Cluster {
  std::string engine;
  engine::ClusterSpec spec;              // with the image the cluster was started with
  std::vector<std::string> more_images;  // of workers that were added with another one
  int master_pid = 0;
  bool platform_started = false;  // by `brume up`; else it ran before and stays
};

Result<Cluster> load_cluster(const master::Home& home);
Status save_cluster(const master::Home& home, const Cluster& cluster);
// A name for this home's cluster that no other home on the machine has.
std::string cluster_name(const master::Home& home);

// To whom inputs for the running cluster are sealed, as age has it.
Result<std::string> cluster_recipient(const master::Home& home);

// The names by which a node's enclaves join: NAME, or NAME.1, NAME.2, ... And the node's name again.
std::vector<std::string> enclave_names(const engine::ClusterSpec& spec, const std::string& node);
std::string node_of(const std::string& enclave);

// Asks it to end, and after `patience` makes it. True once it is gone.
bool end_process(int pid, std::chrono::milliseconds patience);
// Calls `ready` until it says true. False: time is over, or process `pid` ended before.
bool wait_until(const std::function<bool()>& ready, int pid, std::chrono::milliseconds limit);

// Takes down all that `brume up` started in this home, as far as it is still there. Repeating is fine.
Status take_down(const master::Home& home);

}  // namespace brume::cli

// What `brume up` prepares before containers start: keys, platform, image, policy, master.
#pragma once

#include "cli/cluster.h"

namespace brume::cli {

struct SetupOptions {
  std::string tee = "sgx-sim";
  std::string image;   // empty: word_count, built into the home
  std::string policy;  // empty: the default for the image
  std::vector<std::string> shares;
  std::uint32_t enclaves = 1;  // of each node
  std::string result_memory;   // of the master; empty: its default
};

// "0", or a size as files::parse_size has them.
Result<std::uint64_t> parse_result_memory(const std::string& text);

// Afterwards the master listens and cluster.json stands.
Result<Cluster> set_up_cluster(const master::Home& home, engine::Engine& engine, const SetupOptions& options);

}  // namespace brume::cli

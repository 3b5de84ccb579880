// The node program's command line, as the engine that starts a container writes it.
#pragma once

#include <span>
#include <vector>

#include "abi/boot.h"
#include "node/shares.h"
#include "transport/socket.h"

namespace brume::node {

// More per container is more than its platform serves.
inline constexpr std::uint32_t kEnclaveLimit = 8;

struct NodeOptions {
  transport::Endpoint master;
  std::string name;
  std::string role = "worker";  // worker, mapper or reducer
  abi::Tee tee = abi::Tee::kSgxSim;
  std::string platform_path = "/run/brume/platform.sock";
  std::string scratch_path = "/var/lib/brume";
  std::uint16_t listen_port = 0;              // 0: a free one
  std::uint64_t scratch_limit = 64ull << 30;  // bytes; a quarter of it for what is fetched early
  std::uint32_t connect_limit_s = 60;         // how long an absent master or platform is waited for
  std::vector<Share> shares;
  std::uint32_t enclaves = 1;
  bool help = false;

  std::uint64_t prefetch_limit() const { return scratch_limit / 4; }
};

extern const char* const kNodeHelp;

// `arguments` without the program's name. Refuses unknown options, and doubled ones but --share. Errors: kUsage.
Result<NodeOptions> parse_node_options(std::span<const std::string_view> arguments);

// For each of the node's enclaves: NAME, or NAME.1, NAME.2 and so on, each with a folder below the scratch folder and
// its part of the space, and with a port of its own.
std::vector<NodeOptions> options_of_enclaves(const NodeOptions& options);

}  // namespace brume::node

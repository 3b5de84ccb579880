#include "node/node_options.h"

#include <charconv>
#include <set>

namespace brume::node {

const char* const kNodeHelp =
    "brume-node: the host part of a node. It relays bytes between its enclave, the master and other\n"
    "nodes, and stores sealed streams. It holds no key and sees no plain text.\n"
    "\n"
    "  --master HOST:PORT     the master (required)\n"
    "  --name NAME            this node's name (required)\n"
    "  --role ROLE            worker (default), mapper or reducer\n"
    "  --tee TEE              sgx-sim (default) or none\n"
    "  --platform PATH        the platform's socket (/run/brume/platform.sock)\n"
    "  --scratch DIR          where sealed streams are stored (/var/lib/brume)\n"
    "  --scratch-limit BYTES  how much of it may be used (64 GiB)\n"
    "  --share PATH=TARGET    a folder that all hosts have at PATH is mounted at TARGET; may be repeated\n"
    "  --enclaves COUNT       enclaves of this node, up to 8, each joins for itself as NAME.1, NAME.2, ... (1)\n"
    "  --listen PORT          where other nodes fetch (0: a free port); the first of as many as there are enclaves\n"
    "  --connect-limit SECONDS  how long an absent master or platform is waited for (60)\n"
    "  --help\n"
    "\n"
    "Exit codes: 0 ended on request, 2 usage, 10 no connection to the master, 11 the platform refused,\n"
    "12 the enclave ended, 13 the master is gone, 14 storage or network of this host failed.\n";

namespace {

template <typename T>
Result<T> number(std::string_view option, std::string_view text, T limit) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > limit) {
    return fail(ErrorCode::kUsage, std::string(option) + ": expected a number up to " + std::to_string(limit));
  }
  return value;
}

Status set_option(NodeOptions& options, std::string_view option, std::string_view value) {
  if (option == "--master") {
    BRUME_ASSIGN(options.master, transport::parse_endpoint(value));
  } else if (option == "--name") {
    if (!transport::check_host(value) || value.size() > 64) {
      return fail(ErrorCode::kUsage, "--name: up to 64 letters, digits, '.', '-', '_'");
    }
    options.name = value;
  } else if (option == "--role") {
    if (value != "worker" && value != "mapper" && value != "reducer") {
      return fail(ErrorCode::kUsage, "--role: expected worker, mapper or reducer");
    }
    options.role = value;
  } else if (option == "--tee") {
    if (value != "sgx-sim" && value != "none") return fail(ErrorCode::kUsage, "--tee: expected sgx-sim or none");
    options.tee = value == "none" ? abi::Tee::kNone : abi::Tee::kSgxSim;
  } else if (option == "--platform") {
    options.platform_path = value;
  } else if (option == "--scratch") {
    options.scratch_path = value;
  } else if (option == "--scratch-limit") {
    BRUME_ASSIGN(options.scratch_limit, number<std::uint64_t>(option, value, 1ull << 50));
  } else if (option == "--share") {
    BRUME_ASSIGN(Share share, parse_share(value));
    for (const Share& other : options.shares)
      if (other.path == share.path) return fail(ErrorCode::kUsage, "--share: given twice: " + share.path);
    if (options.shares.size() == kShareLimit)
      return fail(ErrorCode::kUsage, "--share: at most " + std::to_string(kShareLimit));
    options.shares.push_back(std::move(share));
  } else if (option == "--enclaves") {
    BRUME_ASSIGN(options.enclaves, number<std::uint32_t>(option, value, kEnclaveLimit));
    if (options.enclaves == 0) return fail(ErrorCode::kUsage, "--enclaves: expected 1 at least");
  } else if (option == "--listen") {
    BRUME_ASSIGN(options.listen_port, number<std::uint16_t>(option, value, 65'535));
  } else if (option == "--connect-limit") {
    BRUME_ASSIGN(options.connect_limit_s, number<std::uint32_t>(option, value, 3'600));
  } else {
    return fail(ErrorCode::kUsage, "unknown option " + std::string(option));
  }
  return {};
}

}  // namespace

Result<NodeOptions> parse_node_options(std::span<const std::string_view> arguments) {
  NodeOptions options;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (arguments[i] == "--help") {
      options.help = true;
      return options;
    }
    if (!seen.insert(arguments[i]).second && arguments[i] != "--share") {
      return fail(ErrorCode::kUsage, "option given twice: " + std::string(arguments[i]));
    }
    if (i + 1 == arguments.size()) {
      return fail(ErrorCode::kUsage, std::string(arguments[i]) + ": a value is missing (or the option is unknown)");
    }
    BRUME_TRY(set_option(options, arguments[i], arguments[i + 1]));
  }
  if (!seen.contains("--master")) return fail(ErrorCode::kUsage, "--master is missing");
  if (!seen.contains("--name")) return fail(ErrorCode::kUsage, "--name is missing");
  if (options.listen_port + options.enclaves - 1 > 65'535)
    return fail(ErrorCode::kUsage, "--listen: there are not as many ports behind it as enclaves");
  return options;
}

std::vector<NodeOptions> options_of_enclaves(const NodeOptions& options) {
  if (options.enclaves == 1) return {options};
  std::vector<NodeOptions> out;
  for (std::uint32_t i = 0; i < options.enclaves; ++i) {
    NodeOptions& own = out.emplace_back(options);
    const std::string number = std::to_string(i + 1);
    own.enclaves = 1;
    own.name += "." + number;
    own.scratch_path += "/" + number;
    own.scratch_limit /= options.enclaves;
    if (own.listen_port != 0) own.listen_port = static_cast<std::uint16_t>(own.listen_port + i);
  }
  return out;
}

}  // namespace brume::node

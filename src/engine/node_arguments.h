// What an engine tells a node program, the same words in every engine.
#pragma once

#include "engine/engine.h"

namespace brume::engine {

inline constexpr const char* kNodeProgram = "/brume-node";
inline constexpr const char* kSocketTarget = "/run/brume";
inline constexpr const char* kScratchTarget = "/var/lib/brume";

// Where the spec's share of that number is mounted: below /run, whose content no image has and nobody measures.
std::string share_target(std::size_t number);

// Without the program itself. fetch_port 0: a free one.
std::vector<std::string> node_arguments(const ClusterSpec& spec, const NodeSpec& node,
                                        const std::string& master_address, std::uint16_t fetch_port);
// The name by which platform and engine know the node: "CLUSTER.NODE".
std::string node_label(const ClusterSpec& spec, const std::string& node);
std::filesystem::path node_dir(const ClusterSpec& spec, const std::string& node);
// Makes the node's empty scratch folder.
Result<std::filesystem::path> make_scratch(const ClusterSpec& spec, const std::string& node);
// Removes the node's scratch folder; its log stays.
void remove_scratch(const ClusterSpec& spec, const std::string& node);
Status check_spec(const ClusterSpec& spec);
Result<std::string> tail_of_file(const std::filesystem::path& path);

}  // namespace brume::engine

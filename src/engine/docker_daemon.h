// A docker daemon to speak to: the one that is there, or a private one of Brume's own.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace brume::engine {

// DOCKER_HOST if set, else the default socket if a daemon answers there, else the private one's; starts that if
// `may_start`, this is root and dockerd is installed. The value for DOCKER_HOST; "" for docker's own default.
Result<std::string> find_docker(const std::filesystem::path& engine_dir, bool may_start);
// The OCI runtime `brume platform runtime`, by which containers are registered before anything in them runs. A private
// daemon has it if `brume` itself started it; other daemons by their administrator.
inline constexpr const char* kBrumeRuntime = "brume";
bool docker_has_runtime(const std::string& host);
// Ends the private daemon of this folder unless it still has containers, and removes its data. No private
// daemon: nothing to do.
Status stop_private_docker(const std::filesystem::path& engine_dir);

}  // namespace brume::engine

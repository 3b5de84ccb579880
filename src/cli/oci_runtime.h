// An OCI runtime in front of the real one (runc, crun): after `create`, while nothing of the image
// has run, it registers the container with the platform whose socket directory is mounted in it.
// For engines that have no step between create and start, such as docker.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::cli {

// What of a runtime's command line matters here (github.com/opencontainers/runc, man/runc.8).
struct RuntimeCall {
  std::string verb;  // empty: none
  std::string id;    // container id
  std::string bundle = ".";
  std::string pid_file;          // empty: not asked for
  std::string log;               // empty: none
  std::size_t global_count = 0;  // arguments before the verb
};
RuntimeCall parse_runtime_call(const std::vector<std::string>& arguments);

// The platform folder and label of the container, from its OCI configuration: the source of the
// mount at /run/brume is FOLDER/containers/LABEL. Nothing where there is no such mount.
struct PlatformMount {
  std::string control;
  std::string label;
};
Result<std::optional<PlatformMount>> find_platform_mount(std::string_view config_json);

// Does what the real runtime does; gives its exit code, or comes back from a refused `create` with
// 1 and the reason where runtimes say theirs (standard error, and --log as JSON).
int run_oci_runtime(const std::vector<std::string>& arguments);

}  // namespace brume::cli

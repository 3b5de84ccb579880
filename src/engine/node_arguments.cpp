#include "engine/node_arguments.h"

#include <fstream>

namespace brume::engine {

namespace fs = std::filesystem;

std::vector<std::string> node_arguments(const ClusterSpec& spec, const NodeSpec& node,
                                        const std::string& master_address, std::uint16_t fetch_port) {
  const bool v6 = master_address.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + master_address + "]" : master_address;
  std::vector<std::string> out = {"--master",   host + ":" + std::to_string(spec.master_port),
                                  "--name",     node.name,
                                  "--role",     node.role,
                                  "--tee",      spec.tee,
                                  "--platform", std::string(kSocketTarget) + "/platform.sock",
                                  "--scratch",  kScratchTarget,
                                  "--listen",   std::to_string(fetch_port)};
  for (std::size_t i = 0; i < spec.shares.size(); ++i)
    out.insert(out.end(), {"--share", spec.shares[i] + "=" + share_target(i)});
  if (spec.enclaves > 1) out.insert(out.end(), {"--enclaves", std::to_string(spec.enclaves)});
  out.insert(out.end(), spec.extra_arguments.begin(), spec.extra_arguments.end());
  return out;
}

std::string share_target(std::size_t number) { return "/run/share/" + std::to_string(number); }

Status check_share(std::string_view path) {
  bool good = path.size() > 1 && path.size() < 4'096 && path.front() == '/' &&
              fs::path(path).lexically_normal().string() == path && path.back() != '/';
  // Engines take "SOURCE:TARGET:OPTIONS".
  for (const char c : path) good = good && static_cast<unsigned char>(c) >= ' ' && c != 0x7f && c != ':' && c != ',';
  if (!good)
    return fail(ErrorCode::kUsage,
                "share: expected an absolute folder (not /) without '..', colons, commas and control characters");
  return {};
}

std::string node_label(const ClusterSpec& spec, const std::string& node) { return spec.cluster + "." + node; }

fs::path node_dir(const ClusterSpec& spec, const std::string& node) { return spec.state_dir / "nodes" / node; }

Result<fs::path> make_scratch(const ClusterSpec& spec, const std::string& node) {
  const fs::path dir = node_dir(spec, node) / "scratch";
  std::error_code error;
  fs::remove_all(dir, error);
  fs::create_directories(dir, error);
  if (!error) fs::permissions(dir, fs::perms::owner_all, error);
  if (error) return fail(ErrorCode::kIo, dir.string() + ": " + error.message());
  return fs::absolute(dir);
}

void remove_scratch(const ClusterSpec& spec, const std::string& node) {
  std::error_code ignored;
  fs::remove_all(node_dir(spec, node) / "scratch", ignored);
}

Status check_spec(const ClusterSpec& spec) {
  BRUME_TRY(check_cluster_name(spec.cluster));
  if (spec.tee != "sgx-sim" && spec.tee != "none") return fail(ErrorCode::kUsage, "tee: expected sgx-sim or none");
  for (const fs::path& path : {spec.state_dir, spec.engine_dir}) {
    // Engines take "SOURCE:TARGET:OPTIONS".
    if (path.empty() || path.string().find(':') != std::string::npos) {
      return fail(ErrorCode::kUsage, "folder " + path.string() + ": must not be empty or hold a colon");
    }
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return fail(ErrorCode::kIo, path.string() + ": " + error.message());
  }
  if (spec.shares.size() > kShareLimit)
    return fail(ErrorCode::kUsage, "share: at most " + std::to_string(kShareLimit) + " folders");
  for (const std::string& share : spec.shares) BRUME_TRY(check_share(share));
  return {};
}

Result<std::string> tail_of_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return fail(ErrorCode::kNotFound, path.string() + ": no log");
  const auto size = static_cast<std::size_t>(in.tellg());
  std::string text(std::min(size, kLogTailSize), '\0');
  in.seekg(static_cast<std::streamoff>(size - text.size()));
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  return text;
}

}  // namespace brume::engine

// Docker on this host.
#include <unistd.h>

#include "engine/container_engine.h"
#include "engine/docker_daemon.h"

namespace brume::engine {
namespace {

class Docker final : public ContainerProgram {
 public:
  const char* name() const override { return "docker"; }
  Status available() override {
    if (find_program("docker").empty()) return fail(ErrorCode::kUnavailable, "docker's command line is not installed");
    // A daemon of our own is started only when it is needed.
    if (::geteuid() == 0 && !find_program("dockerd").empty()) return {};
    auto host = find_docker("/nonexistent", false);
    if (!host) return std::unexpected(host.error());
    return {};
  }
  Result<std::vector<std::string>> environment(const std::filesystem::path& engine_dir, bool may_start) override {
    BRUME_ASSIGN(const std::string host, find_docker(engine_dir, may_start));
    std::vector<std::string> variables;
    if (!host.empty()) variables.push_back("DOCKER_HOST=" + host);
    has_runtime_ = docker_has_runtime(host);
    return variables;
  }
  bool registers_at_create() const override { return has_runtime_; }
  bool can_init() const override { return false; }
  std::vector<std::string> create_options() const override {
    std::vector<std::string> out = {"--pull=never"};
    if (has_runtime_) out.push_back(std::string("--runtime=") + kBrumeRuntime);
    return out;
  }
  std::vector<std::string> network_options() const override { return {"--driver=bridge"}; }
  std::string gateway_format() const override { return "{{range .IPAM.Config}}{{.Gateway}} {{end}}"; }
  Status shut_down(const std::filesystem::path& engine_dir) override { return stop_private_docker(engine_dir); }

 private:
  bool has_runtime_ = false;
};

}  // namespace

std::unique_ptr<Engine> make_docker_engine() { return make_container_engine(std::make_unique<Docker>()); }

}  // namespace brume::engine

// podman and docker: one way of starting containers, two programs that do it.
#pragma once

#include "engine/command.h"
#include "engine/engine.h"

namespace brume::engine {

// What differs between the two.
class ContainerProgram {
 public:
  virtual ~ContainerProgram() = default;
  virtual const char* name() const = 0;
  virtual Status available() = 0;
  // Makes the program usable on this host, as far as Brume can; the variables that its commands then need. With
  // `may_start` a daemon of our own may be started.
  virtual Result<std::vector<std::string>> environment(const std::filesystem::path& engine_dir, bool may_start) = 0;
  // A container can stand between `create` and `start`, so that it is measured before anything in it runs.
  virtual bool can_init() const = 0;
  // Containers are registered with the platform by the OCI runtime itself. After environment().
  virtual bool registers_at_create() const { return false; }
  // `create --pidfile FILE` has the container's first process written down.
  virtual bool writes_pid_file() const { return false; }
  virtual std::vector<std::string> create_options() const = 0;
  virtual std::vector<std::string> network_options() const = 0;
  // Go template over `network inspect` that gives the gateway.
  virtual std::string gateway_format() const = 0;
  // Ends what environment() started, if nothing else uses it.
  virtual Status shut_down(const std::filesystem::path& engine_dir) = 0;
};

std::unique_ptr<Engine> make_container_engine(std::unique_ptr<ContainerProgram> program);
std::unique_ptr<Engine> make_podman_engine();
std::unique_ptr<Engine> make_docker_engine();

}  // namespace brume::engine

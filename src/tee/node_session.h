// One node's connection: who it is, what it asks, and the enclave that lives as long as it does.
#pragma once

#include "tee/container.h"
#include "tee/platform.h"

namespace brume::tee {

// What the sessions of one container share. Outlives them.
struct SessionContext {
  Container* container = nullptr;
  EnclaveMaker* maker = nullptr;
  std::chrono::milliseconds registration_wait{10'000};
  int ended_fd = -1;  // readable once the container has ended or is stopped; never drained
  std::function<void(const std::string&)> log;
};

// Serves until the node hangs up or ends, or the container does. Its enclave ends with it.
void serve_node(UniqueFd connection, const SessionContext& context);

}  // namespace brume::tee

// One `brume run` in the daemon: what was asked, and how far it is.
#pragma once

#include <nlohmann/json.hpp>

#include "master/daemon.h"

namespace brume::master {

struct Daemon::Job {
  JobRequest request;
  mapreduce::Passes passes;
  RunInputs given;
  Measurement program;  // of all passes
  UnixMs started_ms = 0;
  std::uint64_t memory_budget = 0;  // of a task
  std::optional<RunFile> previous;  // the output of the pass before
  nlohmann::json pass_receipts = nlohmann::json::array();
  std::map<NodeId, mapreduce::MemoryUse> memory{};  // of all passes

  // What the present pass reads, of what the owner gave and the pass before made.
  RunInputs reads() const;
};

struct Daemon::Workers {
  Measurement measurement;
  std::vector<std::pair<NodeId, mapreduce::Roles>> nodes;
  std::uint32_t mappers = 0;
  std::uint32_t reducers = 0;
};

}  // namespace brume::master

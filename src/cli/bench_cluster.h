// A cluster that exists to be measured: mapper and reducer nodes of one tee, in a home of its own.
#pragma once

#include <memory>
#include <mutex>

#include "cli/bench_processes.h"
#include "cli/cluster.h"

namespace brume::cli {

struct BenchClusterOptions {
  std::string tee;  // sgx-sim or none
  std::string engine = "process";
  std::uint32_t mappers = 7;
  std::uint32_t reducers = 3;
};

// One run over the input, as both roles saw it.
struct PaperRun {
  std::string tee;
  double map_s = 0;     // from the start until the last map task was done: the mapper nodes' execution time
  double reduce_s = 0;  // from then until the last reduce task was done: the reducer nodes'
  double total_s = 0;   // until the result was merged and written
  Usage mappers;
  Usage reducers;
  std::string output_sha256;
  double cluster_s() const { return map_s + reduce_s; }
};

class BenchCluster {
 public:
  // Starts it below `home`, and waits until every node was admitted. Changes BRUME_HOME of this process.
  // Where `like` is given, its owner's keys and its image serve here too, so that both run the same bytes.
  static Result<BenchCluster> start(const master::Home& home, const BenchClusterOptions& options,
                                    const BenchCluster* like);

  // `sealed_input`: sealed to recipient().
  Result<PaperRun> run(const std::filesystem::path& sealed_input, const std::filesystem::path& output);
  Result<std::string> recipient() const;
  // Of all nodes' enclaves.
  Result<EnclaveMemory> enclave_memory() const;
  bool counts_cycles() const { return mappers_.counts_cycles() && reducers_.counts_cycles(); }

 private:
  BenchCluster(master::Home home, Cluster cluster, NodeGroup mappers, NodeGroup reducers)
      : home_(std::move(home)),
        cluster_(std::move(cluster)),
        mappers_(std::move(mappers)),
        reducers_(std::move(reducers)) {}
  master::Home home_;
  Cluster cluster_;
  NodeGroup mappers_;
  NodeGroup reducers_;
};

// Where the clusters of one measurement lie. Whatever ends the process short of SIGKILL (return, error,
// SIGINT, SIGTERM, SIGHUP) takes down every cluster in it and removes it.
class BenchFolder {
 public:
  static Result<std::unique_ptr<BenchFolder>> create();
  ~BenchFolder();
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;

  const std::filesystem::path& path() const;
  // A home in the folder, from now on taken down with it.
  master::Home add_home(const std::string& name);
  // While one is held, a signal waits: a cluster that is half started is not yet in its books.
  std::unique_lock<std::mutex> hold();

 private:
  struct State;
  explicit BenchFolder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace brume::cli

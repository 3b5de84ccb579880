// The untrusted host part of a node: moves bytes between its enclave's ring, the master and other nodes, and keeps
// sealed streams on disk. It is not trusted: it holds no key, and all it sees are TLS records, sealed chunks
// and sealed blocks. If it lies, drops or mixes, enclaves and master notice; it can only stop the work.
//
// Threads: one reads the enclave's frames and never waits for room towards the enclave (both would wait for
// ever); one reads the control connection; fetches and quotes run in pools; one loop serves other nodes.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "abi/futex_wait.h"
#include "node/block_store.h"
#include "node/enclave_host.h"
#include "node/input_store.h"
#include "node/node_options.h"
#include "node/prefetcher.h"
#include "node/task_pool.h"
#include "transport/control_connection.h"

namespace brume::node {

enum class ExitCode {
  kAsked = 0,
  kUsage = 2,
  kNoMaster = 10,
  kPlatform = 11,
  kEnclaveEnded = 12,
  kMasterGone = 13,
  kHostFailed = 14,  // storage, sockets
};

struct RelayEnd {
  ExitCode code = ExitCode::kAsked;
  std::string what;
};

class Relay {
 public:
  // All outlive the relay. `enclave` has been launched.
  Relay(const NodeOptions& options, EnclaveHost& enclave, BlockStore& store);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Until the master says bye, `stop_fd` is readable, or something has ended. Once. `on_ending` is called
  // before threads are joined: a program that must end soon arms its alarm there.
  RelayEnd run(int stop_fd, const std::function<void(const RelayEnd&)>& on_ending = {});

 private:
  // This relay's end; the first call counts. Any thread.
  void end_with(ExitCode code, std::string what);
  RelayEnd wait_for_end(int stop_fd);
  Result<std::unique_ptr<transport::ControlConnection>> connect_master(int stop_fd);
  void wind_down(const RelayEnd& end);

  void read_control();
  void on_host_message(ByteView payload);
  void on_prefetch(const transport::Prefetch& hint);
  void drop_run(const RunId& run);
  void send_heartbeats(const std::stop_token& stop);

  void read_enclave();
  void on_enclave_frame(const abi::Frame& frame);
  bool on_storage_frame(const abi::Frame& frame);
  void on_enclave_log(ByteView text);
  void send_start();
  void answer_quote(std::uint64_t id, ByteView report);

  void fetch_input(std::uint64_t id, const abi::InputRange& range);
  void tell_trouble(const RunId& run, const std::string& what);
  void fetch_stream(std::uint64_t id, const abi::FetchStream& wanted);
  void relay_fetch(std::uint64_t id, abi::ToEnclave type, const transport::Endpoint& from,
                   const transport::FetchRequest& request);
  Status fetch_patiently(const transport::Endpoint& from, const transport::FetchRequest& request,
                         const transport::FetchClient::OnFrame& give);
  void relay_own_stream(std::uint64_t id, const abi::StreamPart& part);
  void relay_files(std::uint64_t id, transport::FetchSource& source);
  void finish_fetch(std::uint64_t id, const Status& done);

  // Waits for room: never on the thread that reads the enclave. False: the enclave is gone.
  bool to_enclave(abi::ToEnclave type, std::uint64_t id, ByteView payload);
  // A frame from files with no copy on the way, if they are in memory. No value: they have to be read first.
  std::optional<bool> files_to_enclave(abi::ToEnclave type, std::uint64_t id,
                                       std::span<const transport::FileExtent> files);
  void tell_master(const transport::HostMessage& message);

  const NodeOptions& options_;
  EnclaveHost& enclave_;
  BlockStore& store_;

  abi::FutexWait write_wait_;
  abi::FutexWait read_wait_;
  std::mutex writer_mutex_;
  abi::FrameWriter writer_;
  abi::FrameReader reader_;

  std::unique_ptr<transport::ControlConnection> control_;
  transport::FetchClient fetch_client_;
  InputStore inputs_;
  Prefetcher prefetched_;
  TaskPool fetches_;
  TaskPool quotes_;

  std::mutex mutex_;
  NodeId self_;
  std::map<NodeId, transport::Endpoint> peers_;
  std::optional<RelayEnd> end_;
  UniqueFd end_event_;
  std::atomic<bool> net_shut_down_ = false;
  std::size_t log_count_ = 0;  // the enclave's reader only
  std::string last_trouble_;
  std::chrono::steady_clock::time_point last_trouble_time_;
};

// A line for people on standard error.
void log_line(std::string_view text);

}  // namespace brume::node

// The owner's daemon, `brume master`: listens for nodes, admits or refuses them, runs jobs, answers the
// tool. All decisions are taken by the pure cores (Membership, RunCore) on one loop thread.
#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>

#include "crypto/random.h"
#include "mapreduce/passes.h"
#include "master/collateral_file.h"
#include "master/control.h"
#include "master/home.h"
#include "master/job_query.h"
#include "master/job_request.h"
#include "master/job_run.h"
#include "master/membership.h"
#include "transport/control_server.h"
#include "transport/fetch_client.h"
#include "transport/fetch_server.h"
#include "transport/host_messages.h"

namespace brume::master {

struct DaemonOptions {
  Home home;
  std::string listen_address = "127.0.0.1";
  std::uint16_t port = 0;            // 0: a free one
  std::filesystem::path collateral;  // a bundle, read again when it changes; empty: only tee none can be admitted
  std::filesystem::path fetch_program = "brume-fetch";  // what asks servers, in place of the process with the keys
  // Of a result on its way, opened until it is written; what is more waits sealed on disk. By default 512 MiB, or an
  // eighth of the machine's memory where that is less.
  std::optional<std::uint64_t> output_memory{};
};

class SystemClock final : public Clock {
 public:
  UnixMs now_ms() const override;
};

class Daemon final : public transport::ControlHandler,
                     public transport::FetchProvider,
                     public MembershipListener,
                     public RunOutside {
 public:
  static Result<std::unique_ptr<Daemon>> start(DaemonOptions options);
  ~Daemon() override;
  // Until a signal or the verb "stop".
  void wait();
  void stop();  // safe in a signal handler
  std::uint16_t port() const { return listener_->port(); }

 private:
  Daemon(DaemonOptions options, crypto::EcKey key, std::vector<sealed::AgeIdentity> identities)
      : options_(std::move(options)), key_(std::move(key)), identities_(std::move(identities)) {}
  Status begin();
  Result<appraisal::Policy> load_policy() const;

  // transport::ControlHandler, on the loop.
  void on_connect(transport::ConnectionId connection, const std::string& peer_address) override;
  void on_message(transport::ConnectionId connection, transport::Channel channel, ByteView payload) override;
  void on_close(transport::ConnectionId connection, const Error& why) override;
  // transport::FetchProvider, on the data loop.
  std::expected<std::unique_ptr<transport::FetchSource>, transport::FetchFailure> open(
      const transport::FetchRequest& request) override;
  // MembershipListener.
  void node_admitted(const NodeRecord& node) override;
  void node_renewed(const NodeRecord& node) override;
  void node_refused(const NodeRecord& node) override;
  void node_lost(const NodeRecord& node) override;
  void node_message(NodeId node, std::uint8_t type, ByteView body) override;
  // RunOutside.
  Status send_to_node(NodeId node, std::uint8_t type, ByteView body) override;
  void drop_node(NodeId node, const std::string& why) override;
  void fetch_output(mapreduce::Ticket ticket, NodeId node, const sealed::StreamId& stream, const RunId& run) override;
  void send_hint(NodeId node, const transport::Prefetch& hint) override;
  void run_note(const std::string& text) override;

  void look_at_collateral();
  bool may_work(const NodeRecord& node) const;
  void flush();
  void send_peers();
  void send_inputs(const std::vector<transport::ConnectionId>& connections);
  std::vector<transport::ConnectionId> admitted_connections() const;
  void tick();
  void audit(nlohmann::json entry);
  void log(const std::string& line);
  void fetch_thread(std::shared_ptr<JobRun> run, mapreduce::Ticket ticket, transport::Endpoint peer,
                    abi::StreamName name);

  // The tool's requests, on their own threads.
  Result<nlohmann::json> handle(const nlohmann::json& request, ControlPeer& peer);
  nlohmann::json status_json();
  nlohmann::json nodes_json();
  Result<nlohmann::json> take_job(const nlohmann::json& request, ControlPeer& peer);
  Result<nlohmann::json> run_job(JobRequest request, ControlPeer& peer);
  struct Job;  // one `brume run`: its passes, one after another
  Result<nlohmann::json> do_job(Job& job, ControlPeer& peer);
  Result<mapreduce::JobDescription> ask_node(NodeId node, const JobRequest& request);
  Result<RunInputs> open_inputs(const JobRequest& request, const std::function<bool()>& given_up) const;
  // The nodes that may do a job of that program. On the loop.
  struct Workers;
  Result<Workers> workers(const Measurement& program) const;
  Result<Workers> first_workers(const std::optional<Measurement>& asked) const;
  Result<mapreduce::JobDescription> describe_job(const JobRequest& request, const Workers& able);
  void await_renewals();
  Result<std::shared_ptr<JobRun>> begin_run(const Job& job);
  Result<std::shared_ptr<JobRun>> begin_run_of(const Job& job, RunInputs inputs);  // on the loop
  Status wait_for_run(const Job& job, JobRun& run, ControlPeer& peer);
  void end_run(const std::shared_ptr<JobRun>& run);
  // A pass's output, sealed for the pass that reads it.
  Result<RunFile> keep_output(JobRun& run);
  nlohmann::json describe_memory(const Job& job);
  Result<nlohmann::json> finish_job(const Job& job, JobRun& run);
  Result<nlohmann::json> reload_policy();

  DaemonOptions options_;
  crypto::EcKey key_;
  std::vector<sealed::AgeIdentity> identities_;
  ClusterId cluster_;
  SystemClock clock_;
  crypto::SystemRandom random_;
  std::ofstream audit_file_;
  std::mutex audit_mutex_;
  std::optional<CollateralFile> collateral_file_;  // loop thread
  std::unique_ptr<Membership> membership_;         // loop thread
  std::shared_ptr<JobQuery> query_;                // loop thread
  std::uint64_t next_query_ = 1;                   // loop thread
  std::shared_ptr<JobRun> run_;                    // loop thread writes; open() reads under run_mutex_
  std::mutex run_mutex_;
  std::mutex one_run_;  // runs are done one after another
  bool peers_changed_ = false;
  transport::SteadyTime peers_due_;
  std::optional<UnixMs> renew_inputs_at_;  // loop thread
  std::atomic<bool> stopping_{false};
  std::atomic<int> fetch_threads_{0};
  transport::FetchClient fetch_client_;

  std::unique_ptr<transport::LoopThread> data_loop_;
  std::unique_ptr<transport::FetchServer> fetch_server_;
  std::unique_ptr<transport::LoopThread> loop_;
  std::unique_ptr<transport::ControlServer> control_server_;
  std::unique_ptr<transport::Listener> listener_;
  std::unique_ptr<ControlServer> tool_server_;
};

}  // namespace brume::master

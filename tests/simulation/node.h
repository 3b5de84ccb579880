// A simulated node: an enclave's task loop, and the storage of its host.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "enclave/task_loop.h"
#include "enclave/task_runner.h"
#include "join/verifier.h"
#include "mapreduce/plan.h"
#include "simulation/host.h"

namespace brume::simulation {

class Node;

// What lies around a node: the network, other hosts, the master.
class NodeOutside {
 public:
  virtual ~NodeOutside() = default;
  virtual void fetch_input(Node& node, std::uint64_t id, const abi::InputRange& range) = 0;
  virtual void fetch_stream(Node& node, std::uint64_t id, const abi::FetchStream& fetch) = 0;
  virtual void to_master(Node& node, std::uint8_t type, Bytes body) = 0;
  virtual void net_to_master(Node& node, Bytes bytes) = 0;
  virtual Result<ByteArray<abi::kReportSize>> report(const ReportData&) = 0;
  virtual void quote_wanted(Node& node, std::uint64_t id, Bytes report) = 0;
  // Lets something happen elsewhere. False: nothing ever will.
  virtual bool advance() = 0;
};

class Node final : public enclave::Outbox,
                   public enclave::MessageOutbox,
                   public enclave::ReportSource,
                   public enclave::FramePump {
 public:
  struct Options {
    bool joined = false;  // the whole task loop, with TLS and attestation by that tee; else the task runner alone
    abi::Tee tee = abi::Tee::kNone;
    mapreduce::Roles roles;
    SpkiHash master;
    enclave::TaskLimits limits;
  };
  Node(std::uint64_t serial, std::uint64_t seed, std::unique_ptr<JobProgram> job, const Options& options,
       NodeOutside& outside);

  std::uint64_t serial() const { return serial_; }
  mapreduce::Roles roles() const { return options_.roles; }
  std::string_view role() const {
    return options_.roles.map ? (options_.roles.reduce ? "worker" : "mapper") : "reducer";
  }
  Storage& storage() { return storage_; }

  // To the enclave.
  void start();
  void frame_in(abi::ToEnclave type, std::uint64_t id, ByteView payload);
  void message_in(std::uint8_t type, ByteView body);
  void epoch_changed();

  // Whether a task of its enclave waits for frames. A node that died while it did is kept until it has left.
  bool busy() const { return busy_; }
  void die() { dead_ = true; }

  // The master's end, where nodes join.
  std::optional<join::VerifierSession> session;
  NodeId id;  // 0 until admitted

  // From the enclave.
  void frame(abi::ToHost type, std::uint64_t id, std::initializer_list<ByteView> parts) override;
  void message(mapreduce::Message message) override;
  Result<ByteArray<abi::kReportSize>> report(ByteView, const ReportData& report_data) override {
    return outside_.report(report_data);
  }
  bool pump() override;

 private:
  // Now, or when the task at work asks for it.
  void deliver(std::function<void()> frame);
  void take_frame(abi::ToEnclave type, std::uint64_t id, ByteView payload);

  const std::uint64_t serial_;
  const Options options_;
  NodeOutside& outside_;
  Storage storage_;
  std::deque<std::function<void()>> inbox_;
  bool busy_ = false;
  bool dead_ = false;
  const std::unique_ptr<JobProgram> job_;
  SeededRandom random_;
  std::unique_ptr<enclave::TaskRunner> runner_;
  std::unique_ptr<enclave::TaskLoop> loop_;
};

}  // namespace brume::simulation

// One `brume run`, from request to receipt: joins the pure RunCore with the network and the disk.
// The core lives on the daemon's loop thread; the caller's thread waits, merges and writes.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>

#include "mapreduce/run.h"
#include "master/output_spool.h"
#include "master/run_inputs.h"

namespace brume::master {

// What the run needs of the daemon. Called on the loop thread.
class RunOutside {
 public:
  virtual ~RunOutside() = default;
  virtual Status send_to_node(NodeId node, std::uint8_t type, ByteView body) = 0;
  virtual void drop_node(NodeId node, const std::string& why) = 0;
  // Fetches the stream from the node's host; answers come as on_fetched and on_fetch_end, on the loop
  // thread, tagged with the ticket.
  virtual void fetch_output(mapreduce::Ticket ticket, NodeId node, const sealed::StreamId& stream,
                            const RunId& run) = 0;
  virtual void send_hint(NodeId node, const transport::Prefetch& hint) = 0;
  virtual void run_note(const std::string& text) = 0;
};

class JobRun {
 public:
  JobRun(std::unique_ptr<OutputSpool> spool, std::unique_ptr<mapreduce::RunCore> core, RunInputs inputs,
         RunOutside& outside)
      : spool_(std::move(spool)), core_(std::move(core)), inputs_(std::move(inputs)), outside_(outside) {}

  const RunId& id() const { return core_->descriptor().run(); }
  const Measurement& measurement() const { return core_->descriptor().fields().measurement; }
  const RunInputs& inputs() const { return inputs_; }
  // Where hosts fetch inputs, to be told to each before its first task; nothing where the master serves them all.
  std::vector<transport::Inputs> places(UnixMs now_ms) const;

  // On the loop thread.
  void node_joined(NodeId node, mapreduce::Roles roles, mapreduce::HostName host);
  void node_lost(NodeId node, mapreduce::NodeLoss how);
  void begin_epoch(Random& random);
  void node_renewed(NodeId node);
  void node_revoked(NodeId node);
  void revoke_absent();
  void on_message(NodeId from, std::uint8_t type, ByteView body);
  void on_fetched(mapreduce::Ticket ticket, ByteView sealed_block);
  void on_fetch_end(mapreduce::Ticket ticket, const Status& status);
  bool wants(mapreduce::Ticket ticket) const { return fetching_.contains(ticket); }
  void tick(UnixMs now);
  void cancel();
  // A host's word for why it could not have input: told, and part of the reason if the run fails.
  void input_trouble(const std::string& node, const std::string& claimed_why);
  // The same of an input that the master serves itself. On any thread.
  void input_not_served(const std::string& why);
  // Part of the reason if the run fails because nodes were lost.
  void remember_loss(const std::string& claimed_name, const std::string& why);
  void fail_run(const std::string& why);

  // On the waiting thread: what happened since the last call, as soon as something did, at the latest
  // after `patience`.
  struct News {
    mapreduce::RunProgress progress;
    std::vector<std::string> notes;
    bool finished = false;
    bool failed = false;
    std::string why;
  };
  News wait(std::chrono::milliseconds patience);
  // Only after finished, and once the daemon sends it no more events.
  mapreduce::RunCore& core() { return *core_; }

 private:
  void obey();
  void tell_trouble(std::string text);
  void send_hint(const mapreduce::RunAction& action);

  std::unique_ptr<OutputSpool> spool_;
  std::unique_ptr<mapreduce::RunCore> core_;
  RunInputs inputs_;
  RunOutside& outside_;
  std::set<mapreduce::Ticket> fetching_;
  std::string last_loss_;
  std::string last_trouble_;
  int trouble_count_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  News news_;
  mapreduce::RunProgress told_;  // by the last wait()
};

}  // namespace brume::master

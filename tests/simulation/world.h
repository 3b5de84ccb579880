// A whole cluster in one process, on a fake clock and network, from one seed: a master's core, nodes
// with enclaves, and hosts that lie, lose, mix up and die.
#pragma once

#include <functional>
#include <memory>
#include <queue>
#include <set>

#include "mapreduce/run.h"
#include "simulation/host.h"
#include "simulation/node.h"
#include "simulation/quoter.h"

namespace brume::simulation {

inline constexpr std::uint64_t kMasterLink = 1ull << 40;  // links of in_order: node to master, and this more for back

struct WorldOptions {
  std::uint64_t seed = 1;
  std::uint32_t node_count = 4;
  bool split_roles = false;           // mappers and reducers instead of workers
  bool joined = false;                // through attestation and TLS, instead of messages delivered as they are
  bool quoted = false;                // with joined: attestation by quotes, instead of claims without a tee
  bool sorts = false;                 // the job sorts lines (sort_job.h) instead of counting words
  std::uint64_t memory = 256u << 20;  // of a task
};

struct Trouble {
  Hostility hostility;
  std::uint32_t kills = 0;  // nodes that die at random moments; each comes back as a new one
  bool new_epoch = false;   // once, at a random moment; one node may be revoked by it
};

struct RunOptions {
  std::string text;
  std::vector<std::string> more_texts;  // further inputs
  std::string side;                     // side data "side", if any
  std::uint64_t chunks_per_split = 2;
  std::uint32_t partition_count = 3;
  std::uint32_t padding_least = 0;
  Trouble trouble;
  bool store_is_full = false;  // of the master
};

struct Outcome {
  bool finished = false;
  std::string why;     // of a run that failed
  std::string output;  // of one that finished
  std::vector<JobCounter> counters;
  std::vector<RecordPlace> malformed_places;
  std::vector<std::string> notes;
  struct Hint {
    NodeId node;
    std::uint32_t partition = 0;
    std::uint32_t maps_done = 0;  // by then
  };
  std::vector<Hint> hints;
  std::map<std::uint32_t, NodeId> reduced_at;  // by partition
  std::uint64_t attacks = 0;
  UnixMs took_ms = 0;
};

class World final : public Clock, public NodeOutside {
 public:
  explicit World(const WorldOptions& options);
  ~World() override;

  // Until every node is admitted.
  void join_all();
  // Runs a job to its end. Hosts keep the streams of earlier runs, to replay them.
  Outcome run(const RunOptions& options);

  // What hosts see of all streams that they keep: the sizes of their blocks, stream by stream.
  std::multiset<std::vector<std::size_t>> sizes_kept() const;

  // Runs of tasks' scratch that hosts still keep.
  std::size_t scratch_count() const;

  UnixMs now_ms() const override { return now_ms_; }

 private:
  struct Event {
    UnixMs at = 0;
    std::uint64_t order = 0;
    std::function<void()> what;
    bool operator<(const Event& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };

  // NodeOutside
  void fetch_input(Node& node, std::uint64_t id, const abi::InputRange& range) override;
  void fetch_stream(Node& node, std::uint64_t id, const abi::FetchStream& fetch) override;
  void to_master(Node& node, std::uint8_t type, Bytes body) override;
  void net_to_master(Node& node, Bytes bytes) override;
  Result<ByteArray<abi::kReportSize>> report(const ReportData& report_data) override;
  void quote_wanted(Node& node, std::uint64_t id, Bytes report) override;
  bool advance() override;

  void at(UnixMs delay, std::function<void()> what);
  void later(std::function<void()> what) { at(static_cast<UnixMs>(1 + random_.below(20)), std::move(what)); }
  // In order, as a stream of bytes is.
  void in_order(std::uint64_t link, std::function<void()> what);
  Node* find(std::uint64_t serial);
  Node* find_admitted(NodeId id);
  void start_node(mapreduce::Roles roles);
  void kill_node();
  void handle_master_events(Node& node);
  void admit(Node& node);
  void act();
  void next_event();
  void bury(std::unique_ptr<Node> node);
  void fetch_output(const mapreduce::RunAction& action);
  void begin_epoch();
  Attack attack();
  const Pieces* foreign_to(const abi::StreamName& name);
  void answer(Node& node, std::uint64_t id, abi::ToEnclave type, Pieces pieces, const Pieces& foreign, bool known);

  const WorldOptions options_;
  SeededRandom random_;
  UnixMs now_ms_ = 1'000'000;
  std::uint64_t next_order_ = 0;
  std::priority_queue<Event> events_;
  std::map<std::uint64_t, UnixMs> link_times_;
  std::vector<std::unique_ptr<Node>> nodes_;         // by serial number
  std::vector<std::unique_ptr<Node>> dying_;         // that wait for something, and do not know yet
  std::map<std::uint32_t, std::uint64_t> admitted_;  // node id to serial number
  std::unique_ptr<Quoter> quoter_;
  std::uint64_t next_serial_ = 1;
  std::uint32_t next_node_id_ = 1;
  std::unique_ptr<crypto::EcKey> master_key_;
  std::uint64_t epoch_ = 1;
  Storage graveyard_;  // all streams that any host ever kept

  // Of the present run.
  Pieces input_;        // chunks of all inputs, and of the side
  Pieces other_input_;  // other files for the same owner
  Trouble trouble_;
  std::unique_ptr<mapreduce::OutputStore> store_;
  std::unique_ptr<mapreduce::RunCore> core_;
  UnixMs began_ms_ = 0;
  UnixMs next_tick_ms_ = 0;
  Outcome outcome_;
};

}  // namespace brume::simulation

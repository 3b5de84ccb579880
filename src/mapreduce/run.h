// One run, as the master's trusted core keeps it: descriptor, keys, plan, ledger and outputs. Pure:
// events in, actions out; the master's event loop does the sockets and the time.
//
// A finished run has exactly one committed attempt of every task, and its outputs were opened as the
// committed streams. A run that cannot finish says why.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/outside.h"
#include "mapreduce/collected_outputs.h"
#include "mapreduce/completeness.h"
#include "mapreduce/hint_room.h"
#include "mapreduce/merge.h"
#include "mapreduce/plan.h"
#include "sealed/age_header.h"
#include "sealed/age_payload.h"

namespace brume::mapreduce {

// A file that the master has authenticated.
struct SealedFile {
  sealed::AgeOpening opening;  // from a header whose MAC holds
  sealed::AgeLayout layout;    // proved by the final chunk
  std::string name{};          // see descriptor.h
};

struct RunRequest {
  std::string job_name{};
  std::uint32_t stage = 0;
  Measurement measurement{};
  std::vector<Parameter> parameters{};  // any order; a key twice is refused
  struct Input {
    SealedFile file;
    InputEncoding encoding = InputEncoding::kNone;
  };
  std::vector<Input> inputs{};           // at least one
  std::vector<SealedFile> sides{};       // any order; a name twice is refused
  std::uint64_t chunks_per_split = 256;  // about; none is larger than its input
  // So many mappers are to end together: the last input's last splits fall to `least_chunks`. 0: all are alike.
  std::uint32_t falling_for = 0;
  std::uint64_t least_chunks = 1;
  bool whole_inputs = false;        // one split for each
  std::uint32_t sample_chunks = 0;  // read no more than so many chunks, evenly spread; 0: all
  std::uint32_t partition_count = 1;
  std::string output_recipient{};
  Sha256Digest policy_hash{};
  std::uint64_t epoch = 0;
  std::uint32_t padding_least = 0;  // see descriptor.h
  std::uint64_t output_memory = 0;  // see collected_outputs.h
  PlanOptions plan{};
};

// Streams of one committed map task that a node will probably need.
struct StreamHint {
  struct Part {
    std::uint32_t partition = 0;
    std::uint64_t block_count = 0;
    std::uint64_t sealed_size = 0;
  };
  NodeId holder;
  std::uint32_t split = 0;
  Salt salt;
  std::vector<Part> parts;
};

struct RunAction {
  enum class Kind {
    kSend,       // message, node
    kHint,       // hint, node: its host may fetch that already
    kFetch,      // ticket, node, output: fetch that stream from the node's host; answer with on_output...()
    kDropFetch,  // ticket: nobody waits for it any more
    kNote,       // text, for people and the journal: what failed and is done again
    kFinished,   // take_outputs() may be called
    kFailed,     // text, lacks_nodes: why
  };
  Kind kind = Kind::kNote;
  NodeId node;
  Ticket ticket = 0;
  Message message;
  sealed::StreamId output;
  StreamHint hint;
  std::string text;
  bool lacks_nodes = false;  // it ends because nodes were lost
};

struct RunProgress {
  std::uint32_t maps_done = 0;
  std::uint32_t map_count = 0;
  std::uint32_t reduces_done = 0;
  std::uint32_t reduce_count = 0;
  std::uint32_t collected = 0;
  bool operator==(const RunProgress&) const = default;
};

class RunCore {
 public:
  // Draws run id and run key. `store` outlives it and has room for all partitions.
  static Result<std::unique_ptr<RunCore>> create(RunRequest request, Random& random, OutputStore& store);

  // Admitted nodes only.
  void node_joined(NodeId node, Roles roles, HostName host = {});
  void node_lost(NodeId node, NodeLoss how = NodeLoss::kCut);
  // A new policy epoch: keys are renewed, and what was not committed begins again. No node gets a task
  // until it is admitted anew; enclaves drop their tasks by themselves.
  void begin_epoch(Random& random);
  void node_renewed(NodeId node);
  // The policy no longer admits it: all that it made for this run is done again.
  void node_revoked(NodeId node);
  // What admits nodes changed: what nodes made that are gone is done again, for they cannot prove themselves any more.
  void revoke_absent();
  // From that node's channel. An error is a message that no sound enclave sends: drop the node.
  Status on_message(NodeId from, std::uint8_t type, ByteView body);
  void tick(UnixMs now);
  // Nobody waits for it any more. Where it is not over, nodes are told, and fetches dropped.
  void cancel();

  // Answers to kFetch, in order; others are ignored. What does not open ends the attempt, not the run; a store that
  // takes no more ends the run.
  void on_output_block(Ticket ticket, ByteView sealed_block);
  void on_output_end(Ticket ticket);
  void on_output_failed(Ticket ticket, std::string_view why);

  std::vector<RunAction> take_actions();

  // The partitions, to be merged to the whole result (CollectedOutputs::take). Once kFinished was said. They may be
  // read by another thread.
  std::vector<std::unique_ptr<PieceSource>> take_outputs();

  bool over() const { return plan_.over(); }
  bool finished() const { return finished_; }
  const Descriptor& descriptor() const { return descriptor_; }
  const Ledger& ledger() const { return ledger_; }
  RunProgress progress() const;

 private:
  struct Secrets {
    std::vector<crypto::Key32> inputs;  // payload keys, by input
    std::vector<crypto::Key32> sides;
  };
  RunCore(Descriptor descriptor, Secrets secrets, PlanOptions plan, Random& random, OutputStore& store,
          std::uint64_t output_memory);

  crypto::Key32 stream_key(const TaskId& producer, std::uint32_t partition) const;
  Status on_done(NodeId from, ByteView body);
  Status on_failed(NodeId from, ByteView body);
  void obey_plan();
  void assign(const PlanCommand& command);
  void hint_at(const TaskId& map_task);
  void collect(const PlanCommand& command);
  void withdraw(const TaskId& task);
  void end();
  void send(NodeId node, Message message);
  void note(std::string text);

  const Descriptor descriptor_;
  const Secrets secrets_;
  std::vector<RunKeys> keys_;  // by generation; the last one is for new attempts
  Plan plan_;
  Ledger ledger_;
  CollectedOutputs outputs_;
  std::set<NodeId> nodes_;
  std::set<NodeId> told_;  // that the run began
  std::map<Ticket, std::uint32_t> generations_;
  std::map<Ticket, std::uint32_t> collectors_;  // of which partition
  std::optional<TaskDone> report_;              // being committed
  HintRoom hint_room_;
  std::vector<RunAction> actions_;
  bool finished_ = false;
};

}  // namespace brume::mapreduce

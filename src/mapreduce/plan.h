// Which task runs where, and what is done again when a node fails: a pure state machine.
//
// Events in, commands out, in an order that matters. No clock (ticks bring the time), no random
// numbers, no keys: the same events give the same commands. Trust does not rest on it: what is
// accepted is decided by the ledger (completeness.h) and by the readers' checks.
//
//   map 0..N-1  ->  stitch (if a split is cut)  ->  reduce 0..R-1  ->  collected by the master  ->  finished
//
// One committed attempt per task, for the whole run: where a committed attempt is withdrawn (its
// node is gone while its streams are still needed, or a reader could not open them), whatever was
// made from it is withdrawn too, so that no two results rest on two attempts of one task.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/outside.h"
#include "mapreduce/plan_nodes.h"

namespace brume::mapreduce {

struct PlanOptions {
  std::uint32_t failure_limit = 4;  // failed attempts (or withdrawn for a bad stream) of one task; then the run fails
  std::uint32_t loss_limit = 16;    // nodes lost while they computed one task, for whatever reason
  // Hosts that said of a node that it ended by itself while it computed one task: the task probably crashes. So many
  // words of fewer hosts count only where no other host can do the task: one host says what it likes.
  std::uint32_t crash_limit = 3;
  // Accusations in which a node took part, or nodes that its host lost if they are more than it has; then others are
  // preferred.
  std::uint32_t suspicion_limit = 3;
  std::uint32_t queue_limit = 2;       // tasks at a node: one computes, the input of one more is on its way
  UnixMs no_node_limit_ms = 60'000;    // waiting for a node with a needed role
  UnixMs attempt_limit_ms = 600'000;   // a host that says nothing for so long has failed
  UnixMs speculate_least_ms = 5'000;   // no second attempt of a task sooner than that
  std::uint32_t speculate_factor = 3;  // ... nor before that many mean durations of its stage
};

struct PlanCommand {
  enum class Kind {
    kAssign,    // ticket, task, node: send the task there
    kCancel,    // ticket, node: the attempt is not wanted any more
    kCommit,    // ticket, task, node: the attempt that said it is done is the one that counts
    kWithdraw,  // task: what was committed counts no more; a collected output is thrown away
    kLost,      // ticket, task, node: the node was lost while it computed that attempt
    kCollect,   // ticket, task (a reduce), node: fetch and verify, then collected() or collect_failed()
    kFinished,
    kFailed,  // why, lacks_nodes
  };
  Kind kind = Kind::kFinished;
  Ticket ticket = 0;
  TaskId task;
  NodeId node;
  std::string why;
  bool lacks_nodes = false;  // it ends because nodes were lost
};

// What people call a task.
using TaskName = std::function<std::string(const TaskId&)>;

// Tickets are never given twice.
class Plan {
 public:
  Plan(std::uint32_t split_count, std::uint32_t partition_count, bool has_stitch, PlanOptions options,
       TaskName name = to_string);

  // host: where left out, one of its own.
  void node_joined(NodeId node, Roles roles, HostName host = {});
  void node_lost(NodeId node, NodeLoss how = NodeLoss::kCut);
  // The policy no longer admits it: as lost, and all that it ever made for this run is done again.
  void node_revoked(NodeId node);
  // Reports for tickets that are not running any more are ignored (false), and harmless.
  bool task_done(Ticket ticket, NodeId from);
  // producer: the task whose committed stream could not be fetched or opened. by_job: the job's program said no. What
  // it says of two attempts in the same words it would say of all: the run fails at once.
  bool task_failed(Ticket ticket, NodeId from, std::string_view why, std::optional<TaskId> producer,
                   bool by_job = false);
  bool collected(Ticket ticket);
  bool collect_failed(Ticket ticket, std::string_view why);
  // A new policy epoch: all running attempts are void, without a word to their nodes, and no node gets a
  // task until it is resumed. Nothing ends on the work of a node that is not: who is lost before counts as revoked.
  void suspend_all();
  void node_resumed(NodeId node);
  // The grounds of admission changed. Who is gone cannot prove itself on the new ones, and counts as revoked.
  void revoke_absent();
  void tick(UnixMs now);
  // For what no other node and no second attempt can mend. Once it is over, nothing.
  void fail_run(std::string why, bool lacks_nodes = false);

  // What is to be done now, in this order; empties the list.
  std::vector<PlanCommand> take_commands();

  bool over() const { return over_; }
  // The task of a running attempt at that node.
  std::optional<TaskId> running_task(Ticket ticket, NodeId node) const;
  // Where the partition will be reduced if all goes well; nowhere while no node can.
  std::optional<NodeId> planned_reducer(std::uint32_t partition) const;
  std::uint32_t committed_count(Stage stage) const;
  std::uint32_t collected_count() const { return collected_; }
  std::size_t running_count() const { return attempts_.size(); }

 private:
  enum class State { kWaiting, kRunning, kCommitted, kCollected };
  struct Task {
    State state = State::kWaiting;
    std::vector<Ticket> running;  // one, or two where a second was begun on suspicion
    Ticket committed = 0;
    NodeId node;  // of the committed attempt
    std::uint32_t failures = 0;
    std::uint32_t losses = 0;                          // of nodes that computed it
    std::uint32_t crashes = 0;                         // of these
    std::map<std::uint32_t, std::uint32_t> losses_at;  // by host
    std::set<std::uint32_t> crashed_at;
    std::string refusal;  // by the job, of the last attempt that it refused
    std::vector<NodeId> avoid;
  };
  struct Attempt {
    TaskId task;
    NodeId node;
    UnixMs since_ms = 0;
  };
  struct Collecting {
    std::uint32_t partition = 0;
    UnixMs since_ms = 0;
  };
  struct StageTasks {
    std::vector<Task> tasks;
    std::set<std::uint32_t> waiting;
    std::uint32_t committed = 0;  // and collected
    std::uint64_t done_count = 0;
    UnixMs done_ms = 0;
  };

  StageTasks& of(Stage stage) { return stages_[static_cast<std::size_t>(stage) - 1]; }
  const StageTasks& of(Stage stage) const { return stages_[static_cast<std::size_t>(stage) - 1]; }
  Task& at(const TaskId& task) { return of(task.stage).tasks[task.index]; }
  bool known(const TaskId& task) const;
  bool ready(Stage stage) const;
  bool all_committed(Stage stage) const;
  bool alive(NodeId node) const { return nodes_.contains(node); }

  void command(PlanCommand::Kind kind, Ticket ticket, TaskId task, NodeId node);
  void end_attempt(Ticket ticket);
  void cancel_attempts(const TaskId& id);
  void withdraw(const TaskId& id);
  void withdraw_dependents(Stage stage);
  void accuse(const TaskId& producer, NodeId accuser);
  template <typename OfNode>
  void withdraw_committed(std::span<const Stage> stages, OfNode of_node);
  bool rests_on_suspended() const;
  void count_failure(const TaskId& id, std::string_view why);
  void count_loss(NodeId node, NodeLoss how);
  bool probably_crashes(const TaskId& id, NodeId lost) const;
  std::string losses_of(const TaskId& id) const;
  void drop_node(NodeId node);
  void redo_lost_sources();
  void settle();
  void dispatch(Stage stage);
  void dispatch_planned(std::uint32_t load_below);
  void steal(Stage stage);
  Ticket newest_behind_another(Stage stage, NodeId for_node) const;  // 0: none
  void speculate();
  void assign(const TaskId& id, NodeId node);
  std::uint32_t reluctance(const TaskId& id, NodeId node) const;
  bool shuns(const TaskId& id, NodeId node) const { return reluctance(id, node) > 0; }
  std::optional<NodeId> pick_node(const TaskId& id, std::uint32_t load_below) const;
  void check_starvation();
  std::string worst_loss() const;

  PlanOptions options_;
  TaskName name_;
  StageTasks stages_[3];
  PlanNodes nodes_;
  bool sources_lost_ = false;  // a node is gone since it was last seen to that every source is held
  std::map<Ticket, Attempt> attempts_;
  std::map<Ticket, Collecting> collecting_;
  std::vector<PlanCommand> commands_;
  std::uint32_t collected_ = 0;
  Ticket next_ticket_ = 1;
  UnixMs now_ms_ = 0;
  std::optional<UnixMs> starved_since_ms_;
  bool clock_known_ = false;
  bool over_ = false;
};

}  // namespace brume::mapreduce

#include "master/job_run.h"

namespace brume::master {

using Kind = mapreduce::RunAction::Kind;

void JobRun::node_joined(NodeId node, mapreduce::Roles roles) {
  core_->node_joined(node, roles);
  obey();
}

void JobRun::node_lost(NodeId node) {
  core_->node_lost(node);
  obey();
}

void JobRun::begin_epoch(Random& random) {
  core_->begin_epoch(random);
  obey();
}

void JobRun::node_renewed(NodeId node) {
  core_->node_renewed(node);
  obey();
}

void JobRun::node_revoked(NodeId node) {
  core_->node_revoked(node);
  obey();
}

void JobRun::on_message(NodeId from, std::uint8_t type, ByteView body) {
  if (auto status = core_->on_message(from, type, body); !status) outside_.drop_node(from, status.error().what);
  obey();
}

void JobRun::on_fetched(mapreduce::Ticket ticket, ByteView sealed_block) {
  if (!wants(ticket)) return;
  core_->on_output_block(ticket, sealed_block);
  obey();
}

void JobRun::on_fetch_end(mapreduce::Ticket ticket, const Status& status) {
  if (fetching_.erase(ticket) == 0) return;
  if (status)
    core_->on_output_end(ticket);
  else
    core_->on_output_failed(ticket, status.error().what);
  obey();
}

void JobRun::tick(UnixMs now) {
  core_->tick(now);
  obey();
}

void JobRun::fail_run(const std::string& why) {
  std::lock_guard lock(mutex_);
  if (news_.finished || news_.failed) return;
  news_.failed = true;
  news_.why = why;
  changed_.notify_all();
}

JobRun::News JobRun::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] {
    return news_.finished || news_.failed || !news_.notes.empty() || news_.progress != told_;
  });
  News out = news_;
  told_ = news_.progress;
  news_.notes.clear();
  return out;
}

void JobRun::obey() {
  for (auto actions = core_->take_actions(); !actions.empty(); actions = core_->take_actions()) {
    for (auto& action : actions) {
      switch (action.kind) {
        case Kind::kSend: {
          auto sent =
              outside_.send_to_node(action.node, static_cast<std::uint8_t>(action.message.type), action.message.body);
          action.message.wipe();
          // A node that cannot be sent to is on its way out; the plan hears of it as a loss.
          if (!sent) outside_.run_note(sent.error().what);
          break;
        }
        case Kind::kFetch:
          fetching_.insert(action.ticket);
          outside_.fetch_output(action.ticket, action.node, action.output, id());
          break;
        case Kind::kDropFetch:
          fetching_.erase(action.ticket);
          break;
        case Kind::kNote: {
          outside_.run_note(action.text);
          std::lock_guard lock(mutex_);
          news_.notes.push_back(action.text);
          changed_.notify_all();
          break;
        }
        case Kind::kFinished: {
          std::lock_guard lock(mutex_);
          news_.finished = true;
          changed_.notify_all();
          break;
        }
        case Kind::kFailed:
          fail_run(action.text);
          break;
      }
    }
  }
  std::lock_guard lock(mutex_);
  news_.progress = core_->progress();
  if (news_.progress != told_) changed_.notify_all();
}

}  // namespace brume::master

#include "master/job_run.h"

namespace brume::master {

using Kind = mapreduce::RunAction::Kind;

namespace {

constexpr int kTroubleNoteLimit = 8;            // the rest says nothing new
constexpr std::size_t kTroubleSizeLimit = 400;  // characters

std::vector<transport::SplitRun> split_runs(const mapreduce::Descriptor& descriptor) {
  std::vector<transport::SplitRun> out;
  for (const std::uint32_t count : descriptor.fields().split_chunk_counts) {
    if (out.empty() || out.back().chunk_count != count) out.push_back({count, 0});
    ++out.back().split_count;
  }
  // Only a hint; without it hosts do not read ahead.
  if (out.size() > transport::kSplitRunLimit) out.clear();
  return out;
}

}  // namespace

std::vector<transport::Inputs> JobRun::places(UnixMs now_ms) const {
  std::vector<transport::Inputs> out = inputs_.places(now_ms);
  for (transport::Inputs& message : out) message.run = id();
  if (!out.empty()) out.front().splits = split_runs(core_->descriptor());
  return out;
}

void JobRun::input_trouble(const std::string& node, const std::string& claimed_why) {
  tell_trouble("the host of " + mapreduce::printable(node, kTroubleSizeLimit) +
               " says of the input: " + mapreduce::printable(claimed_why, kTroubleSizeLimit));
}

void JobRun::input_not_served(const std::string& why) { tell_trouble(mapreduce::printable(why, kTroubleSizeLimit)); }

void JobRun::remember_loss(const std::string& claimed_name, const std::string& why) {
  last_loss_ =
      mapreduce::printable(claimed_name, kTroubleSizeLimit) + ": " + mapreduce::printable(why, kTroubleSizeLimit);
}

void JobRun::tell_trouble(std::string text) {
  const std::lock_guard lock(mutex_);
  if (text == last_trouble_ || news_.finished || news_.failed) return;
  last_trouble_ = text;
  if (++trouble_count_ > kTroubleNoteLimit) return;
  news_.notes.push_back(std::move(text));
  changed_.notify_all();
}

void JobRun::node_joined(NodeId node, mapreduce::Roles roles, mapreduce::HostName host) {
  core_->node_joined(node, roles, std::move(host));
  obey();
}

void JobRun::node_lost(NodeId node, mapreduce::NodeLoss how) {
  core_->node_lost(node, how);
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

void JobRun::revoke_absent() {
  core_->revoke_absent();
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

void JobRun::cancel() {
  core_->cancel();
  obey();
}

void JobRun::fail_run(const std::string& why) {
  std::lock_guard lock(mutex_);
  if (news_.finished || news_.failed) return;
  news_.failed = true;
  news_.why = why;
  if (!last_trouble_.empty()) news_.why += "; " + last_trouble_;
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

void JobRun::send_hint(const mapreduce::RunAction& action) {
  const mapreduce::StreamHint& hint = action.hint;
  transport::Prefetch message{id(), hint.holder, hint.split, hint.salt, {}};
  for (const mapreduce::StreamHint::Part& part : hint.parts) {
    if (message.streams.size() == transport::kPrefetchLimit) break;  // only a hint
    message.streams.push_back({part.partition, abi::framed_size(part.sealed_size, part.block_count)});
  }
  outside_.send_hint(action.node, message);
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
        case Kind::kHint:
          send_hint(action);
          break;
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
          fail_run(action.lacks_nodes && !last_loss_.empty()
                       ? action.text + "; the last one that was lost, " + last_loss_
                       : action.text);
          break;
      }
    }
  }
  std::lock_guard lock(mutex_);
  news_.progress = core_->progress();
  if (news_.progress != told_) changed_.notify_all();
}

}  // namespace brume::master

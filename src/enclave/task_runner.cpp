#include "enclave/task_runner.h"

#include <algorithm>

#include "enclave/gather_run.h"
#include "enclave/map_run.h"
#include "enclave/merge_run.h"

namespace brume::enclave {
namespace {

using mapreduce::FailureReason;
using mapreduce::MessageType;
using mapreduce::Stage;

// The running task and the one after it.
constexpr std::size_t kPrefetchDepth = 2;

}  // namespace

TaskRunner::TaskRunner(JobProgram& program, Random& random, Outbox& outbox, MessageOutbox& master, FramePump& pump,
                       TaskLimits limits)
    : context_{program, random, outbox, pump, limits}, master_(master) {}

TaskRunner::~TaskRunner() = default;

Status TaskRunner::on_message(std::uint8_t type, ByteView body) {
  switch (static_cast<MessageType>(type)) {
    case MessageType::kRunStart: {
      BRUME_ASSIGN(const mapreduce::RunStart message, mapreduce::parse_run_start(body));
      start_run(message);
      return {};
    }
    case MessageType::kMapTask: {
      BRUME_ASSIGN(const mapreduce::MapOrder order, mapreduce::parse_map_order(body));
      add_map(order);
      return {};
    }
    case MessageType::kStitchTask:
    case MessageType::kReduceTask: {
      const Stage stage = static_cast<MessageType>(type) == MessageType::kStitchTask ? Stage::kStitch : Stage::kReduce;
      BRUME_ASSIGN(mapreduce::GatherOrder order, mapreduce::parse_gather_order(stage, body));
      add_gather(std::move(order));
      return {};
    }
    case MessageType::kCancelTask: {
      BRUME_ASSIGN(const mapreduce::CancelOrder order, mapreduce::parse_cancel_order(body));
      cancel(order.ticket);
      return {};
    }
    case MessageType::kRunEnd: {
      BRUME_ASSIGN(const mapreduce::RunEnd message, mapreduce::parse_run_end(body));
      end_run(message.run);
      return {};
    }
    case MessageType::kTaskDone:
    case MessageType::kTaskFailed:
      break;
  }
  return fail(ErrorCode::kUnsupported, "message of a type that no master sends");
}

void TaskRunner::start_run(const mapreduce::RunStart& message) {
  auto run = std::make_unique<Run>();
  RunId id;
  if (auto descriptor = mapreduce::Descriptor::parse(message.descriptor); !descriptor) {
    return;  // its tasks will be refused: the run is unknown
  } else {
    id = descriptor->run();
    if (descriptor->fields().job_name != context_.program.name()) {
      run->refused = "the run is of another job than this enclave's program";
    } else {
      run->descriptor = std::move(*descriptor);
    }
  }
  // A run never changes: the first word on it stands.
  if (runs_.contains(id) || runs_.size() >= kRunLimit) return;
  run->partition_hash_key = message.partition_hash_key;
  runs_[id] = std::move(run);
}

void TaskRunner::end_run(const RunId& run) {
  if (!runs_.contains(run)) return;
  for (std::size_t i = queue_.size(); i-- > 0;) {
    if (queue_[i]->descriptor().run() == run) drop(i);
  }
  ended_runs_.push_back(run);
  if (!working_) forget(run);
}

// No task holds on to it.
void TaskRunner::forget(const RunId& run) {
  if (configured_ == run) configured_.reset();
  context_.outbox.frame(abi::ToHost::kDropRun, 0, {run.view()});
  runs_.erase(run);
  std::erase(ended_runs_, run);
}

void TaskRunner::refuse(const RunId& run, mapreduce::Ticket ticket, const mapreduce::TaskId& task, std::string text) {
  master_.message(
      encode(mapreduce::TaskFailed{ticket, run, task, FailureReason::kOrderRefused, std::nullopt, std::move(text)}));
}

const mapreduce::Descriptor* TaskRunner::run_for(const RunId& run, mapreduce::Ticket ticket,
                                                 const mapreduce::TaskId& task) {
  const auto found = runs_.find(run);
  if (found == runs_.end() || std::ranges::find(ended_runs_, run) != ended_runs_.end()) {
    refuse(run, ticket, task, "no such run is known here");
  } else if (!found->second->descriptor) {
    refuse(run, ticket, task, found->second->refused);
  } else if (!mapreduce::has_task(*found->second->descriptor, task)) {
    refuse(run, ticket, task, "the run has no such task");
  } else if (queue_.size() >= kQueueLimit) {
    refuse(run, ticket, task, "too many tasks wait here");
  } else {
    return &*found->second->descriptor;
  }
  return nullptr;
}

void TaskRunner::add_map(const mapreduce::MapOrder& order) {
  const mapreduce::TaskId id{Stage::kMap, order.split};
  const mapreduce::Descriptor* descriptor = run_for(order.run, order.ticket, id);
  if (descriptor == nullptr) return;
  if (sealed::commit_payload_key(order.payload_key) != descriptor->fields().input.payload_key_commitment) {
    return refuse(order.run, order.ticket, id, "the payload key is not the one that the descriptor commits to");
  }
  queue_.push_back(std::make_unique<MapRun>(context_, *descriptor, order));
}

void TaskRunner::add_gather(mapreduce::GatherOrder order) {
  const mapreduce::TaskId id = order.task;
  const mapreduce::Descriptor* descriptor = run_for(order.run, order.ticket, id);
  if (descriptor == nullptr) return;
  if (auto status = mapreduce::check_sources(*descriptor, id, order.sources); !status) {
    return refuse(order.run, order.ticket, id, status.error().what);
  }
  if (id.stage == Stage::kReduce && context_.program.merges()) {
    queue_.push_back(std::make_unique<MergeRun>(context_, *descriptor, std::move(order)));
  } else {
    queue_.push_back(std::make_unique<GatherRun>(context_, *descriptor, std::move(order)));
  }
}

void TaskRunner::cancel(mapreduce::Ticket ticket) {
  const auto found = std::ranges::find_if(queue_, [&](const auto& task) { return task->ticket() == ticket; });
  if (found != queue_.end()) drop(static_cast<std::size_t>(found - queue_.begin()));
}

void TaskRunner::drop(std::size_t index) {
  if (index == 0 && working_) return queue_.front()->abandon();
  if (index == 0) front_started_ = false;
  if (index < prefetched_) --prefetched_;
  queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(index));
}

void TaskRunner::drop_tasks() {
  for (std::size_t i = queue_.size(); i-- > 0;) drop(i);
}

Task* TaskRunner::find(std::uint64_t fetch) {
  for (std::size_t i = 0; i < std::min(prefetched_, queue_.size()); ++i) {
    if (queue_[i]->owns(fetch)) return queue_[i].get();
  }
  return nullptr;
}

void TaskRunner::on_input(std::uint64_t fetch, ByteView chunks) {
  if (Task* task = find(fetch)) task->on_input(fetch, chunks);
}

void TaskRunner::on_blocks(std::uint64_t fetch, ByteView blocks) {
  if (Task* task = find(fetch)) task->on_blocks(fetch, blocks);
}

void TaskRunner::on_end(std::uint64_t fetch) {
  if (Task* task = find(fetch)) task->on_end(fetch);
}

void TaskRunner::on_failed(std::uint64_t fetch) {
  if (Task* task = find(fetch)) task->on_failed(fetch);
}

bool TaskRunner::configure(const mapreduce::Descriptor& descriptor) {
  if (configured_ == descriptor.run()) return configure_error_.empty();
  std::vector<JobParameter> parameters;
  for (const mapreduce::Parameter& parameter : descriptor.fields().parameters) {
    parameters.push_back({parameter.key, parameter.value});
  }
  JobConfig config;
  config.parameters = parameters;
  config.partitions = descriptor.partition_count();
  const ByteView key = runs_.at(descriptor.run())->partition_hash_key.reveal();
  std::memcpy(config.hash_key.data(), key.data(), config.hash_key.size());
  config.memory_budget = context_.limits.memory_budget;
  const JobStatus status = context_.program.configure(config);
  crypto::wipe(config.hash_key);
  configure_error_ = status ? "" : "parameters: " + status.error();
  configured_ = descriptor.run();
  return status.has_value();
}

void TaskRunner::work() {
  if (working_) return;
  while (!queue_.empty() && advance_front()) continue;
}

bool TaskRunner::advance_front() {
  for (; prefetched_ < std::min(kPrefetchDepth, queue_.size()); ++prefetched_) queue_[prefetched_]->prefetch();
  Task& front = *queue_.front();
  if (!front_started_) {
    if (!configure(front.descriptor())) {
      refuse(front.descriptor().run(), front.ticket(), front.id(), configure_error_);
      pop_front();
      return true;
    }
    context_.program.counters().clear();
    front.start();
    front_started_ = true;
  }
  if (!front.over()) {
    working_ = true;
    front.work();
    working_ = false;
  }
  if (front.abandoned()) {
    pop_front();
  } else if (front.over()) {
    report(front);
    pop_front();
  } else {
    return false;
  }
  for (const RunId& run : std::vector(ended_runs_)) forget(run);
  return true;
}

void TaskRunner::pop_front() {
  queue_.pop_front();
  --prefetched_;
  front_started_ = false;
}

void TaskRunner::report(const Task& task) {
  if (task.done()) return master_.message(encode(*task.done()));
  const TaskFailure& failure = *task.failure();
  master_.message(encode(mapreduce::TaskFailed{task.ticket(), task.descriptor().run(), task.id(), failure.reason,
                                               failure.producer, failure.text}));
}

}  // namespace brume::enclave

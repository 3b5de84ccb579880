#include "enclave/task_runner.h"

#include <algorithm>

#include "enclave/gather_run.h"
#include "enclave/map_run.h"
#include "enclave/merge_run.h"
#include "mapreduce/passes.h"

namespace brume::enclave {
namespace {

using mapreduce::FailureReason;
using mapreduce::MessageType;
using mapreduce::Stage;

bool keys_fit(const mapreduce::Descriptor& descriptor, const std::vector<crypto::Key32>& keys) {
  const auto& sides = descriptor.fields().sides;
  return std::ranges::equal(keys, sides, [](const crypto::Key32& key, const mapreduce::RunSide& side) {
    return sealed::commit_payload_key(key) == side.commitment.payload_key_commitment;
  });
}

std::vector<JobParameter> parameters_of(const std::vector<mapreduce::Parameter>& parameters) {
  std::vector<JobParameter> out;
  out.reserve(parameters.size());
  for (const mapreduce::Parameter& parameter : parameters) out.push_back({parameter.key, parameter.value});
  return out;
}

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
    case MessageType::kDescribe: {
      BRUME_ASSIGN(const mapreduce::DescribeOrder order, mapreduce::parse_describe_order(body));
      describe(order);
      return {};
    }
    case MessageType::kTaskDone:
    case MessageType::kTaskFailed:
    case MessageType::kDescribed:
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
  if (run->descriptor && !keys_fit(*run->descriptor, message.side_keys)) {
    run->descriptor.reset();
    run->refused = "the side data's keys are not those that the descriptor commits to";
  }
  run->side_keys = message.side_keys;
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

void TaskRunner::refuse(const RunId& run, mapreduce::Ticket ticket, const mapreduce::TaskId& task, std::string text,
                        FailureReason reason) {
  master_.message(encode(mapreduce::TaskFailed{ticket, run, task, reason, std::nullopt, std::move(text)}));
}

void TaskRunner::describe(const mapreduce::DescribeOrder& order) {
  mapreduce::JobDescription out;
  out.query = order.query;
  out.memory_budget = context_.limits.memory_budget;
  if (order.job_name != context_.program.name()) {
    out.refused = "the image's program is the job " + std::string(context_.program.name()) + ", not " + order.job_name;
  } else {
    const std::vector<JobParameter> parameters = parameters_of(order.parameters);
    JobConfig config;
    config.parameters = parameters;
    if (const JobStatus status = context_.program.describe(config, out.stages); !status) {
      out.refused = status.error();
    } else if (const Status names = mapreduce::check_stages(out.stages); !names) {
      out.refused = names.error().what;  // a master would not read such a description
    }
    if (!out.refused.empty()) out.stages.clear();
  }
  master_.message(encode(out));
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
  const mapreduce::RunInput& input = descriptor->fields().inputs[descriptor->input_of(order.split)];
  if (sealed::commit_payload_key(order.payload_key) != input.commitment.payload_key_commitment) {
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
  if (index == 0 && working_) {
    if (side_reader_) side_reader_->abandon();
    return queue_.front()->abandon();
  }
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
  if (side_reader_ && side_reader_->owns(fetch)) return side_reader_->reader().on_input(fetch, chunks);
  if (Task* task = find(fetch)) task->on_input(fetch, chunks);
}

void TaskRunner::on_blocks(std::uint64_t fetch, ByteView blocks) {
  if (side_reader_ && side_reader_->owns(fetch)) return side_reader_->reader().on_blocks();
  if (Task* task = find(fetch)) task->on_blocks(fetch, blocks);
}

void TaskRunner::on_end(std::uint64_t fetch) {
  if (side_reader_ && side_reader_->owns(fetch)) return side_reader_->reader().on_end(fetch);
  if (Task* task = find(fetch)) task->on_end(fetch);
}

void TaskRunner::on_failed(std::uint64_t fetch) {
  if (side_reader_ && side_reader_->owns(fetch)) return side_reader_->reader().on_failed(fetch);
  if (Task* task = find(fetch)) task->on_failed(fetch);
}

std::optional<InputFault> TaskRunner::read_sides(Run& run) {
  const auto& sides = run.descriptor->fields().sides;
  std::uint64_t size = 0;
  for (const mapreduce::RunSide& side : sides) size += side.commitment.chunk_count * mapreduce::kChunkSize;
  if (size > context_.limits.memory_budget / 2) {
    return InputFault{FailureReason::kLimit,
                      "side data of " + std::to_string(size) + " bytes is more than a quarter of an enclave's heap"};
  }
  for (auto i = static_cast<std::uint32_t>(run.sides.size()); i < sides.size(); ++i) {
    side_reader_ =
        std::make_unique<SideReader>(*run.descriptor, i, run.side_keys[i], context_.outbox, context_.next_fetch);
    auto bytes = side_reader_->read(context_.pump);
    const InputFault fault = side_reader_->fault();
    side_reader_.reset();
    if (!bytes) return InputFault{fault.reason, "side data '" + sides[i].name + "': " + fault.text};
    run.sides.push_back(std::move(*bytes));
  }
  return std::nullopt;
}

std::optional<InputFault> TaskRunner::configure(const mapreduce::Descriptor& descriptor) {
  const auto refused = [&]() -> std::optional<InputFault> {
    if (configure_error_.empty()) return std::nullopt;
    return InputFault{FailureReason::kJob, configure_error_};
  };
  if (configured_ == descriptor.run()) return refused();
  Run& run = *runs_.at(descriptor.run());
  if (auto fault = read_sides(run)) return fault;
  const mapreduce::DescriptorFields& fields = descriptor.fields();
  const std::vector<JobParameter> parameters = parameters_of(fields.parameters);
  std::vector<JobSide> sides;
  std::uint64_t sides_size = 0;
  for (std::size_t i = 0; i < run.sides.size(); ++i) {
    sides.push_back({fields.sides[i].name, as_chars(run.sides[i])});
    sides_size += run.sides[i].size();
  }
  JobConfig config;
  config.parameters = parameters;
  config.partitions = descriptor.partition_count();
  const ByteView key = run.partition_hash_key.reveal();
  std::memcpy(config.hash_key.data(), key.data(), config.hash_key.size());
  config.memory_budget = context_.limits.memory_budget - sides_size;
  config.stage = fields.stage;
  config.sides = sides;
  const JobStatus status = context_.program.configure(config);
  crypto::wipe(config.hash_key);
  configure_error_ = status ? "" : status.error();
  configured_ = descriptor.run();
  return refused();
}

void TaskRunner::work() {
  if (working_) return;
  while (!queue_.empty() && advance_front()) continue;
}

bool TaskRunner::advance_front() {
  for (; prefetched_ < std::min(kPrefetchDepth, queue_.size()); ++prefetched_) queue_[prefetched_]->prefetch();
  Task& front = *queue_.front();
  if (!front_started_) {
    working_ = true;
    const auto fault = configure(front.descriptor());
    working_ = false;
    if (fault || front.abandoned()) {
      if (!front.abandoned()) refuse(front.descriptor().run(), front.ticket(), front.id(), fault->text, fault->reason);
      pop_front();
      forget_ended_runs();
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
  forget_ended_runs();
  return true;
}

void TaskRunner::forget_ended_runs() {
  for (const RunId& run : std::vector(ended_runs_)) forget(run);
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

#include "mapreduce/completeness.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/check.h"

namespace brume::mapreduce {

sealed::StreamId stream_id(const Descriptor& descriptor, const TaskId& task, std::uint32_t partition,
                           const Salt& salt) {
  sealed::StreamId id;
  id.descriptor_hash = descriptor.hash();
  id.stage = static_cast<std::uint8_t>(task.stage);
  switch (task.stage) {
    case Stage::kMap:
      id.split = task.index;
      break;
    case Stage::kStitch:
      id.split = descriptor.split_count();
      break;
    case Stage::kReduce:
      id.split = 0;
      break;
  }
  id.split_count = descriptor.split_count();
  id.partition = partition;
  id.partition_count = descriptor.partition_count();
  id.salt = salt;
  return id;
}

std::uint32_t stream_count(const Descriptor& descriptor, const TaskId& task) {
  switch (task.stage) {
    case Stage::kMap:
      return descriptor.map_stream_count(task.index);
    case Stage::kStitch:
      return descriptor.partition_count();
    case Stage::kReduce:
      return 1;
  }
  return 0;
}

bool has_task(const Descriptor& descriptor, const TaskId& task) {
  switch (task.stage) {
    case Stage::kMap:
      return task.index < descriptor.split_count();
    case Stage::kStitch:
      return descriptor.has_stitch() && task.index == 0;
    case Stage::kReduce:
      return task.index < descriptor.partition_count();
  }
  return false;
}

TaskId source_task(const Descriptor& descriptor, std::uint32_t split) {
  return split == descriptor.split_count() ? TaskId{Stage::kStitch, 0} : TaskId{Stage::kMap, split};
}

std::vector<std::uint32_t> source_splits(const Descriptor& descriptor, const TaskId& reader) {
  if (reader.stage == Stage::kStitch) return descriptor.cut_splits();
  std::vector<std::uint32_t> all(descriptor.source_count());
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

Status check_sources(const Descriptor& descriptor, const TaskId& reader, const std::vector<Source>& sources) {
  if (!has_task(descriptor, reader) || reader.stage == Stage::kMap) {
    return malformed(to_string(reader) + ": the run has no such task that reads streams");
  }
  const std::vector<std::uint32_t> splits = source_splits(descriptor, reader);
  if (sources.size() != splits.size()) {
    return malformed(to_string(reader) + ": expected " + std::to_string(splits.size()) + " streams, got " +
                     std::to_string(sources.size()));
  }
  std::vector<Salt> salts;
  salts.reserve(sources.size());
  for (std::size_t i = 0; i < splits.size(); ++i) {
    if (sources[i].split != splits[i]) {
      return malformed(to_string(reader) + ": expected the stream of split " + std::to_string(splits[i]) +
                       ", got that of " + std::to_string(sources[i].split));
    }
    salts.push_back(sources[i].salt);
  }
  std::ranges::sort(salts);
  if (std::ranges::adjacent_find(salts) != salts.end()) {
    return malformed(to_string(reader) + ": one attempt stands for two splits");
  }
  return {};
}

Ledger::Ledger(const Descriptor& descriptor)
    : descriptor_(descriptor), maps_(descriptor.split_count()), reduces_(descriptor.partition_count()) {}

std::optional<Committed>& Ledger::slot(const TaskId& task) {
  BRUME_CHECK(has_task(descriptor_, task));
  if (task.stage == Stage::kMap) return maps_[task.index];
  return task.stage == Stage::kStitch ? stitch_ : reduces_[task.index];
}

const std::optional<Committed>& Ledger::slot(const TaskId& task) const { return const_cast<Ledger*>(this)->slot(task); }

Status Ledger::check_report(const TaskDone& report) const {
  if (report.run != descriptor_.run()) return malformed("report: of another run");
  if (!has_task(descriptor_, report.task)) return malformed("report: the run has no " + to_string(report.task));
  const std::uint32_t expected = stream_count(descriptor_, report.task);
  if (report.totals.size() != expected) {
    return malformed("report of " + to_string(report.task) + ": expected totals of " + std::to_string(expected) +
                     " streams, got " + std::to_string(report.totals.size()));
  }
  for (const RecordPlace& place : report.malformed_places) {
    if (place.input >= descriptor_.fields().inputs.size())
      return malformed("report of " + to_string(report.task) + ": a malformed record of an input that the run has not");
  }
  if (salts_.contains(report.salt)) {
    return fail(ErrorCode::kState, "report of " + to_string(report.task) + ": its salt is that of another attempt");
  }
  return {};
}

Status Ledger::commit(const TaskDone& report, NodeId node, std::uint32_t key_generation) {
  BRUME_TRY(check_report(report));
  std::optional<Committed>& place = slot(report.task);
  if (place) return fail(ErrorCode::kState, to_string(report.task) + ": an attempt is committed already");
  salts_.insert(report.salt);
  place = Committed{
      node,          report.salt,   report.totals, report.counters, report.job_counters, report.malformed_places,
      report.memory, key_generation};
  return {};
}

void Ledger::withdraw(const TaskId& task) {
  std::optional<Committed>& place = slot(task);
  if (!place) return;
  salts_.erase(place->salt);
  place.reset();
}

const Committed* Ledger::find(const TaskId& task) const {
  const std::optional<Committed>& place = slot(task);
  return place ? &*place : nullptr;
}

Result<std::vector<Source>> Ledger::sources(const TaskId& reader) const {
  BRUME_CHECK(reader.stage != Stage::kMap);
  const bool stitching = reader.stage == Stage::kStitch;
  const std::uint32_t partition = stitching ? descriptor_.partition_count() : reader.index;
  std::vector<Source> out;
  for (const std::uint32_t split : source_splits(descriptor_, reader)) {
    const TaskId producer = source_task(descriptor_, split);
    const Committed* committed = find(producer);
    if (committed == nullptr) {
      return fail(ErrorCode::kState, to_string(reader) + ": " + to_string(producer) + " has no committed attempt");
    }
    Source source;
    source.split = split;
    source.holder = committed->node;
    source.salt = committed->salt;
    source.totals = committed->totals[partition];
    out.push_back(std::move(source));
  }
  return out;
}

std::vector<JobCounter> Ledger::job_counters() const {
  std::map<std::string, std::uint64_t> sums;
  const auto add = [&](const std::optional<Committed>& committed) {
    if (!committed) return;
    for (const JobCounter& counter : committed->job_counters) {
      std::uint64_t& sum = sums[counter.name];
      sum = add_to_limit(sum, counter.sum);
    }
  };
  std::ranges::for_each(maps_, add);
  add(stitch_);
  std::ranges::for_each(reduces_, add);
  std::vector<JobCounter> out;
  out.reserve(sums.size());
  for (auto& [name, sum] : sums) out.push_back({name, sum});
  return out;
}

std::vector<RecordPlace> Ledger::malformed_places() const {
  std::vector<RecordPlace> out;
  const auto add = [&](const std::optional<Committed>& committed) {
    if (!committed) return;
    for (const RecordPlace& place : committed->malformed_places) keep_lowest(out, place);
  };
  std::ranges::for_each(maps_, add);
  add(stitch_);
  return out;
}

std::map<NodeId, MemoryUse> Ledger::memory() const {
  std::map<NodeId, MemoryUse> out;
  const auto add = [&](const std::optional<Committed>& committed) {
    if (committed && committed->memory.peak >= out[committed->node].peak) out[committed->node] = committed->memory;
  };
  std::ranges::for_each(maps_, add);
  add(stitch_);
  std::ranges::for_each(reduces_, add);
  return out;
}

Status Ledger::check_complete() const {
  const auto lacks = [](const TaskId& task) {
    return fail(ErrorCode::kState, to_string(task) + " has no committed attempt: the run is not complete");
  };
  for (std::uint32_t i = 0; i < maps_.size(); ++i) {
    if (!maps_[i]) return lacks({Stage::kMap, i});
  }
  if (descriptor_.has_stitch() && !stitch_) return lacks({Stage::kStitch, 0});
  for (std::uint32_t i = 0; i < reduces_.size(); ++i) {
    if (!reduces_[i]) return lacks({Stage::kReduce, i});
  }
  return {};
}

}  // namespace brume::mapreduce

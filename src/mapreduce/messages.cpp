#include "mapreduce/messages.h"

#include <brume/utf8.h>

#include <algorithm>

#include "base/check.h"
#include "base/reader.h"
#include "base/writer.h"

namespace brume::mapreduce {
namespace {

constexpr std::size_t kTotalsSize = 8 + 8 + 32 + 8;
constexpr std::size_t kSourceSize = 4 + 4 + 32 + 32 + kTotalsSize;

template <typename Fixed>
Fixed fixed(Reader& in) {
  Fixed out;
  out.bytes = in.array<Fixed::kSize>();
  return out;
}

crypto::Key32 key(Reader& in) {
  crypto::Key32 out;
  const ByteView bytes = in.take(32);
  if (bytes.size() == 32) std::memcpy(out.writable().data(), bytes.data(), 32);
  return out;
}

Ticket ticket(Reader& in) {
  const Ticket value = in.u64le();
  if (value == 0) in.fault();
  return value;
}

void put(Writer& out, const ReportedTotals& totals) {
  out.u64le(totals.block_count).u64le(totals.sealed_size).raw(totals.digest.view()).u64le(totals.largest_pair);
}

ReportedTotals totals(Reader& in) {
  ReportedTotals out;
  out.block_count = in.u64le();
  out.sealed_size = in.u64le();
  out.digest = fixed<Sha256Digest>(in);
  out.largest_pair = in.u64le();
  if (out.block_count == 0 || out.block_count > sealed::kBlockCountLimit) in.fault();
  // Hosts are told it in hints: more than its blocks can be, no host would take.
  if (out.sealed_size > out.block_count * sealed::kSealedBlockLimit) in.fault();
  if (out.largest_pair > out.sealed_size) in.fault();
  return out;
}

void put(Writer& out, const TaskId& task) { out.u8(static_cast<std::uint8_t>(task.stage)).u32le(task.index); }

TaskId task(Reader& in) {
  const std::uint8_t stage = in.u8();
  if (stage < 1 || stage > 3) in.fault();
  const std::uint32_t index = in.u32le();
  const std::uint32_t limit = stage == 1 ? kSplitLimit : (stage == 2 ? 1 : kPartitionLimit);
  if (index >= limit) in.fault();
  return {static_cast<Stage>(stage), index};
}

void put(Writer& out, const std::vector<JobCounter>& counters) {
  out.u32le(static_cast<std::uint32_t>(counters.size()));
  for (const JobCounter& counter : counters) out.text(counter.name).u64le(counter.sum);
}

std::vector<JobCounter> job_counters(Reader& in) {
  constexpr std::size_t kLeastSize = 4 + 1 + 8;
  const std::uint32_t count = in.count(kCounterLimit, kLeastSize);
  std::vector<JobCounter> out;
  out.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    JobCounter counter{in.text(kCounterNameSizeLimit), in.u64le()};
    if (!is_counter_name(counter.name) || (i > 0 && counter.name <= out.back().name)) in.fault();
    out.push_back(std::move(counter));
  }
  return out;
}

std::vector<RecordPlace> malformed_places(Reader& in) {
  const std::uint32_t count = in.count(kMalformedPlaceLimit, 4 + 8);
  std::vector<RecordPlace> out;
  out.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    RecordPlace place;
    place.input = in.u32le();
    place.offset = in.u64le();
    if (place.input >= kInputLimit) in.fault();
    if (i > 0 && place <= out.back()) in.fault();
    out.push_back(place);
  }
  return out;
}

// Of the one that the text begins with; 0: none that is well-formed.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size) {
    if (is_utf8(text.substr(0, size))) return size;
  }
  return 0;
}

// Of one well-formed character: none of C0, DEL, C1 (U+0080 to U+009F), the separators of lines (U+2028, U+2029) and
// what changes the direction of text (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
bool is_shown(std::string_view character) {
  if (character.size() == 1) return character[0] >= ' ' && character[0] <= '~';
  if (character.size() == 2) return character < "\xC2\x80" || character > "\xC2\x9F";
  const auto within = [&](std::string_view first, std::string_view last) {
    return character >= first && character <= last;
  };
  return !within("\xE2\x80\x8E", "\xE2\x80\x8F") && !within("\xE2\x80\xA8", "\xE2\x80\xAE") &&
         !within("\xE2\x81\xA6", "\xE2\x81\xA9");
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(size, 1));
    const std::string_view shown = size > 0 && is_shown(character) ? character : "?";
    if (shown.size() > limit - out.size()) break;
    out += shown;
    text.remove_prefix(character.size());
  }
  return out;
}

const char* failure_reason_name(FailureReason reason) {
  switch (reason) {
    case FailureReason::kInputUnavailable:
      return "input-unavailable";
    case FailureReason::kInputRefused:
      return "input-refused";
    case FailureReason::kStreamUnavailable:
      return "stream-unavailable";
    case FailureReason::kStreamRefused:
      return "stream-refused";
    case FailureReason::kJob:
      return "job";
    case FailureReason::kLimit:
      return "limit";
    case FailureReason::kOrderRefused:
      return "order-refused";
    case FailureReason::kScratch:
      return "scratch";
  }
  return "unknown";
}

Message encode(const RunStart& message) {
  Writer out;
  out.sized(message.descriptor).raw(message.partition_hash_key.reveal());
  out.u32le(static_cast<std::uint32_t>(message.side_keys.size()));
  for (const crypto::Key32& key : message.side_keys) out.raw(key.reveal());
  return {MessageType::kRunStart, out.take()};
}

Message encode(const MapOrder& message) {
  Writer out;
  out.u64le(message.ticket).raw(message.run.view()).u32le(message.split);
  out.raw(message.payload_key.reveal()).raw(message.task_key.reveal());
  return {MessageType::kMapTask, out.take()};
}

Message encode(const GatherOrder& message) {
  BRUME_CHECK(message.task.stage == Stage::kStitch || message.task.stage == Stage::kReduce);
  Writer out;
  out.u64le(message.ticket).raw(message.run.view()).u32le(message.task.index).raw(message.task_key.reveal());
  out.u32le(static_cast<std::uint32_t>(message.sources.size()));
  for (const Source& source : message.sources) {
    out.u32le(source.split).u32le(source.holder.value).raw(source.salt.view()).raw(source.key.reveal());
    put(out, source.totals);
  }
  return {message.task.stage == Stage::kStitch ? MessageType::kStitchTask : MessageType::kReduceTask, out.take()};
}

Message encode(const CancelOrder& message) { return {MessageType::kCancelTask, Writer().u64le(message.ticket).take()}; }

Message encode(const RunEnd& message) { return {MessageType::kRunEnd, Writer().raw(message.run.view()).take()}; }

Message encode(const TaskDone& message) {
  Writer out;
  out.u64le(message.ticket).raw(message.run.view());
  put(out, message.task);
  out.raw(message.salt.view()).u32le(static_cast<std::uint32_t>(message.totals.size()));
  for (const ReportedTotals& stream : message.totals) put(out, stream);
  out.u64le(message.counters.input_size).u64le(message.counters.output_size);
  put(out, message.job_counters);
  out.u32le(static_cast<std::uint32_t>(message.malformed_places.size()));
  for (const RecordPlace& place : message.malformed_places) out.u32le(place.input).u64le(place.offset);
  out.u64le(message.memory.peak).u64le(message.memory.limit);
  return {MessageType::kTaskDone, out.take()};
}

Message encode(const TaskFailed& message) {
  Writer out;
  out.u64le(message.ticket).raw(message.run.view());
  put(out, message.task);
  out.u8(static_cast<std::uint8_t>(message.reason)).u8(message.producer ? 1 : 0);
  if (message.producer) put(out, *message.producer);
  out.text(printable(message.text, kFailureTextLimit));
  return {MessageType::kTaskFailed, out.take()};
}

Result<RunStart> parse_run_start(ByteView body) {
  Reader in(body);
  RunStart out;
  out.descriptor = to_bytes(in.sized(kDescriptorSizeLimit));
  out.partition_hash_key = key(in);
  for (std::uint32_t left = in.count(kSideLimit, 32); left > 0; --left) out.side_keys.push_back(key(in));
  BRUME_TRY(in.done("run start"));
  return out;
}

Result<MapOrder> parse_map_order(ByteView body) {
  Reader in(body);
  MapOrder out;
  out.ticket = ticket(in);
  out.run = fixed<RunId>(in);
  out.split = in.u32le();
  if (out.split >= kSplitLimit) in.fault();
  out.payload_key = key(in);
  out.task_key = key(in);
  BRUME_TRY(in.done("map task"));
  return out;
}

Result<GatherOrder> parse_gather_order(Stage stage, ByteView body) {
  BRUME_CHECK(stage == Stage::kStitch || stage == Stage::kReduce);
  Reader in(body);
  GatherOrder out;
  out.ticket = ticket(in);
  out.run = fixed<RunId>(in);
  out.task = {stage, in.u32le()};
  if (out.task.index >= (stage == Stage::kStitch ? 1 : kPartitionLimit)) in.fault();
  out.task_key = key(in);
  const std::uint32_t count = in.count(kSplitLimit + 1, kSourceSize);
  out.sources.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Source source;
    source.split = in.u32le();
    if (source.split > kSplitLimit) in.fault();
    source.holder.value = in.u32le();
    source.salt = fixed<Salt>(in);
    source.key = key(in);
    source.totals = totals(in);
    out.sources.push_back(std::move(source));
  }
  BRUME_TRY(in.done(stage == Stage::kStitch ? "stitch task" : "reduce task"));
  return out;
}

Result<CancelOrder> parse_cancel_order(ByteView body) {
  Reader in(body);
  CancelOrder out;
  out.ticket = ticket(in);
  BRUME_TRY(in.done("cancel"));
  return out;
}

Result<RunEnd> parse_run_end(ByteView body) {
  Reader in(body);
  RunEnd out;
  out.run = fixed<RunId>(in);
  BRUME_TRY(in.done("run end"));
  return out;
}

Result<TaskDone> parse_task_done(ByteView body) {
  Reader in(body);
  TaskDone out;
  out.ticket = ticket(in);
  out.run = fixed<RunId>(in);
  out.task = task(in);
  out.salt = fixed<Salt>(in);
  const std::uint32_t count = in.count(kPartitionLimit + 1, kTotalsSize);
  out.totals.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) out.totals.push_back(totals(in));
  out.counters.input_size = in.u64le();
  out.counters.output_size = in.u64le();
  out.job_counters = job_counters(in);
  out.malformed_places = malformed_places(in);
  out.memory.peak = in.u64le();
  out.memory.limit = in.u64le();
  BRUME_TRY(in.done("task done"));
  return out;
}

Result<TaskFailed> parse_task_failed(ByteView body) {
  Reader in(body);
  TaskFailed out;
  out.ticket = ticket(in);
  out.run = fixed<RunId>(in);
  out.task = task(in);
  const std::uint8_t reason = in.u8();
  if (reason < 1 || reason > 8) in.fault();
  out.reason = static_cast<FailureReason>(reason);
  const std::uint8_t has_producer = in.u8();
  if (has_producer > 1) in.fault();
  if (has_producer == 1) {
    out.producer = task(in);
    if (out.producer->stage == Stage::kReduce) in.fault();
  }
  out.text = in.text(kFailureTextLimit);
  if (printable(out.text, kFailureTextLimit) != out.text) in.fault();
  BRUME_TRY(in.done("task failed"));
  return out;
}

}  // namespace brume::mapreduce

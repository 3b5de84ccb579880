// What the master's core and an admitted enclave say to each other, inside the join's channel.
// Format: docs/formats/messages.md. Both ends are trusted code; parsing is strict all the same, so
// that a disagreement is an error and never a different job.
#pragma once

#include <brume/counters.h>

#include <optional>
#include <vector>

#include "base/ids.h"
#include "crypto/secret.h"
#include "mapreduce/descriptor.h"
#include "mapreduce/keys.h"
#include "mapreduce/task_limits.h"
#include "sealed/stream.h"

namespace brume::mapreduce {

enum class MessageType : std::uint8_t {
  // master to enclave
  kRunStart = 0x40,
  kMapTask = 0x41,
  kStitchTask = 0x42,
  kReduceTask = 0x43,
  kCancelTask = 0x44,
  kRunEnd = 0x45,
  kDescribe = 0x46,  // describe.h
  // enclave to master
  kTaskDone = 0x50,
  kTaskFailed = 0x51,
  kDescribed = 0x52,
};

// A message as the channel carries it. Bodies may hold keys: wipe() them once they are sent.
struct Message {
  MessageType type = MessageType::kRunEnd;
  Bytes body;
  void wipe() { crypto::wipe(body); }
};

// Names one attempt towards its node (plan.h); 0 is none.
using Ticket = std::uint64_t;

struct RunStart {
  Bytes descriptor;  // encoded; parsed by Descriptor::parse
  crypto::Key32 partition_hash_key;
  std::vector<crypto::Key32> side_keys{};  // the payload key of each of the descriptor's sides
};

struct MapOrder {
  Ticket ticket = 0;
  RunId run;
  std::uint32_t split = 0;
  crypto::Key32 payload_key;  // of the split's input
  crypto::Key32 task_key;
};

// What a task reports of one of its streams, and its readers are told.
struct ReportedTotals : sealed::StreamTotals {
  std::uint64_t largest_pair = 0;  // bytes of key and value; 0 where it has no sorted pairs
};

// A committed stream that a reader needs.
struct Source {
  std::uint32_t split = 0;  // N: the stitch task's
  NodeId holder;            // whose host keeps it
  Salt salt;
  crypto::Key32 key;
  ReportedTotals totals;
};

// Stitch (index 0) or reduce (index: partition); which one, the message's type says.
struct GatherOrder {
  Ticket ticket = 0;
  RunId run;
  TaskId task{Stage::kReduce, 0};
  crypto::Key32 task_key;
  std::vector<Source> sources;
};

struct CancelOrder {
  Ticket ticket = 0;
};

struct RunEnd {
  RunId run;
};

struct Counters {
  std::uint64_t input_size = 0;   // plaintext that was opened
  std::uint64_t output_size = 0;  // plaintext that was sealed, without padding
  friend bool operator==(const Counters&, const Counters&) = default;
};

struct TaskDone {
  Ticket ticket = 0;
  RunId run;
  TaskId task;
  Salt salt;
  std::vector<ReportedTotals> totals;  // one per stream, by partition
  Counters counters;
  std::vector<JobCounter> job_counters{};       // what the job counted, names ascending
  std::vector<RecordPlace> malformed_places{};  // ascending; the lowest ones
  MemoryUse memory{};                           // of the enclave, as it is then
};

enum class FailureReason : std::uint8_t {
  kInputUnavailable = 1,   // the host did not bring the chunks
  kInputRefused = 2,       // a chunk is not what the descriptor and the payload key say
  kStreamUnavailable = 3,  // the host did not bring a stream; producer is named
  kStreamRefused = 4,      // a stream is not the committed one; producer is named
  kJob = 5,                // the job's program said no
  kLimit = 6,
  kOrderRefused = 7,  // the order itself does not fit the run
  kScratch = 8,       // the host lost or altered what the task kept there
};
const char* failure_reason_name(FailureReason reason);

inline constexpr std::size_t kFailureTextLimit = 512;  // the longest name of an input, and a sentence

struct TaskFailed {
  Ticket ticket = 0;
  RunId run;
  TaskId task;
  FailureReason reason = FailureReason::kJob;
  std::optional<TaskId> producer;  // map or stitch
  std::string text;                // for people; printable, no byte of any data but an input's name
};

// At most so many bytes of it, whole characters of UTF-8. What is none, or steers a terminal or the order of what
// stands after it, is replaced.
std::string printable(std::string_view text, std::size_t limit);

Message encode(const RunStart& message);
Message encode(const MapOrder& message);
Message encode(const GatherOrder& message);
Message encode(const CancelOrder& message);
Message encode(const RunEnd& message);
Message encode(const TaskDone& message);
// Cuts the text to its limit and replaces what is not printable.
Message encode(const TaskFailed& message);

Result<RunStart> parse_run_start(ByteView body);
Result<MapOrder> parse_map_order(ByteView body);
// stage: kStitch or kReduce, from the message's type.
Result<GatherOrder> parse_gather_order(Stage stage, ByteView body);
Result<CancelOrder> parse_cancel_order(ByteView body);
Result<RunEnd> parse_run_end(ByteView body);
Result<TaskDone> parse_task_done(ByteView body);
Result<TaskFailed> parse_task_failed(ByteView body);

}  // namespace brume::mapreduce

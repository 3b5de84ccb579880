// What parses as a message encodes to the same bytes. The first byte chooses the type.
#include "base/check.h"
#include "mapreduce/describe.h"

using namespace brume;
using namespace brume::mapreduce;

namespace {

template <typename Parsed>
void check_same(const Parsed& parsed, MessageType type, ByteView body) {
  if (!parsed) return;
  const Message again = encode(*parsed);
  BRUME_CHECK(again.type == type && equal(again.body, body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView body(data + 1, size - 1);
  const auto type = static_cast<MessageType>(data[0]);
  switch (type) {
    case MessageType::kRunStart:
      check_same(parse_run_start(body), type, body);
      break;
    case MessageType::kMapTask:
      check_same(parse_map_order(body), type, body);
      break;
    case MessageType::kStitchTask:
      check_same(parse_gather_order(mapreduce::Stage::kStitch, body), type, body);
      break;
    case MessageType::kReduceTask:
      check_same(parse_gather_order(mapreduce::Stage::kReduce, body), type, body);
      break;
    case MessageType::kCancelTask:
      check_same(parse_cancel_order(body), type, body);
      break;
    case MessageType::kRunEnd:
      check_same(parse_run_end(body), type, body);
      break;
    case MessageType::kTaskDone:
      check_same(parse_task_done(body), type, body);
      break;
    case MessageType::kDescribe:
      check_same(parse_describe_order(body), type, body);
      break;
    case MessageType::kDescribed:
      check_same(parse_job_description(body), type, body);
      break;
    case MessageType::kTaskFailed:
      check_same(parse_task_failed(body), type, body);
      break;
  }
  return 0;
}
